//! Valid files, small ones, made by the writers themselves where there is one.

use std::path::PathBuf;

use halo2_proofs::halo2curves::serde::SerdeObject;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha20Rng;
use verilens_model::image::{write_grey_png, GreyImage};
use verilens_model::npy::{write_npy, NpyArray, NpyData};
use verilens_model::{
    DType as ModelType, Graph, Input, IntTensor, ModelBundle, Node, Op, Output as ModelOutput,
    PadMode, TensorId,
};
use verilens_prover::srs::Srs;
use verilens_statement::{
    Capture, CaptureContent, DType, HolderSecret, InputOpening, IssuerKey, IssuerSet, Opening,
    Output, OutputKind, Tensor, TensorSpec,
};
use verilens_vault::VaultKey;
use zeroize::Zeroizing;

pub(crate) const FROZEN_KEY: &[u8] =
    include_bytes!("../../../core/verifier/tests/data/two-phases.vlk");
pub(crate) const FROZEN_PROOF: &[u8] =
    include_bytes!("../../../core/verifier/tests/data/two-phases-0.vlp");

/// The key, schema and id of the frozen sealed files: core/vault/tests/frozen/vector.json.
pub(crate) const VAULT_SCHEMA: &str = "iris/left/v1";
pub(crate) const VAULT_ID: &str = "a frozen capture, \u{e9}";
pub(crate) const SEALED: [&[u8]; 2] = [
    include_bytes!("../../../core/vault/tests/frozen/capture.vls"),
    include_bytes!("../../../core/vault/tests/frozen/holder.vls"),
];

pub(crate) fn vault_key() -> VaultKey {
    let bytes: Vec<u8> = (0..32).map(|i| 255 - 7 * i).collect();
    VaultKey::from_bytes(&bytes).unwrap()
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn file(path: &str) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read(root.join(path)).unwrap()
}

fn tensor(name: &str, dtype: DType, shape: &[u32]) -> Tensor {
    let spec = TensorSpec {
        name: name.to_owned(),
        dtype,
        shape: shape.to_vec(),
    };
    let len = spec.check().unwrap();
    Tensor::new(spec, (0..len).map(|i| (i % 2) as u8).collect()).unwrap()
}

fn issuer_key() -> IssuerKey {
    IssuerKey::from_seed([7; 32])
}

fn signed(tensors: Vec<Tensor>) -> Vec<u8> {
    let rng = &mut rng();
    let holder = HolderSecret::random(rng).id();
    let content = CaptureContent::new("iris/left/v1", tensors, holder, 1_700_000_000, rng);
    let capture = Capture::sign(&issuer_key(), content.unwrap()).unwrap();
    capture.encode().to_vec()
}

pub(crate) fn captures() -> Vec<Vec<u8>> {
    vec![
        signed(vec![tensor("image", DType::Uint8, &[2, 3])]),
        signed(vec![
            tensor("bool", DType::Bool, &[5]),
            tensor("scalar", DType::Int32, &[]),
            tensor("short", DType::Int16, &[1, 2, 1, 2]),
            tensor("signed", DType::Int8, &[3]),
        ]),
    ]
}

pub(crate) fn inputs() -> Vec<Vec<u8>> {
    let image = || vec![tensor("image", DType::Uint8, &[2, 3])];
    let (schema, holder) = ("iris/left/v1", HolderSecret::random(&mut rng()).id());
    let committed = InputOpening::committed(schema, image(), holder, 7, &mut rng());
    let public = InputOpening::public(schema, image(), 0);
    [committed, public]
        .map(|opening| opening.unwrap().encode().to_vec())
        .to_vec()
}

pub(crate) fn holders() -> Vec<Vec<u8>> {
    vec![HolderSecret::random(&mut rng()).encode().to_vec()]
}

pub(crate) fn sealed() -> Vec<Vec<u8>> {
    SEALED.map(<[u8]>::to_vec).to_vec()
}

pub(crate) fn issuers() -> Vec<Vec<u8>> {
    vec![issuer_key().encode().to_vec()]
}

pub(crate) fn issuer_sets() -> Vec<Vec<u8>> {
    let key = |i| IssuerKey::from_seed([i; 32]).public();
    let set = |count: u8| IssuerSet::new((0..count).map(key).collect()).unwrap();
    [1, 3].map(|n| set(n).to_json().into_bytes()).to_vec()
}

pub(crate) fn openings() -> Vec<Vec<u8>> {
    let output = |name: &str, kind, shape: &[u32], values: &[i64]| Output {
        name: name.to_owned(),
        kind,
        shape: shape.to_vec(),
        values: values.to_vec(),
    };
    let outputs = vec![
        output("code", OutputKind::Bits, &[2, 2], &[0, 1, 1, 0]),
        output("score", OutputKind::Ints, &[], &[i64::MIN]),
    ];
    let opening = Opening::new(outputs, &mut rng());
    vec![opening.to_json().unwrap().as_bytes().to_vec()]
}

/// Every operator once.
fn graph() -> Graph {
    let ops = vec![
        Op::Pad {
            axis: 3,
            before: 1,
            after: 1,
            mode: PadMode::Wrap,
        },
        Op::Pad {
            axis: 2,
            before: 0,
            after: 1,
            mode: PadMode::Constant(-3),
        },
        Op::Conv {
            weight: IntTensor {
                shape: vec![2, 1, 2, 2],
                values: vec![1, -300, 0, 70_000, 1, 2, 3, 4],
            },
            bias: Some(vec![-1, 5]),
            strides: [1, 2],
            dilations: [1, 1],
            groups: 1,
        },
        Op::AddConst {
            value: IntTensor {
                shape: vec![1, 2, 1, 1],
                values: vec![1000, -1],
            },
        },
        Op::Slice {
            axis: 1,
            start: 0,
            end: 1,
        },
        Op::Transpose {
            perm: vec![0, 1, 3, 2],
        },
        Op::Reshape { shape: vec![6] },
        Op::Positive,
    ];
    let node = |(i, op): (usize, Op)| Node {
        name: op.name().to_owned(),
        inputs: vec![TensorId(i)],
        op,
    };
    let mut nodes: Vec<Node> = ops.into_iter().enumerate().map(node).collect();
    nodes.push(Node {
        name: "concat".to_owned(),
        inputs: vec![TensorId(8), TensorId(8)],
        op: Op::Concat { axis: 0 },
    });
    Graph {
        inputs: vec![Input {
            name: "image".to_owned(),
            shape: vec![1, 1, 2, 4],
            dtype: ModelType::Uint8,
        }],
        nodes,
        outputs: vec![ModelOutput {
            name: "code".to_owned(),
            tensor: TensorId(9),
        }],
    }
}

/// As many nodes as possible in as few bytes as possible.
fn many_nodes() -> Vec<u8> {
    let node = |i| Node {
        name: String::new(),
        inputs: vec![TensorId(i % 100)],
        op: Op::Positive,
    };
    let mut graph = Graph {
        nodes: (0..20_000usize).map(node).collect(),
        ..graph()
    };
    graph.inputs[0].shape = vec![1];
    ModelBundle::new("s", graph).unwrap().encode()
}

/// Files that hold as many elements as their bytes allow, by name of the target.
#[must_use]
pub fn dense() -> Vec<(&'static str, Vec<u8>)> {
    let outputs = vec![Output {
        name: "a".to_owned(),
        kind: OutputKind::Ints,
        shape: vec![50_000],
        values: vec![0; 50_000],
    }];
    let opening = Opening::new(outputs, &mut rng()).to_json().unwrap();
    let image = tensor("image", DType::Uint8, &[50_000]);
    let array = NpyArray {
        shape: vec![50_000],
        data: NpyData::Bool(Zeroizing::new(vec![1; 50_000])),
    };
    let black = GreyImage {
        width: 1000,
        height: 1000,
        pixels: Zeroizing::new(vec![0; 1_000_000]),
    };
    let proof = verilens_verifier::Proof {
        key_digest: [5; 32],
        words: vec![[0; 32]; 1000],
        bytes: vec![0; 32_000],
    };
    vec![
        ("capture", signed(vec![image])),
        ("opening", opening.as_bytes().to_vec()),
        ("model", many_nodes()),
        ("npy", write_npy(&array)),
        ("image", write_grey_png(&black).unwrap()),
        ("proof", proof.encode()),
    ]
}

pub(crate) fn models() -> Vec<Vec<u8>> {
    let bundle = ModelBundle::new("iris/left/v1", graph()).unwrap();
    vec![bundle.encode(), file("tests/frozen/model.vlm")]
}

/// A protobuf field of bytes.
#[cfg(feature = "onnx")]
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [
        &[number << 3 | 2, u8::try_from(bytes.len()).unwrap()],
        bytes,
    ]
    .concat()
}

#[cfg(feature = "onnx")]
pub(crate) fn onnx_models() -> Vec<Vec<u8>> {
    let number = |field: u8, value: u8| vec![field << 3, value];
    let value = |name: &str, dims: &[u8]| {
        let dims = dims.iter().flat_map(|&d| field(1, &number(1, d)));
        let tensor = [number(1, 1), field(2, &dims.collect::<Vec<_>>())].concat();
        [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
    };
    let weights: Vec<u8> = [1f32, -2., 3., 4.].map(f32::to_le_bytes).concat();
    let constant = [
        field(1, &[1, 1, 2, 2]),
        number(2, 1),
        field(8, b"w"),
        field(9, &weights),
    ]
    .concat();
    let node = [
        field(1, b"x"),
        field(1, b"w"),
        field(2, b"y"),
        field(4, b"Conv"),
    ]
    .concat();
    let graph = [
        field(1, &node),
        field(2, b"g"),
        field(5, &constant),
        field(11, &value("x", &[1, 1, 3, 4])),
        field(12, &value("y", &[1, 1, 2, 3])),
    ]
    .concat();
    let small = [number(1, 8), field(7, &graph), field(8, &number(2, 13))].concat();
    vec![small]
}

pub(crate) fn arrays() -> Vec<Vec<u8>> {
    let array = |shape: &[usize], data| {
        write_npy(&NpyArray {
            shape: shape.to_vec(),
            data,
        })
    };
    let header = "{\"shape\": (2,), \"descr\": \"|u1\", \"fortran_order\": False}";
    let mut version_2 = b"\x93NUMPY\x02\0".to_vec();
    version_2.extend_from_slice(&(header.len() as u32).to_le_bytes());
    version_2.extend_from_slice(header.as_bytes());
    version_2.extend_from_slice(&[5, 6]);
    vec![
        array(&[3], NpyData::Uint8(Zeroizing::new(vec![0, 7, 255]))),
        array(&[2, 1], NpyData::Bool(Zeroizing::new(vec![0, 1]))),
        array(&[], NpyData::Int64(Zeroizing::new(vec![i64::MIN]))),
        array(
            &[1, 2],
            NpyData::Float32(Zeroizing::new(vec![-0.5, f32::NAN])),
        ),
        version_2,
    ]
}

pub(crate) fn images() -> Vec<Vec<u8>> {
    let image = GreyImage {
        width: 5,
        height: 3,
        pixels: Zeroizing::new((0..15).map(|i| i * 17).collect()),
    };
    let pgm = b"P5 # a comment\n3 2\n255\n\x00\x01\x02\x03\x04\x05";
    vec![write_grey_png(&image).unwrap(), pgm.to_vec()]
}

fn small_srs(k: u32) -> Srs {
    Srs::generate_insecure_for_tests(k, &mut rng()).unwrap()
}

pub(crate) fn srs_files() -> Vec<Vec<u8>> {
    [1, 2].map(|k| small_srs(k).encode()).to_vec()
}

/// The start of the genuine ceremony file: of each section what a file of power 4 has, which serves 2^2 rows, with and without the Lagrange
/// bases.
pub(crate) fn ptau_files() -> Vec<Vec<u8>> {
    let genuine = file("core/prover/tests/data/powersOfTau28_hez_final_08.ptau");
    let section = |wanted: u32, length: usize| {
        let mut at = 12;
        loop {
            let number = u32::from_le_bytes(genuine[at..at + 4].try_into().unwrap());
            let whole = u64::from_le_bytes(genuine[at + 4..at + 12].try_into().unwrap());
            if number == wanted {
                break;
            }
            at += 12 + usize::try_from(whole).unwrap();
        }
        let mut section = wanted.to_le_bytes().to_vec();
        section.extend_from_slice(&(length as u64).to_le_bytes());
        section.extend_from_slice(&genuine[at + 12..at + 12 + length]);
        section
    };
    let mut header = section(1, 44);
    // Width of a coordinate (4 bytes) and prime (32) come first.
    header[12 + 36..12 + 40].copy_from_slice(&4u32.to_le_bytes());
    let start = |sections: u32| [&b"ptau\x01\0\0\0"[..], &sections.to_le_bytes()].concat();
    let powers = [header, section(2, 31 * 64), section(3, 16 * 128)].concat();
    let plain = [start(3), powers.clone()].concat();
    let prepared = [start(4), powers, section(12, 63 * 64)].concat();
    vec![plain, prepared]
}

pub(crate) fn halo2_raw_files() -> Vec<Vec<u8>> {
    // halo2's file for 2^4 rows serves 2^2 of ours.
    let srs = small_srs(4);
    let mut bytes = srs.k().to_le_bytes().to_vec();
    for point in srs.powers().iter().take(1 << 4).chain(srs.lagrange()) {
        bytes.extend(point.to_raw_bytes());
    }
    bytes.extend(srs.g2().to_raw_bytes());
    bytes.extend(srs.s_g2().to_raw_bytes());
    vec![bytes]
}

pub(crate) fn verifying_keys() -> Vec<Vec<u8>> {
    vec![FROZEN_KEY.to_vec()]
}

pub(crate) fn proofs() -> Vec<Vec<u8>> {
    let small = verilens_verifier::Proof {
        key_digest: [5; 32],
        words: vec![[0; 32], [1; 32]],
        bytes: vec![1, 2, 3],
    };
    vec![FROZEN_PROOF.to_vec(), small.encode()]
}

/// No edit; one that adds nothing; two that undo each other; many, all over the proof, that add nothing yet.
pub(crate) fn edits() -> Vec<Vec<u8>> {
    let spread = |i: u16| [(i * 101).to_le_bytes().as_slice(), &[0]].concat();
    vec![
        vec![],
        vec![9, 0, 0],
        vec![40, 1, 3, 40, 1, 253],
        (0..30).flat_map(spread).collect(),
    ]
}
