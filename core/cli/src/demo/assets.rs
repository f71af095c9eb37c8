//! Built-in models, images and codes; `tests/vectors/open-iris/README.md` says where they come from.

macro_rules! vector {
    ($name:literal) => {
        include_bytes!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/vectors/open-iris/",
            $name
        ))
    };
}

/// A photographed eye, 128×512, normalised by open-iris.
pub const IMAGE: &[u8] = vector!("real_cat_left.png");
/// The same eye at 128×1024.
pub const IMAGE_1024: &[u8] = vector!("real_cat_left_1024.png");
/// Its mask.
pub const MASK_1024: &[u8] = vector!("real_cat_left_1024.mask.png");
/// Encoder v1.
pub const IRIS_V1: &[u8] = vector!("iris_v1.onnx");
/// Encoder v2: the same family, other wavelengths.
pub const IRIS_V2: &[u8] = vector!("iris_v2.onnx");
/// V3's geometry, image only.
pub const IRIS_V3: &[u8] = vector!("iris_v3.onnx");
/// V3's geometry, image and mask.
pub const IRIS_V3_MASK: &[u8] = vector!("iris_v3_mask.onnx");
/// open-iris' own code of [`IMAGE`], v1.
pub const CODE_V1: &[u8] = vector!("real_cat_left.v1.code.npy");
/// open-iris' own code of [`IMAGE`], v2.
pub const CODE_V2: &[u8] = vector!("real_cat_left.v2.code.npy");
