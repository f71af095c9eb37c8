//! Import of float models: what the node tests of the `onnx` package leave open.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
#![cfg(feature = "onnx")]

mod common {
    pub mod file;
}

use common::file::*;
use proptest::prelude::*;
use prost::Message;
use tract_onnx::pb::tensor_proto::DataType;
use verilens_model::float::{FloatOp, Unary};
use verilens_model::onnx::{import_float_bytes, ImportOptions};

fn count(n: usize) -> Vec<f64> {
    (1..=n).map(|v| v as f64).collect()
}

#[test]
fn a_batch_normalisation_joins_the_convolution_before_it() {
    for dims in [&[1, 1, 4][..], &[1, 1, 1, 4]] {
        let kernel: Vec<i64> = [&[2, 1][..], &vec![1; dims.len() - 3], &[2]].concat();
        let constants = vec![
            floats("w", &kernel, &[1.0, 2.0, 3.0, 4.0]),
            floats("scale", &[2], &[2.0, 3.0]),
            floats("shift", &[2], &[0.5, -0.5]),
            floats("mean", &[2], &[1.0, 2.0]),
            floats("var", &[2], &[4.0, 9.0]),
        ];
        let nodes = vec![
            node("Conv", &["x", "w"], "c", vec![]),
            node(
                "BatchNormalization",
                &["c", "scale", "shift", "mean", "var"],
                "y",
                vec![],
            ),
        ];
        let m = float_model(dims, nodes, constants);
        let graph = import(&m).unwrap();
        let convolutions = graph
            .nodes
            .iter()
            .filter(|n| matches!(n.op, FloatOp::Conv { .. }));
        assert_eq!(convolutions.count(), 1);
        let moves = |op: &FloatOp| matches!(op, FloatOp::Conv { .. } | FloatOp::Reshape { .. });
        assert!(graph.nodes.iter().all(|n| moves(&n.op)), "{graph:?}");
        let (_, y) = answer(&m, &count(4));
        let expected = [4.5, 7.5, 10.5, 8.5, 15.5, 22.5];
        for (got, expected) in y.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-4, "{y:?}");
        }
    }
}

#[test]
fn shapes_that_the_model_computes_are_plain_numbers() {
    let constants = vec![ints("one", &[1]), ints("rest", &[-1])];
    let nodes = vec![
        node("Shape", &["x"], "shape", vec![]),
        node("Gather", &["shape", "one"], "rows", vec![]),
        node("Concat", &["rest", "rows"], "wanted", vec![int("axis", 0)]),
        node("Reshape", &["x", "wanted"], "y", vec![]),
    ];
    let m = float_model(&[-1, 3, 2], nodes, constants);
    assert_eq!(answer(&m, &count(6)).0, [2, 3]);
    assert_eq!(import(&m).unwrap().nodes.len(), 1);
}

#[test]
fn an_output_may_be_a_constant_or_a_scalar() {
    let m = float_model(&[2, 3], vec![node("Shape", &["x"], "y", vec![])], vec![]);
    assert_eq!(answer(&m, &count(6)), (vec![2], vec![2.0, 3.0]));
    let sum = node("ReduceSum", &["x"], "y", vec![int("keepdims", 0)]);
    let m = float_model(&[2, 3], vec![sum], vec![]);
    assert_eq!(answer(&m, &count(6)), (vec![], vec![21.0]));
    let m = float_model(&[], vec![node("Neg", &["x"], "y", vec![])], vec![]);
    assert_eq!(answer(&m, &[3.0]), (vec![], vec![-3.0]));
}

#[test]
fn softmax_was_over_all_later_axes_before_operator_set_13() {
    let softmax = || vec![node("Softmax", &["x"], "y", vec![int("axis", 1)])];
    for (version, rows) in [(11, 1), (13, 2)] {
        let m = model(DataType::Float, &[1, 2, 2], softmax(), vec![], version);
        let (_, y) = answer(&m, &count(4));
        let total: f64 = y.iter().sum();
        assert!((total - f64::from(rows)).abs() < 1e-12, "{y:?}");
    }
}

#[test]
fn a_constant_matrix_may_stand_on_either_side() {
    let w = || vec![floats("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0])];
    let right = float_model(&[2, 2], vec![node("MatMul", &["x", "w"], "y", vec![])], w());
    assert_eq!(answer(&right, &count(4)).1, [7.0, 10.0, 15.0, 22.0]);
    let left = float_model(&[2, 2], vec![node("MatMul", &["w", "x"], "y", vec![])], w());
    assert_eq!(
        answer(&left, &[5.0, 6.0, 7.0, 8.0]).1,
        [19.0, 22.0, 43.0, 50.0]
    );
    let batches = floats("w", &[2, 1, 2], &[1.0, 0.0, 0.0, 2.0]);
    let apart = node("MatMul", &["w", "x"], "y", vec![]);
    let m = float_model(&[2, 2], vec![apart], vec![batches]);
    assert_eq!(
        answer(&m, &count(4)),
        (vec![2, 1, 2], vec![1.0, 2.0, 6.0, 8.0])
    );
}

#[test]
fn integers_divide_towards_zero_without_rounding() {
    let divisor = small("d", DataType::Int32, &[], &[49]);
    let div = vec![node("Div", &["x", "d"], "y", vec![])];
    let m = model(DataType::Int32, &[4], div, vec![divisor], 14);
    assert_eq!(
        answer(&m, &[49.0, -49.0, 48.0, -97.0]).1,
        [1.0, -1.0, 0.0, -1.0]
    );
}

#[test]
fn a_quantised_convolution_keeps_its_integers() {
    let number = |name: &str, v: f32| floats(name, &[], &[v]);
    let point = |name: &str, v: i32| small(name, DataType::Uint8, &[], &[v]);
    let nodes = || {
        let operands = ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"];
        vec![node(
            "QLinearConv",
            &operands,
            "y",
            vec![list("pads", &[1, 0])],
        )]
    };
    let constants = |scales: &[f32]| {
        vec![
            number("xs", 0.5),
            point("xz", 3),
            small("w", DataType::Int8, &[2, 1, 2], &[1, 2, -3, 4]),
            floats("ws", &[scales.len() as i64], scales),
            small("wz", DataType::Int8, &[], &[0]),
            number("ys", 0.25),
            point("yz", 10),
            small("b", DataType::Int32, &[2], &[7, 0]),
        ]
    };
    let m = model(DataType::Uint8, &[1, 1, 3], nodes(), constants(&[0.5]), 13);
    let graph = import(&m).unwrap();
    let multiplier = graph.nodes.iter().find_map(|n| match n.op {
        FloatOp::Unary(Unary::Quantize { multiplier, .. }) => Some(multiplier),
        _ => None,
    });
    assert_eq!(multiplier, Some(1.0));
    // Padding is the zero point, and what a kernel makes of it nothing.
    let y = answer(&m, &[3.0, 4.0, 1.0]).1;
    assert_eq!(y, [17.0, 19.0, 14.0, 10.0, 14.0, 0.0]);
    let m = model(
        DataType::Uint8,
        &[1, 1, 3],
        nodes(),
        constants(&[0.5, 0.25]),
        13,
    );
    let y = answer(&m, &[3.0, 4.0, 1.0]).1;
    assert_eq!(y, [17.0, 19.0, 14.0, 10.0, 12.0, 4.0]);
}

#[test]
fn trees_compare_once_and_go_both_ways() {
    // x0 <= 2 ? 10 : (x0 < 5 ? 20 : 30), and a second tree with the first comparison alone.
    let attributes = vec![
        list("nodes_treeids", &[0, 0, 0, 0, 0, 1, 1, 1]),
        list("nodes_nodeids", &[0, 1, 2, 3, 4, 0, 1, 2]),
        list("nodes_featureids", &[0; 8]),
        list("nodes_truenodeids", &[1, 0, 3, 0, 0, 1, 0, 0]),
        list("nodes_falsenodeids", &[2, 0, 4, 0, 0, 2, 0, 0]),
        list("target_treeids", &[0, 0, 0, 1, 1]),
        list("target_nodeids", &[1, 3, 4, 1, 2]),
        list("target_ids", &[0; 5]),
        {
            let modes = ["BRANCH_LEQ", "LEAF", "BRANCH_LT", "LEAF", "LEAF"];
            let modes = modes.iter().chain(&["BRANCH_LEQ", "LEAF", "LEAF"]);
            let mut a = list("nodes_modes", &[]);
            a.strings = modes.map(|m| m.as_bytes().to_vec()).collect();
            a.r#type = 8;
            a
        },
        {
            let mut a = list("nodes_values", &[]);
            a.floats = vec![2.0, 0.0, 5.0, 0.0, 0.0, 2.0, 0.0, 0.0];
            a.r#type = 6;
            a
        },
        {
            let mut a = list("target_weights", &[]);
            a.floats = vec![10.0, 20.0, 30.0, 1.0, 2.0];
            a.r#type = 6;
            a
        },
    ];
    let mut trees = node("TreeEnsembleRegressor", &["x"], "y", attributes);
    trees.domain = "ai.onnx.ml".into();
    let mut m = float_model(&[5, 1], vec![trees.clone()], vec![]);
    m.opset_import.push(tract_onnx::pb::OperatorSetIdProto {
        domain: "ai.onnx.ml".into(),
        version: 3,
    });
    let y = answer(&m, &[1.0, 2.0, 3.0, 5.0, 6.0]).1;
    assert_eq!(y, [11.0, 11.0, 22.0, 32.0, 32.0]);
    let graph = import(&m).unwrap();
    let compared = graph.nodes.iter().zip(graph.shapes.iter().skip(1));
    let compared = compared.filter(|(n, _)| n.op == FloatOp::Unary(Unary::Positive));
    assert_eq!(compared.map(|(_, s)| s[1]).sum::<usize>(), 2);
    // A node that is its own descendant.
    let graph = m.graph.as_mut().unwrap();
    graph.node[0].attribute[3] = list("nodes_truenodeids", &[1, 0, 2, 0, 0, 1, 0, 0]);
    assert!(
        refusal(&m).contains("one parent for each node"),
        "{}",
        refusal(&m)
    );
}

#[test]
fn refusals_name_the_node_and_say_what_to_do() {
    let m = float_model(&[1, 4], vec![node("Sin", &["x"], "y", vec![])], vec![]);
    let expected = "node `the_Sin`: Sin on [1, 4]: no such function of private values; evaluate it outside the model";
    assert_eq!(refusal(&m), expected);
    let k = ints("k", &[2]);
    let m = float_model(
        &[1, 4],
        vec![node("TopK", &["x", "k"], "y", vec![])],
        vec![k],
    );
    assert!(
        refusal(&m).contains("TopK on [1, 4], constant [1]: k = 2"),
        "{}",
        refusal(&m)
    );
    let m = float_model(&[4, -1], vec![node("Neg", &["x"], "y", vec![])], vec![]);
    assert!(refusal(&m).contains("a fixed shape"), "{}", refusal(&m));
    let unknown = node("Relu", &["x"], "y", vec![int("surprise", 1)]);
    let m = float_model(&[4], vec![unknown], vec![]);
    assert!(refusal(&m).contains("surprise"), "{}", refusal(&m));
    let infinite = floats("c", &[1], &[f32::NEG_INFINITY]);
    let m = float_model(
        &[4],
        vec![node("Add", &["x", "c"], "y", vec![])],
        vec![infinite],
    );
    assert!(refusal(&m).contains("finite"), "{}", refusal(&m));
}

#[test]
fn sizes_are_bounded_before_anything_is_allocated() {
    let wide = |op: &str, shape: &[i64]| {
        let nodes = vec![node(op, &["x", "s"], "y", vec![])];
        refusal(&float_model(&[1, 1], nodes, vec![ints("s", shape)]))
    };
    assert!(wide("Expand", &[1 << 40, 1 << 40]).contains("elements"));
    assert!(wide("Tile", &[1 << 40, 1]).contains("elements"));
    assert!(wide("Pad", &[0, 0, 1 << 40, 1]).contains("elements"));
    let fill = node("ConstantOfShape", &["s"], "y", vec![]);
    let m = float_model(&[1], vec![fill], vec![ints("s", &[1 << 20, 1 << 20])]);
    assert!(refusal(&m).contains("elements"), "{}", refusal(&m));
    let pool = vec![
        list("kernel_shape", &[1 << 31]),
        list("pads", &[1 << 31, 1 << 31]),
    ];
    let m = float_model(
        &[1, 1, 4],
        vec![node("AveragePool", &["x"], "y", pool)],
        vec![],
    );
    assert!(refusal(&m).contains("kernel"), "{}", refusal(&m));
}

/// One axis of a pooling window, said plainly: all positions that the window covers, in the input or not.
fn windows(
    size: i64,
    kernel: i64,
    stride: i64,
    dilation: i64,
    pads: (i64, i64),
    ceil: bool,
) -> Vec<Vec<i64>> {
    let reach = (kernel - 1) * dilation + 1;
    let room = size + pads.0 + pads.1 - reach;
    let more = ceil && room % stride != 0;
    let mut out = room / stride + 1 + i64::from(more);
    if more && (out - 1) * stride >= size + pads.0 {
        out -= 1;
    }
    let window = |w: i64| (0..kernel).map(move |k| w * stride + k * dilation - pads.0);
    (0..out).map(|w| window(w).collect()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pools_are_over_their_windows(
        size in 3i64..9, kernel in 1i64..4, stride in 1i64..4, dilation in 1i64..3,
        before in 0i64..3, after in 0i64..3, ceil in any::<bool>(), counted in any::<bool>(),
        values in proptest::collection::vec(-9i32..9, 8),
    ) {
        let pads = (before.min(kernel - 1), after.min(kernel - 1));
        prop_assume!(size + pads.0 + pads.1 > (kernel - 1) * dilation);
        let x: Vec<f64> = values.iter().take(size as usize).map(|&v| f64::from(v)).collect();
        let common = || vec![
            list("kernel_shape", &[kernel]), list("strides", &[stride]), list("dilations", &[dilation]),
            list("pads", &[pads.0, pads.1]), int("ceil_mode", i64::from(ceil)),
        ];
        let windows = windows(size, kernel, stride, dilation, pads, ceil);
        let inside = |w: &[i64]| w.iter().copied().filter(|p| (0..size).contains(p)).collect::<Vec<_>>();
        prop_assume!(windows.iter().all(|w| !inside(w).is_empty()));
        let read = |w: &[i64]| inside(w).into_iter().map(|p| x[p as usize]).collect::<Vec<f64>>();

        let m = float_model(&[1, 1, size], vec![node("MaxPool", &["x"], "y", common())], vec![]);
        let largest: Vec<f64> = windows.iter().map(|w| read(w).into_iter().fold(f64::MIN, f64::max)).collect();
        prop_assert_eq!(answer(&m, &x).1, largest);

        let attributes = [common(), vec![int("count_include_pad", i64::from(counted))]].concat();
        let pool = vec![node("AveragePool", &["x"], "y", attributes)];
        let m = model(DataType::Float, &[1, 1, size], pool, vec![], 19);
        let (_, y) = answer(&m, &x);
        prop_assert_eq!(y.len(), windows.len());
        for (got, w) in y.iter().zip(&windows) {
            let padded = w.iter().filter(|p| (-pads.0..size + pads.1).contains(p)).count();
            let number = if counted { padded } else { inside(w).len() };
            let mean = read(w).iter().sum::<f64>() / number as f64;
            prop_assert!((got - mean).abs() < 1e-9, "{got} is not {mean}");
        }
    }

    #[test]
    fn automatic_padding_keeps_the_size(
        size in 1i64..9, kernel in 1i64..4, stride in 1i64..4, lower in any::<bool>(),
    ) {
        let auto = if lower { "SAME_LOWER" } else { "SAME_UPPER" };
        let weights: Vec<f32> = (1..=kernel).map(|v| v as f32).collect();
        let attributes = vec![text("auto_pad", auto), list("strides", &[stride])];
        let w = floats("w", &[1, 1, kernel], &weights);
        let m = float_model(&[1, 1, size], vec![node("Conv", &["x", "w"], "y", attributes)], vec![w]);
        let x = count(size as usize);
        let out = (size + stride - 1) / stride;
        let total = ((out - 1) * stride + kernel - size).max(0);
        let before = if lower { (total + 1) / 2 } else { total / 2 };
        let at = |p: i64| if (0..size).contains(&p) { x[p as usize] } else { 0.0 };
        let one = |o: i64| (0..kernel).map(|k| at(o * stride + k - before) * (k + 1) as f64).sum::<f64>();
        prop_assert_eq!(answer(&m, &x).1, (0..out).map(one).collect::<Vec<f64>>());
    }

    #[test]
    fn the_first_or_last_of_equal_elements_wins(
        values in proptest::collection::vec(-2i32..2, 1..12), last in any::<bool>(), least in any::<bool>(),
    ) {
        let x: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
        let op = if least { "ArgMin" } else { "ArgMax" };
        let attributes = vec![int("select_last_index", i64::from(last)), int("keepdims", 0)];
        let m = float_model(&[x.len() as i64], vec![node(op, &["x"], "y", attributes)], vec![]);
        let best = values.iter().copied().reduce(if least { i32::min } else { i32::max });
        let mut places = (0..values.len()).filter(|&i| Some(values[i]) == best);
        let place = if last { places.next_back() } else { places.next() };
        prop_assert_eq!(answer(&m, &x), (vec![], vec![place.unwrap() as f64]));
    }

    #[test]
    fn a_where_with_constants_chooses_exactly(
        bits in proptest::collection::vec(any::<bool>(), 3), a in -1e30f32..1e30, b in -1.0f32..1.0,
    ) {
        let nodes = |a: &str, b: &str| vec![
            node("Greater", &["x", "zero"], "bit", vec![]),
            node("Where", &["bit", a, b], "y", vec![]),
        ];
        let constants = || vec![floats("zero", &[], &[0.0]), floats("a", &[], &[a]), floats("b", &[3], &[b; 3])];
        let x: Vec<f64> = bits.iter().map(|&v| if v { 2.0 } else { -3.0 }).collect();
        let choose = |a: &dyn Fn(usize) -> f64, b: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..3).map(|i| if bits[i] { a(i) } else { b(i) }).collect()
        };
        let (fa, fb, fx) = (|_: usize| f64::from(a), |_: usize| f64::from(b), |i: usize| x[i]);
        let run = |a: &str, b: &str| answer(&float_model(&[3], nodes(a, b), constants()), &x).1;
        prop_assert_eq!(run("a", "b"), choose(&fa, &fb));
        prop_assert_eq!(run("x", "a"), choose(&fx, &fa));
        prop_assert_eq!(run("a", "x"), choose(&fa, &fx));
    }
}

/// Files that are nearly models.
#[test]
fn no_bytes_make_the_import_panic() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path());
    let mut files: Vec<Vec<u8>> = files
        .filter(|p| p.extension().is_some_and(|e| e == "onnx"))
        .map(|p| std::fs::read(p).unwrap())
        .collect();
    let attributes = vec![
        list("kernel_shape", &[2]),
        list("pads", &[1, 1]),
        list("strides", &[2]),
        int("ceil_mode", 1),
    ];
    let nodes = vec![
        node("MaxPool", &["x"], "p", attributes),
        node(
            "Slice",
            &["p", "starts", "ends", "axes", "steps"],
            "s",
            vec![],
        ),
        node("Pad", &["s", "pads"], "q", vec![text("mode", "reflect")]),
        node(
            "Resize",
            &["q", "", "scales"],
            "r",
            vec![text("mode", "linear")],
        ),
        node("ArgMax", &["r"], "y", vec![int("axis", 2)]),
    ];
    let constants = vec![
        ints("starts", &[-1]),
        ints("ends", &[-9]),
        ints("axes", &[2]),
        ints("steps", &[-1]),
        ints("pads", &[0, 0, 1, 0, 0, 1]),
        floats("scales", &[3], &[1.0, 1.0, 1.5]),
    ];
    files.push(float_model(&[1, 2, 6], nodes, constants).encode_to_vec());
    let mut state = 1u64;
    let mut dice = |n: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n.max(1)
    };
    std::panic::set_hook(Box::new(|_| {}));
    for bytes in &files {
        assert!(import_float_bytes(bytes, &ImportOptions::default()).is_ok());
        for _ in 0..150 {
            let mut changed = bytes.clone();
            for _ in 0..1 + dice(4) {
                let at = dice(changed.len());
                match dice(4) {
                    0 => changed.truncate(at),
                    1 => changed.insert(at, dice(256) as u8),
                    _ if at < changed.len() => changed[at] = dice(256) as u8,
                    _ => {}
                }
            }
            let _ = import_float_bytes(&changed, &ImportOptions::default());
        }
    }
    let _ = std::panic::take_hook();
}
