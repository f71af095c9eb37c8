//! Float models: quantised on samples, shown, and fed with real values.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod common;

use std::path::{Path, PathBuf};

use common::{Done, Folder};
use verilens_model::{
    npy::{read_npy, write_npy, NpyArray, NpyData},
    ModelBundle,
};
use verilens_statement::Capture;
use zeroize::Zeroizing;

fn example(file: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/models");
    root.join(file).canonicalize().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn import(f: &Folder, model: &str, more: &[&str]) -> Done {
    let onnx = example(&format!("{model}/model.onnx"));
    let mut arguments = vec!["model", "import", text(&onnx), "--schema", "test/v1"];
    arguments.extend(more);
    arguments.extend(["-o", "m.vlm"]);
    f.run(&arguments)
}

fn array(shape: &[usize], values: &[f64]) -> Vec<u8> {
    write_npy(&NpyArray {
        shape: shape.to_vec(),
        data: NpyData::Float64(Zeroizing::new(values.to_vec())),
    })
}

/// Rows of the diagnosis model's calibration file.
fn rows() -> Vec<Vec<f64>> {
    let bytes = std::fs::read(example("diagnosis_mlp/calibrate/x.npy")).unwrap();
    let values = read_npy(&bytes).unwrap().reals();
    values.chunks(30).map(<[f64]>::to_vec).collect()
}

#[test]
fn a_float_model_asks_for_samples() {
    let f = Folder::new();
    let done = import(&f, "diagnosis_mlp", &[]);
    assert_eq!(done.status, 1);
    assert!(done.stderr.contains("--calibrate DIR"), "{}", done.stderr);
    assert!(!f.path("m.vlm").exists());
    let done = import(&f, "diagnosis_mlp", &["--input-scale", "x=1"]);
    assert_eq!(done.status, 2, "{}", done.stderr);
    assert!(done.stderr.contains("--calibrate"), "{}", done.stderr);
}

#[test]
fn from_samples_to_a_signed_measurement() {
    let f = Folder::new();
    let samples = example("diagnosis_mlp/calibrate");
    let done = import(&f, "diagnosis_mlp", &["--calibrate", text(&samples)]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    for part in [
        "worst error",
        "relu1",
        "Gemm",
        "agreement 100.00 %",
        "64 samples, 8 bits",
        "device: signs",
        "30 pairs",
        "model digest",
    ] {
        assert!(done.stdout.contains(part), "{part}: {}", done.stdout);
    }
    let bundle = ModelBundle::decode(&f.read("m.vlm")).unwrap();
    let input = bundle.graph().inputs[0].name.clone();
    let shown = f.ok(&["model", "show", "m.vlm"]).stdout;
    assert!(
        shown.contains("real values") && shown.contains("[29]"),
        "{shown}"
    );

    // A device's measurement in real values becomes the bytes that the model reads.
    f.ok(&["issuer", "new", "-o", "lab"]);
    let id = f.ok(&["holder", "new", "-o", "h"]).stdout.trim().to_owned();
    let attest = |tensor: &str, model: &[&str]| {
        let mut arguments = vec!["attest", "--issuer", "lab", "--holder-id", &id];
        arguments.extend(["--schema", "test/v1"]);
        arguments.extend(model);
        arguments.extend([tensor, "-o", "c.vlc"]);
        f.run(&arguments)
    };
    let row = &rows()[3];
    f.write("real.npy", &array(&[30], row));
    let given = format!("{input}=real.npy");
    let done = attest(&given, &["--model", "m.vlm"]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    let capture = Capture::decode(&f.read("c.vlc")).unwrap();
    let tensor = &capture.content().tensors()[0];
    let expected = bundle.input_scale(&input).unwrap().encode(row);
    assert_eq!(tensor.data(), expected);
    assert_eq!(tensor.spec().shape, [1, 30]);

    // Without a model nobody knows what a real value is in bytes.
    let done = attest(&given, &[]);
    assert_eq!(done.status, 1);
    assert!(done.stderr.contains("--model"), "{}", done.stderr);
    f.write("short.npy", &array(&[29], &row[1..]));
    f.write("nan.npy", &array(&[30], &[f64::NAN; 30]));
    for (tensor, part) in [
        (format!("{input}=short.npy"), "as many elements as [1, 30]"),
        (format!("{input}=nan.npy"), "finite"),
        ("other=real.npy".to_owned(), "no input of the model"),
    ] {
        let done = attest(&tensor, &["--model", "m.vlm"]);
        assert_eq!(done.status, 1, "{tensor}");
        assert!(done.stderr.contains(part), "{}", done.stderr);
    }
}

#[test]
fn samples_as_files_of_one_each() {
    let f = Folder::new();
    std::fs::create_dir(f.path("s")).unwrap();
    for (i, row) in rows().iter().enumerate() {
        f.write(&format!("s/{i:03}.npy"), &array(&[1, 30], row));
    }
    f.write("s/notes.txt", b"not a sample");
    let done = import(&f, "diagnosis_mlp", &["--calibrate", "s"]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    let apart = f.read("m.vlm");
    let together = example("diagnosis_mlp/calibrate");
    import(&f, "diagnosis_mlp", &["--calibrate", text(&together)]);
    assert_eq!(f.read("m.vlm"), apart);
}

#[test]
fn scales_and_targets_that_are_given() {
    let f = Folder::new();
    let samples = example("lenet5/calibrate");
    let known = import(&f, "lenet5", &["--calibrate", text(&samples)]);
    assert_eq!(known.status, 0, "{}", known.stderr);
    assert!(
        known.stdout.contains("signs the bytes of"),
        "{}",
        known.stdout
    );
    let bundle = ModelBundle::decode(&f.read("m.vlm")).unwrap();
    let name = &bundle.graph().inputs[0].name;

    let scale = format!("{name}=2");
    let more = ["--calibrate", text(&samples), "--input-scale", &scale];
    let done = import(&f, "lenet5", &more);
    assert_eq!(done.status, 0, "{}", done.stderr);
    let bundle = ModelBundle::decode(&f.read("m.vlm")).unwrap();
    assert_eq!(bundle.input_scales()[0].as_ref().unwrap().scales(), [2.0]);

    let strict = ["--calibrate", text(&samples), "--max-error", "0.001"];
    let done = import(&f, "lenet5", &strict);
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(!done.stdout.contains(" 8 bits"), "{}", done.stdout);

    for (more, status, part) in [
        (["--input-scale", "nothing=1"], 1, "no input of the model"),
        (["--input-scale", "image=0"], 2, "above 0"),
        (["--max-error", "2"], 1, "max_error"),
    ] {
        let all = [&["--calibrate", text(&samples)][..], &more].concat();
        let done = import(&f, "lenet5", &all);
        assert_eq!(done.status, status, "{}", done.stderr);
        assert!(done.stderr.contains(part), "{}", done.stderr);
    }
}

#[test]
fn images_are_the_bytes_that_a_device_signs() {
    let f = Folder::new();
    std::fs::create_dir(f.path("s")).unwrap();
    let bytes = std::fs::read(example("lenet5/calibrate/x.npy")).unwrap();
    let pixels = read_npy(&bytes).unwrap().reals();
    for (i, image) in pixels.chunks(784).take(20).enumerate() {
        let image: Vec<u8> = image.iter().map(|&v| v as u8).collect();
        let file = [b"P5 28 28 255\n".as_slice(), &image].concat();
        f.write(&format!("s/{i:02}.pgm"), &file);
    }
    let done = import(&f, "lenet5", &["--calibrate", "s"]);
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(done.stdout.contains("20 samples"), "{}", done.stdout);
    f.write("s/other.pgm", b"P5 2 1 255\nab");
    let done = import(&f, "lenet5", &["--calibrate", "s"]);
    assert_eq!(done.status, 1);
    assert!(done.stderr.contains("1x2 pixels"), "{}", done.stderr);
}

#[test]
fn folders_without_samples() {
    let f = Folder::new();
    std::fs::create_dir(f.path("empty")).unwrap();
    std::fs::create_dir(f.path("odd")).unwrap();
    f.write("odd/a.npy", &array(&[7], &[0.0; 7]));
    std::fs::create_dir(f.path("broken")).unwrap();
    f.write("broken/a.npy", b"\x93NUMPY\x01\x00");
    for (folder, part) in [
        ("absent", "absent"),
        ("empty", "no samples"),
        ("odd", "expected [1, 30]"),
        ("broken", "npy"),
    ] {
        let done = import(&f, "diagnosis_mlp", &["--calibrate", folder]);
        assert_eq!(done.status, 1, "{folder}");
        assert!(done.stderr.contains(part), "{folder}: {}", done.stderr);
    }
}
