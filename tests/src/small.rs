//! A small model for tests that prove often: a wrapped, strided convolution in two row groups, thresholded.
use halo2_proofs::{halo2curves::bn256::Fr, halo2curves::ff::Field};
use verilens_circuit::{
    authenticity::AuthWitness,
    circuit::Witness,
    compile::{tensor_specs, Compiled},
    field::from_ark,
    layout::CellRef,
};
use verilens_model::{
    execute_all, DType, Graph, Input, IntTensor, ModelBundle, Node, Op, Output, PadMode, TensorId,
};
use verilens_statement::Tensor;

use crate::scene::{Scene, CAPTURED_AT, SCHEMA};

fn node(op: Op, inputs: &[usize]) -> Node {
    Node {
        name: op.name().into(),
        op,
        inputs: inputs.iter().map(|&i| TensorId(i)).collect(),
    }
}

/// The model.
pub fn small_bundle() -> ModelBundle {
    let weight = |n: i64| IntTensor {
        shape: vec![2, 1, 3, 5],
        values: (0..30).map(|i| (i * 7 + n) % 13 - 6).collect(),
    };
    let conv = |n, sh| Op::Conv {
        weight: weight(n),
        bias: None,
        strides: [sh, 2],
        dilations: [1, 1],
        groups: 1,
    };
    let graph = Graph {
        inputs: vec![Input {
            name: "image".into(),
            shape: vec![1, 1, 8, 32],
            dtype: DType::Uint8,
        }],
        nodes: vec![
            node(
                Op::Pad {
                    axis: 3,
                    before: 2,
                    after: 2,
                    mode: PadMode::Wrap,
                },
                &[0],
            ),
            node(
                Op::Slice {
                    axis: 2,
                    start: 0,
                    end: 5,
                },
                &[1],
            ),
            node(
                Op::Slice {
                    axis: 2,
                    start: 5,
                    end: 8,
                },
                &[1],
            ),
            node(conv(0, 2), &[2]),
            node(conv(3, 1), &[3]),
            node(Op::Concat { axis: 2 }, &[4, 5]),
            node(
                Op::AddConst {
                    value: IntTensor {
                        shape: vec![1, 1, 3, 1],
                        values: vec![3, -200, 0],
                    },
                },
                &[6],
            ),
            node(Op::Positive, &[7]),
        ],
        outputs: vec![Output {
            name: "code".into(),
            tensor: TensorId(8),
        }],
    };
    ModelBundle::new(SCHEMA, graph).unwrap()
}

/// A capture of a fixed pattern for [`small_bundle`], with everything that a witness needs.
pub struct SmallScene {
    /// The scene.
    pub scene: Scene,
}

impl Default for SmallScene {
    fn default() -> Self {
        Self::new()
    }
}

impl SmallScene {
    /// The scene.
    pub fn new() -> Self {
        let bundle = small_bundle();
        let spec = tensor_specs(bundle.graph()).unwrap().remove(0);
        let bytes = (0..256u32).map(|i| (i * i * 31 + i * 7) as u8).collect();
        Self {
            scene: Scene::new(bundle, vec![Tensor::new(spec, bytes).unwrap()]),
        }
    }

    /// Builds the witness without any of the prover's checks.
    pub fn with_witness<T>(&self, compiled: &Compiled, f: impl FnOnce(&Witness<'_>) -> T) -> T {
        let capture = &self.scene.capture;
        let content = capture.content();
        let bytes = content.tensors()[0].data();
        let execution = execute_all(&compiled.statement().graph, &[("image", bytes)]).unwrap();
        let (key, signature) = (capture.issuer(), capture.signature());
        let path = self.scene.issuers.path(key).unwrap();
        let bits = path.index_bits();
        let s = verilens_statement::babyjubjub::scalar_to_bytes(&signature.s);
        f(&Witness {
            authenticity: AuthWitness {
                schema: from_ark(&content.schema_word()),
                payload_digest: Fr::zero(),
                salt: from_ark(&content.salt_word()),
                holder_secret: from_ark(self.scene.holder.expose()),
                captured_at: content.captured_at(),
                not_before: CAPTURED_AT - 1,
                scope: from_ark(&self.scene.scope),
                key: (from_ark(&key.x()), from_ark(&key.y())),
                r8: (from_ark(&signature.r8.x), from_ark(&signature.r8.y)),
                s: from_ark(&verilens_statement::field::from_bytes(&s, "s").unwrap()),
                path: std::array::from_fn(|i| (bits[i], from_ark(&path.siblings[i]))),
            }
            .into(),
            tensors: vec![bytes],
            execution: &execution,
            blinding: Fr::from(99),
            signal: from_ark(&self.scene.signal),
        })
    }

    /// An output moved by 1 and an extra output that makes up for it at `β = 2`: what a cheater could do who
    /// knew the challenge beforehand.
    pub fn beta_cheat(&self, compiled: &Compiled) -> Vec<(CellRef, Fr)> {
        let trace = self.with_witness(compiled, |w| compiled.first_phase(w).unwrap().0);
        let probe = compiled.probe();
        let beta = Fr::from(2);
        let [bit, low, _] = probe.output(0, 4).unwrap();
        let step = if trace.at(bit) == Fr::one() {
            Fr::one()
        } else {
            -Fr::one()
        };
        let lack = -beta.pow([5]) * (Fr::one() - beta.pow([16])).invert().unwrap();
        let extra = probe.extra(0, 0, 0).unwrap();
        vec![(low, trace.at(low) + step), (extra, trace.at(extra) + lack)]
    }
}
