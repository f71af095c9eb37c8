//! The iris encoders, imported from ONNX, against the codes that open-iris computes.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
#![cfg(feature = "onnx")]

use std::path::PathBuf;

use verilens_model::image::read_grey_image;
use verilens_model::npy::{read_npy, NpyData};
use verilens_model::onnx::{import_file, ImportOptions};
use verilens_model::{
    execute, execute_all, Graph, ModelBundle, ModelSummary, Op, OutputKind, OutputTensor, PadMode,
};

fn vector(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap()
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors/open-iris")
        .join(name)
}

fn model(name: &str) -> Graph {
    import_file(&path(name), &ImportOptions::default()).unwrap()
}

fn image(name: &str) -> Vec<u8> {
    read_grey_image(&vector(name)).unwrap().pixels.to_vec()
}

fn code(name: &str) -> Vec<i64> {
    let array = read_npy(&vector(name)).unwrap();
    assert_eq!(array.shape, [4, 16, 256]);
    let NpyData::Uint8(v) = &array.data else {
        panic!("not uint8")
    };
    v.iter().map(|&b| i64::from(b)).collect()
}

fn assert_code(output: &OutputTensor, name: &str, file: &str) {
    assert_eq!(output.name, name);
    assert_eq!(output.shape, [1, 4, 16, 256]);
    assert!(output.kind == OutputKind::Bits);
    assert_eq!(*output.values, code(file), "{file}");
}

const IMAGES: [&str; 8] = [
    "const",
    "eye",
    "fibre",
    "grad",
    "lowcontrast",
    "noise",
    "oneoverf2",
    "real_cat_left",
];
const WIDE: [&str; 3] = ["fibre_1024", "noise_1024", "real_cat_left_1024"];

#[test]
fn v1_and_v2_agree_with_open_iris() {
    for version in ["v1", "v2"] {
        let graph = model(&format!("iris_{version}.onnx"));
        for name in IMAGES {
            let pixels = image(&format!("{name}.png"));
            let outputs = execute(&graph, &[("image", &pixels)]).unwrap();
            assert_eq!(outputs.len(), 1);
            assert_code(&outputs[0], "code", &format!("{name}.{version}.code.npy"));
        }
    }
}

#[test]
fn v3_agrees_with_open_iris() {
    let graph = model("iris_v3.onnx");
    for name in WIDE {
        let pixels = image(&format!("{name}.png"));
        let outputs = execute(&graph, &[("image", &pixels)]).unwrap();
        assert_code(&outputs[0], "code", &format!("{name}.v3.code.npy"));
    }
}

#[test]
fn v3_with_mask_agrees_with_open_iris() {
    let options = ImportOptions::default().bool_input("mask");
    let graph = import_file(&path("iris_v3_mask.onnx"), &options).unwrap();
    for name in ["noise_1024", "real_cat_left_1024"] {
        let pixels = image(&format!("{name}.png"));
        let mask: Vec<u8> = image(&format!("{name}.mask.png"))
            .iter()
            .map(|&m| u8::from(m == 255))
            .collect();
        let outputs = execute(&graph, &[("mask", &mask), ("image", &pixels)]).unwrap();
        assert_eq!(outputs.len(), 2);
        assert_code(&outputs[0], "code", &format!("{name}.v3.code.npy"));
        assert_code(
            &outputs[1],
            "mask_code",
            &format!("{name}.v3.mask_code.npy"),
        );
    }
}

#[test]
fn canonical_form_has_circular_padding_and_no_added_constants() {
    for (name, nodes, pads) in [
        ("iris_v1.onnx", 23, 1),
        ("iris_v2.onnx", 23, 1),
        ("iris_v3.onnx", 23, 1),
        ("iris_v3_mask.onnx", 46, 2),
    ] {
        let graph = model(name);
        assert_eq!(graph.nodes.len(), nodes, "{name}");
        let wraps = graph.nodes.iter().filter(|n| {
            n.op == Op::Pad {
                axis: 3,
                before: 20,
                after: 20,
                mode: PadMode::Wrap,
            }
        });
        assert_eq!(wraps.count(), pads, "{name}");
        assert!(
            !graph
                .nodes
                .iter()
                .any(|n| matches!(n.op, Op::AddConst { .. })),
            "{name}"
        );
    }
}

#[test]
fn responses_stay_within_the_ranges() {
    let graph = model("iris_v3.onnx");
    let ranges = graph.ranges().unwrap();
    // Known from the vectors' README: no response exceeds this for pixels 0..=255.
    let widest = ranges.iter().map(|r| r.max.max(-r.min)).max().unwrap();
    assert_eq!(widest, 96_810_240);
    let run = execute_all(&graph, &[("image", &image("noise_1024.png"))]).unwrap();
    for (values, range) in run.tensors().iter().zip(&ranges) {
        assert!(values.iter().all(|v| (range.min..=range.max).contains(v)));
    }
}

#[test]
fn bundles_are_small_and_canonical() {
    for name in [
        "iris_v1.onnx",
        "iris_v2.onnx",
        "iris_v3.onnx",
        "iris_v3_mask.onnx",
    ] {
        let bundle = ModelBundle::new("iris/left/v1", model(name)).unwrap();
        let bytes = bundle.encode();
        assert!(bytes.len() < 40_000, "{name}: {} bytes", bytes.len());
        assert!(ModelBundle::decode(&bytes).unwrap() == bundle);
        let shown = ModelSummary::new(&bundle).unwrap().to_string();
        assert!(shown.contains("wrap 20+20"), "{shown}");
    }
}

/// The file format and the importer together: a change of either renames every model.
#[test]
fn digests_do_not_drift() {
    let digest = |name: &str, options: &ImportOptions| {
        let graph = import_file(&path(name), options).unwrap();
        hex::encode(ModelBundle::new("iris/left/v1", graph).unwrap().digest())
    };
    let plain = ImportOptions::default();
    let mask = ImportOptions::default().bool_input("mask");
    let got = [
        digest("iris_v1.onnx", &plain),
        digest("iris_v2.onnx", &plain),
        digest("iris_v3.onnx", &plain),
        digest("iris_v3_mask.onnx", &mask),
    ];
    assert_eq!(
        got,
        [
            "93688606b10377b7939d3b9d0320fc9e5e9faaf924d3953c3de6a83c55b493b0",
            "48cb2677fda81b5604f384a9ca18c7264eb4efa54b5a9c27f72593a6117da5f2",
            "1a12bab53b4ff75a87c38f5b97a36853e8b3dc001bdd6e7fc9ce677e1caa2be7",
            "8f7b9938947416167b27a1c1ee133c2cb74512a97d72cc82d6865eabf3961752",
        ]
    );
}

#[test]
fn truncated_kernels_are_rows_of_the_main_ones() {
    let graph = model("iris_v1.onnx");
    let kernels: Vec<_> = graph
        .nodes
        .iter()
        .filter_map(|n| match &n.op {
            Op::Conv { weight, .. } => Some((&n.name, weight)),
            _ => None,
        })
        .collect();
    for (name, small) in &kernels {
        let [2, 1, rows, width] = small.shape[..] else {
            panic!("shape")
        };
        let (_, main) = kernels
            .iter()
            .find(|(_, m)| m.shape[2] == 21 && m.shape[3] == width)
            .unwrap();
        let rows_from = |first: usize| {
            (0..2).all(|k| {
                let part = &small.values[k * rows * width..(k + 1) * rows * width];
                let from = (k * 21 + first) * width;
                part == &main.values[from..from + rows * width]
            })
        };
        let first = match rows {
            11 => 5,
            18 | 19 => 1,
            _ => 0,
        };
        assert!(rows_from(first), "{name}");
    }
}
