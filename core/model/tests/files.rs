//! npy arrays and images: round trips and hostile files.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use proptest::prelude::*;
use verilens_model::image::{read_grey_image, write_grey_png, GreyImage, ImageError};
use verilens_model::npy::{read_npy, write_npy, NpyArray, NpyData};
use zeroize::Zeroizing;

fn vector(name: &str) -> Vec<u8> {
    let dir = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/open-iris/"
    );
    std::fs::read(format!("{dir}{name}")).unwrap()
}

fn npy(header: &str, data: &[u8]) -> Vec<u8> {
    let mut out = b"\x93NUMPY\x01\0".to_vec();
    out.extend_from_slice(&(header.len() as u16).to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(data);
    out
}

/// NumPy's own file comes back byte for byte.
#[test]
fn writes_what_numpy_writes() {
    let bytes = vector("noise.v1.code.npy");
    let array = read_npy(&bytes).unwrap();
    assert_eq!(array.shape, [4, 16, 256]);
    assert!(write_npy(&array) == bytes);
}

#[test]
fn npy_types_and_versions() {
    let arrays = [
        NpyArray {
            shape: vec![3],
            data: NpyData::Uint8(Zeroizing::new(vec![0, 7, 255])),
        },
        NpyArray {
            shape: vec![2, 1],
            data: NpyData::Bool(Zeroizing::new(vec![0, 1])),
        },
        NpyArray {
            shape: vec![],
            data: NpyData::Int64(Zeroizing::new(vec![i64::MIN])),
        },
        NpyArray {
            shape: vec![1, 2],
            data: NpyData::Float32(Zeroizing::new(vec![-0.5, 1e30])),
        },
        NpyArray {
            shape: vec![1],
            data: NpyData::Float64(Zeroizing::new(vec![-1e300])),
        },
        NpyArray {
            shape: vec![2],
            data: NpyData::Int32(Zeroizing::new(vec![i32::MIN, 7])),
        },
        NpyArray {
            shape: vec![0, 4],
            data: NpyData::Uint8(Zeroizing::new(vec![])),
        },
    ];
    for array in arrays {
        let bytes = write_npy(&array);
        assert!(read_npy(&bytes).unwrap() == array);
        for end in 0..bytes.len() {
            assert!(read_npy(&bytes[..end]).is_err());
        }
        assert!(read_npy(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
    let header = "{\"shape\": (2,), \"descr\": \"|u1\", \"fortran_order\": False}";
    let mut v2 = b"\x93NUMPY\x02\0".to_vec();
    v2.extend_from_slice(&(header.len() as u32).to_le_bytes());
    v2.extend_from_slice(header.as_bytes());
    v2.extend_from_slice(&[5, 6]);
    assert_eq!(read_npy(&v2).unwrap().bytes(), Some([5, 6].as_slice()));
}

#[test]
fn hostile_npy_headers() {
    let good = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n";
    assert!(read_npy(&npy(good, &[1, 2])).is_ok());
    let field = |at: usize, content: &[u8]| {
        let mut bad = npy(good, &[1, 2]);
        bad[at..at + content.len()].copy_from_slice(content);
        read_npy(&bad).err().unwrap().field
    };
    for at in 0..6 {
        assert_eq!(field(at, &[0]), "magic");
    }
    for version in [[0, 0], [0, 1], [1, 1], [4, 0], [0xff, 0xff]] {
        assert_eq!(field(6, &version), "version");
    }
    assert_eq!(field(8, &[0xff, 0xff]), "header");
    for length in [1 << 17, 1 << 31, u32::MAX] {
        let [a, b, c, d] = u32::to_le_bytes(length);
        assert_eq!(field(6, &[2, 0, a, b, c, d]), "header length");
    }
    for header in [
        "",
        "{",
        "{}",
        "{'descr': '|u1'}",
        "{'descr': '|u1', 'fortran_order': True, 'shape': (2,), }",
        "{'descr': '>i8', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (-2,), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (+2,), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2 }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), } x",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'shape': (2,), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'more': 1, }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,2), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (18446744073709551615, 2), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (134217728,), }",
        "{'descr': '|u1, 'fortran_order': False, 'shape': (2,), }",
    ] {
        assert!(read_npy(&npy(header, &[1, 2])).is_err(), "{header}");
    }
    let bools = "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }\n";
    assert!(read_npy(&npy(bools, &[1, 2])).is_err());
}

#[test]
fn png_and_pgm() {
    let bytes = vector("eye.png");
    let image = read_grey_image(&bytes).unwrap();
    assert_eq!((image.width, image.height), (512, 128));
    assert!(read_grey_image(&write_grey_png(&image).unwrap()).unwrap() == image);
    for end in [0, 4, 8, 20, 33, 50, bytes.len() / 2, bytes.len() - 1] {
        assert!(read_grey_image(&bytes[..end]).is_err(), "cut at {end}");
    }
    let pgm = b"P5 # a comment\n3 2\n255\n\x00\x01\x02\x03\x04\x05";
    let image = read_grey_image(pgm).unwrap();
    assert_eq!((image.width, image.height), (3, 2));
    assert_eq!(*image.pixels, [0, 1, 2, 3, 4, 5]);
    for bad in [
        b"P5".as_slice(),
        b"P6 3 2 255 \x00\x01\x02\x03\x04\x05",
        b"P53 2 255 \x00\x01\x02\x03\x04\x05",
        b"P5 3 2 254 \x00\x01\x02\x03\x04\x05",
        b"P5 3 2 65535 \x00\x01\x02\x03\x04\x05",
        b"P5 3 2 255 \x00\x01\x02\x03\x04",
        b"P5 3 2 255 \x00\x01\x02\x03\x04\x05\x06",
        b"P5 0 2 255 ",
        b"P5 18446744073709551616 2 255 \x00",
        b"P5 4294967296 4294967296 255 \x00",
        b"P5 -3 2 255 \x00",
        b"P5 3 2 255",
        b"P5 #",
    ] {
        assert!(
            read_grey_image(bad).is_err(),
            "{:?}",
            String::from_utf8_lossy(bad)
        );
    }
}

#[test]
fn other_pngs_and_impossible_images_are_refused() {
    let mut rgb = Vec::new();
    let mut encoder = png::Encoder::new(&mut rgb, 1, 1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&[1, 2, 3])
        .unwrap();
    assert_eq!(read_grey_image(&rgb).err(), Some(ImageError::NotGrey8));
    // A header that promises 2^62 pixels.
    let mut huge = write_grey_png(&GreyImage {
        width: 1,
        height: 1,
        pixels: Zeroizing::new(vec![9]),
    })
    .unwrap();
    huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    assert!(read_grey_image(&huge).is_err());
    // One that promises 2^26, which is a size that images may have.
    huge[16..24].copy_from_slice(&[0, 0, 0x20, 0, 0, 0, 0x20, 0]);
    huge[29..33].copy_from_slice(&[0x57, 0xc1, 0x95, 0x85]); // CRC-32 of the chunk
    assert_eq!(read_grey_image(&huge).err(), Some(ImageError::Truncated));
    // One that keeps its promise at the highest compression.
    let black = GreyImage {
        width: 4000,
        height: 1000,
        pixels: Zeroizing::new(vec![0; 4_000_000]),
    };
    let small = write_grey_png(&black).unwrap();
    assert!(small.len() < 20_000, "{}", small.len());
    assert!(read_grey_image(&small).unwrap() == black);
    let short = GreyImage {
        width: 2,
        height: 2,
        pixels: Zeroizing::new(vec![0; 3]),
    };
    assert_eq!(write_grey_png(&short).err(), Some(ImageError::Size));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_npy(&bytes);
        let _ = read_grey_image(&bytes);
        let _ = read_npy(&[b"\x93NUMPY\x01\0".as_slice(), &bytes].concat());
        let _ = read_grey_image(&[b"P5 ".as_slice(), &bytes].concat());
        let _ = read_grey_image(&[b"\x89PNG\r\n\x1a\n".as_slice(), &bytes].concat());
    }

    #[test]
    fn damaged_files_never_panic(at in any::<usize>(), byte in any::<u8>()) {
        let mut image = vector("const.png");
        let i = at % image.len();
        image[i] = byte;
        let _ = read_grey_image(&image);
        let mut array = vector("const.v1.code.npy")[..400].to_vec();
        let i = at % 128;
        array[i] = byte;
        let _ = read_npy(&array);
    }
}
