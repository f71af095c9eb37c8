//! A model, an issuer set, a holder and a capture that fit together.
use std::path::PathBuf;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use verilens_model::{
    image::read_grey_image,
    npy::read_npy,
    onnx::{import_file, ImportOptions},
    ModelBundle,
};
use verilens_prover::Request;
use verilens_statement::{
    Capture, CaptureContent, DType, Fr, HolderSecret, IssuerKey, IssuerSet, Tensor, TensorSpec,
};

/// Schema of the iris captures.
pub const SCHEMA: &str = "iris/left/v1";
/// When the captures were taken.
pub const CAPTURED_AT: u64 = 1_760_000_000;

/// The folder of open-iris' vectors.
pub fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors/open-iris")
}

/// Everything a proof needs.
pub struct Scene {
    /// The public model.
    pub bundle: ModelBundle,
    /// The signed capture.
    pub capture: Capture,
    /// Its holder.
    pub holder: HolderSecret,
    /// The trusted issuers.
    pub issuers: IssuerSet,
    /// Scope of requests.
    pub scope: Fr,
    /// Signal of requests.
    pub signal: Fr,
}

/// Reads a grey image's pixels.
pub fn pixels(name: &str) -> Vec<u8> {
    let bytes = std::fs::read(vectors().join(format!("{name}.png"))).unwrap();
    read_grey_image(&bytes).unwrap().pixels.to_vec()
}

/// Reads a code as open-iris computed it.
pub fn code(name: &str) -> Vec<i64> {
    let bytes = std::fs::read(vectors().join(format!("{name}.npy"))).unwrap();
    read_npy(&bytes)
        .unwrap()
        .bytes()
        .unwrap()
        .iter()
        .map(|&b| i64::from(b))
        .collect()
}

/// Imports one of the iris models: `v1`, `v2`, `v3`, `v3_mask`.
pub fn iris_bundle(name: &str) -> ModelBundle {
    let options = match name {
        "v3_mask" => ImportOptions::default().bool_input("mask"),
        _ => ImportOptions::default(),
    };
    let graph = import_file(&vectors().join(format!("iris_{name}.onnx")), &options).unwrap();
    ModelBundle::new(SCHEMA, graph).unwrap()
}

/// Three issuers; the second signs.
pub fn issuer_keys() -> Vec<IssuerKey> {
    (1..4).map(|i| IssuerKey::from_seed([i; 32])).collect()
}

impl Scene {
    /// An iris model on the photograph `real_cat_left`.
    pub fn iris(name: &str) -> Self {
        let image = if name.starts_with("v3") {
            "real_cat_left_1024"
        } else {
            "real_cat_left"
        };
        Self::iris_on(name, image)
    }

    /// An iris model on a named image (and its mask, if the model takes one).
    pub fn iris_on(name: &str, image: &str) -> Self {
        let bundle = iris_bundle(name);
        let tensors = bundle
            .graph()
            .inputs
            .iter()
            .map(|input| {
                let shape = input
                    .shape
                    .iter()
                    .map(|&d| u32::try_from(d).unwrap())
                    .collect();
                let (dtype, data) = if input.name == "mask" {
                    let mask = pixels(&format!("{image}.mask"));
                    (
                        DType::Bool,
                        mask.into_iter().map(|p| u8::from(p > 0)).collect(),
                    )
                } else {
                    (DType::Uint8, pixels(image))
                };
                Tensor::new(
                    TensorSpec {
                        name: input.name.clone(),
                        dtype,
                        shape,
                    },
                    data,
                )
                .unwrap()
            })
            .collect();
        Self::new(bundle, tensors)
    }

    /// Signs tensors as a capture.
    pub fn new(bundle: ModelBundle, tensors: Vec<Tensor>) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(11);
        let keys = issuer_keys();
        let holder = HolderSecret::random(&mut rng);
        let content =
            CaptureContent::new(bundle.schema(), tensors, holder.id(), CAPTURED_AT, &mut rng)
                .unwrap();
        Self {
            capture: Capture::sign(&keys[1], content).unwrap(),
            issuers: IssuerSet::new(keys.iter().map(IssuerKey::public).collect()).unwrap(),
            bundle,
            holder,
            scope: Fr::from(42u64),
            signal: Fr::from(4242u64),
        }
    }

    /// The request that the scene is about.
    pub fn request(&self) -> Request<'_> {
        Request {
            capture: &self.capture,
            holder: &self.holder,
            issuers: &self.issuers,
            scope: self.scope,
            signal: self.signal,
            not_before: CAPTURED_AT - 1000,
        }
    }
}
