//! A small model, an issuer, a holder and a signed capture, shared by the circuit's tests.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, dead_code)]

pub mod algebra;
pub mod cheat;
pub mod graphs;
pub mod networks;
pub mod operators;
pub mod random;
pub mod rank;

use std::{cell::RefCell, collections::BTreeSet};

use halo2_proofs::{
    dev::{FailureLocation, MockProver, VerifyFailure},
    halo2curves::bn256::Fr,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use verilens_circuit::{
    authenticity::{AuthWitness, InputWitness, OriginWitness},
    circuit::{StatementCircuit, Witness},
    compile::{tensor_specs, Compiled, Statement},
    field::from_ark,
    layout::{CellRef, ChallengeValues, Col, Trace},
};
use verilens_model::{
    execute_all, DType, Graph, Input, IntTensor, Node, Op, Output, PadMode, TensorId,
};
use verilens_statement::{
    Capture, CaptureContent, HolderSecret, InputOpening, IssuerKey, IssuerSet, OutputMode,
    SignatureScheme, Subject, Tensor, Visibility,
};

pub struct Scene {
    pub graph: Graph,
    pub compiled: Compiled,
    pub capture: Capture,
    pub holder: HolderSecret,
    pub issuers: IssuerSet,
    pub bytes: Vec<Vec<u8>>,
    pub scope: Fr,
    pub signal: Fr,
    pub not_before: u64,
    pub blinding: Fr,
}

fn node(op: Op, inputs: &[usize]) -> Node {
    Node {
        name: op.name().into(),
        op,
        inputs: inputs.iter().map(|&i| TensorId(i)).collect(),
    }
}

/// A wrapped, strided convolution over one image, thresholded.
pub fn wrapped_model() -> Graph {
    wrapped_model_of(32)
}

/// The same over an image of this width: 3 output bits a column.
pub fn wrapped_model_of(width: usize) -> Graph {
    let weight = |n: i64| IntTensor {
        shape: vec![2, 1, 3, 5],
        values: (0..30).map(|i| (i * 7 + n) % 13 - 6).collect(),
    };
    let graph = Graph {
        inputs: vec![Input {
            name: "image".into(),
            shape: vec![1, 1, 8, width],
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
            node(
                Op::Conv {
                    weight: weight(0),
                    bias: None,
                    strides: [2, 2],
                    dilations: [1, 1],
                    groups: 1,
                },
                &[2],
            ),
            node(
                Op::Conv {
                    weight: weight(3),
                    bias: Some(vec![5, -9]),
                    strides: [1, 2],
                    dilations: [1, 1],
                    groups: 1,
                },
                &[3],
            ),
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
    graph.validate().unwrap();
    graph
}

impl Scene {
    /// About a signed capture.
    pub fn new(graph: Graph, mode: OutputMode) -> Self {
        let visibility = (SignatureScheme::EddsaBabyJubJubPoseidon, mode).into();
        Self::of(graph, visibility)
    }

    pub fn of(graph: Graph, visibility: Visibility) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let compiled = Compiled::new(Statement {
            graph: graph.clone(),
            model_digest: Fr::from(77),
            visibility,
        })
        .unwrap();
        let keys: Vec<IssuerKey> = (0..3).map(|i| IssuerKey::from_seed([i + 1; 32])).collect();
        let issuers = IssuerSet::new(keys.iter().map(IssuerKey::public).collect()).unwrap();
        let holder = HolderSecret::from_fr(12345u64.into()).unwrap();
        let specs = tensor_specs(&graph).unwrap();
        let bytes: Vec<Vec<u8>> = specs
            .iter()
            .map(|s| {
                let mut data = vec![0u8; s.shape.iter().product::<u32>() as usize];
                rng.fill_bytes(&mut data);
                if s.dtype == verilens_statement::DType::Bool {
                    data.iter_mut().for_each(|b| *b = u8::from(*b > 10));
                }
                data
            })
            .collect();
        let tensors = specs
            .into_iter()
            .zip(&bytes)
            .map(|(s, b)| Tensor::new(s, b.clone()).unwrap())
            .collect();
        let content =
            CaptureContent::with_salt("iris/left/v1", tensors, [9; 31], holder.id(), 1_700_000_000)
                .unwrap();
        let capture = Capture::sign(&keys[1], content).unwrap();
        Self {
            graph,
            compiled,
            capture,
            holder,
            issuers,
            bytes,
            scope: Fr::from(5),
            signal: Fr::from(6),
            not_before: 1_600_000_000,
            blinding: Fr::from(99),
        }
    }

    /// The tensors of the capture as an opening for the statement's subject, if nothing is signed.
    pub fn opening(&self) -> Option<InputOpening> {
        let content = self.capture.content();
        match self.compiled.statement().visibility.subject() {
            Subject::Signed(_) => None,
            Subject::PublicInput => {
                let tensors = content.tensors().to_vec();
                InputOpening::public(content.schema(), tensors, content.captured_at()).ok()
            }
            _ => Some(InputOpening::from_content(content.clone())),
        }
    }

    pub fn origin(&self) -> OriginWitness {
        let Some(opening) = self.opening() else {
            return self.auth().into();
        };
        let content = opening.content();
        InputWitness {
            schema: from_ark(&content.schema_word()),
            payload_digest: Fr::zero(),
            salt: from_ark(&content.salt_word()),
            holder: from_ark(&content.holder()),
            captured_at: content.captured_at(),
            not_before: self.not_before,
            scope: self.scope,
        }
        .into()
    }

    pub fn auth(&self) -> AuthWitness {
        let signature = self.capture.signature();
        let key = self.capture.issuer();
        let path = self.issuers.path(key).unwrap();
        let bits = path.index_bits();
        let s_bytes = verilens_statement::babyjubjub::scalar_to_bytes(&signature.s);
        AuthWitness {
            schema: from_ark(&self.capture.content().schema_word()),
            payload_digest: Fr::zero(),
            salt: from_ark(&self.capture.content().salt_word()),
            holder_secret: from_ark(self.holder.expose()),
            captured_at: self.capture.content().captured_at(),
            not_before: self.not_before,
            scope: self.scope,
            key: (from_ark(&key.x()), from_ark(&key.y())),
            r8: (from_ark(&signature.r8.x), from_ark(&signature.r8.y)),
            s: from_ark(&verilens_statement::field::from_bytes(&s_bytes, "s").unwrap()),
            path: std::array::from_fn(|i| (bits[i], from_ark(&path.siblings[i]))),
        }
    }

    /// Runs the model and hands out everything that a prover puts in.
    pub fn with_witness<T>(&self, f: impl FnOnce(&Witness<'_>) -> T) -> T {
        let inputs: Vec<(&str, &[u8])> = self
            .graph
            .inputs
            .iter()
            .zip(&self.bytes)
            .map(|(i, b)| (i.name.as_str(), b.as_slice()))
            .collect();
        // The executor refuses a Bool of 7; a cheater's does not.
        let mut graph = self.graph.clone();
        for input in &mut graph.inputs {
            input.dtype = DType::Uint8;
        }
        let execution = execute_all(&graph, &inputs).unwrap();
        f(&Witness {
            authenticity: self.origin(),
            tensors: self.bytes.iter().map(Vec::as_slice).collect(),
            execution: &execution,
            blinding: self.blinding,
            signal: self.signal,
        })
    }

    pub fn with_circuit<T>(&self, f: impl FnOnce(StatementCircuit<'_>, Vec<Fr>) -> T) -> T {
        self.with_witness(|witness| {
            let (circuit, instance) = StatementCircuit::new(&self.compiled, witness).unwrap();
            f(circuit, instance)
        })
    }

    /// What the model gives for an output.
    pub fn outputs(&self, output: usize) -> Vec<i64> {
        self.with_witness(|w| {
            w.execution
                .values(self.graph.outputs[output].tensor)
                .to_vec()
        })
    }

    /// The honest first phase.
    pub fn trace(&self) -> Trace {
        self.with_witness(|witness| self.compiled.first_phase(witness).unwrap().0)
    }

    /// Whether everything that is copied is equal, once all phases are filled with these challenges.
    pub fn copies_hold(&self, tamper: &[(CellRef, Fr)], challenges: &ChallengeValues) -> bool {
        let mut trace = self.trace();
        let network = self.compiled.network().is_some();
        for phase in 0..self.compiled.phases() {
            if phase > 0 {
                self.compiled.fill(phase, &mut trace, challenges);
            }
            for (cell, value) in tamper.iter().filter(|t| t.0.col.phase(network) == phase) {
                trace.set(cell.col, cell.row, *value);
            }
        }
        let copies = &self.compiled.plan().copies;
        copies.iter().all(|(a, b)| trace.at(*a) == trace.at(*b))
    }

    /// Low limb of one output of the first layer, and an extra output that makes up for it at the mock prover's `β`.
    pub fn beta_cheat(&self) -> Vec<(CellRef, Fr)> {
        use halo2_proofs::halo2curves::ff::Field;
        let trace = self.trace();
        let probe = self.compiled.probe();
        let beta = mock_challenges()[0];
        // Output (k, s, q) = (0, 0, 4) moves by +1: its limb moves the integer up for bit 1, down for bit 0.
        let q = 4;
        let [bit, low, _] = probe.output(0, q).unwrap();
        let up = trace.at(bit) == Fr::one();
        let step = if up { Fr::one() } else { -Fr::one() };
        // Identity: β^high·β^q·1 + (1 − β^16)·β^u·Δextra_u = 0 with u = 0, high = 1 (two padded columns, stride 2).
        let lack = -(beta.pow([q as u64 + 1])) * (Fr::one() - beta.pow([16])).invert().unwrap();
        let extra = probe.extra(0, 0, 0).unwrap();
        vec![(low, trace.at(low) + step), (extra, trace.at(extra) + lack)]
    }

    /// `gate / constraint` of everything that fails after overwriting cells.
    pub fn failures(&self, tamper: &[(CellRef, Fr)]) -> BTreeSet<String> {
        self.failures_for(tamper, &[])
    }

    /// The same for other public words, which the rows that show them follow.
    pub fn failures_for(
        &self,
        tamper: &[(CellRef, Fr)],
        words: &[(usize, Fr)],
    ) -> BTreeSet<String> {
        let found = self.raw_failures(tamper, words);
        found.iter().map(describe).collect()
    }

    /// What the mock prover reports.
    pub fn raw_failures(
        &self,
        tamper: &[(CellRef, Fr)],
        words: &[(usize, Fr)],
    ) -> Vec<VerifyFailure> {
        self.with_circuit(|mut circuit, mut instance| {
            let probe = self.compiled.probe();
            circuit.tamper(tamper.iter().copied());
            circuit.tamper(
                words
                    .iter()
                    .map(|&(word, value)| (probe.public(word), value)),
            );
            for &(word, value) in words {
                instance[word] = value;
            }
            let prover = MockProver::run(self.compiled.k(), &circuit, vec![instance]).unwrap();
            // Cells left at zero are never "assigned"; the mock prover lists them beside real failures.
            let mut found = prover.verify_par().err().unwrap_or_default();
            found.retain(|f| !matches!(f, VerifyFailure::CellNotAssigned { .. }));
            found
        })
    }
}

/// The mock prover's challenges, by name.
pub fn mock_values() -> ChallengeValues {
    let [beta, lambda, delta, epsilon, lookup, tau] = mock_challenges()[..] else {
        panic!("six challenges")
    };
    ChallengeValues {
        beta,
        lambda,
        delta,
        epsilon,
        lookup,
        tau,
    }
}

/// The mock prover's challenges: a hash chain, the same in every run.
pub fn mock_challenges() -> Vec<Fr> {
    use halo2_proofs::halo2curves::ff::FromUniformBytes;
    let mut hash: [u8; 64] = blake2b_simd::blake2b(b"Halo2-MockProver")
        .as_bytes()
        .try_into()
        .unwrap();
    (0..6)
        .map(|_| {
            hash = blake2b_simd::blake2b(&hash).as_bytes().try_into().unwrap();
            Fr::from_uniform_bytes(&hash)
        })
        .collect()
}

/// Asserts what fails after each change, and remembers which constraints have failed.
pub struct Table<'a> {
    pub scene: &'a Scene,
    pub trace: Trace,
    seen: RefCell<BTreeSet<[usize; 2]>>,
}

impl<'a> Table<'a> {
    pub fn new(scene: &'a Scene) -> Self {
        Self {
            scene,
            trace: scene.trace(),
            seen: RefCell::default(),
        }
    }

    /// Overwrites cells and asserts the exact set of failing constraints.
    pub fn set(&self, what: &str, tamper: &[(CellRef, Fr)], expected: &[&str]) {
        let failures = self.scene.raw_failures(tamper, &[]);
        let found: BTreeSet<String> = failures.iter().map(describe).collect();
        let expected: BTreeSet<String> = expected.iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(found, expected, "{what}");
        self.seen
            .borrow_mut()
            .extend(failures.iter().filter_map(constraint));
    }

    /// Overwrites cells and asserts which constraints fail, and in which rows; copies as in row 0.
    pub fn exactly(&self, what: &str, tamper: &[(CellRef, Fr)], expected: &[(&str, usize)]) {
        let failures = self.scene.raw_failures(tamper, &[]);
        let found: BTreeSet<(String, usize)> = failures
            .iter()
            .map(|f| (describe(f), row(f).unwrap_or(0)))
            .collect();
        let expected = expected.iter().map(|&(gate, row)| (gate.to_owned(), row));
        assert_eq!(found, expected.collect(), "{what}");
        self.seen
            .borrow_mut()
            .extend(failures.iter().filter_map(constraint));
    }

    /// Adds to a cell and asserts the exact set of failing constraints.
    pub fn add(&self, what: &str, cell: CellRef, by: Fr, expected: &[&str]) {
        self.set(what, &[(cell, self.trace.at(cell) + by)], expected);
    }

    /// Adds 1 to a cell, which it names by itself.
    pub fn bump(&self, col: Col, row: usize, expected: &[&str]) {
        let what = format!("{col:?} of row {row}");
        self.add(&what, CellRef::new(col, row), Fr::one(), expected);
    }

    /// Rows in which a constraint fails.
    pub fn rows(&self, tamper: &[(CellRef, Fr)], gate: &str) -> BTreeSet<usize> {
        let failures = self.scene.raw_failures(tamper, &[]);
        let of_gate = failures.iter().filter(|f| describe(f) == gate);
        of_gate.filter_map(row).collect()
    }

    /// Constraints, as (gate, number in it), that have failed so far.
    pub fn seen(&self) -> BTreeSet<[usize; 2]> {
        self.seen.borrow().clone()
    }
}

/// The row in which a constraint failed.
fn row(failure: &VerifyFailure) -> Option<usize> {
    match failure {
        VerifyFailure::ConstraintNotSatisfied { location, .. } => Some(match location {
            FailureLocation::InRegion { offset, .. } => *offset,
            FailureLocation::OutsideRegion { row } => *row,
        }),
        _ => None,
    }
}

/// Gate and number in it of a constraint that failed, from "Constraint 2 ('name') in gate 1 ('gate')".
pub fn constraint(failure: &VerifyFailure) -> Option<[usize; 2]> {
    let VerifyFailure::ConstraintNotSatisfied { constraint, .. } = failure else {
        return None;
    };
    let text = constraint.to_string();
    let number = |after: &str| {
        let rest = &text[text.find(after).unwrap() + after.len()..];
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    Some([number("gate "), number("Constraint ")])
}

pub fn describe(failure: &VerifyFailure) -> String {
    match failure {
        VerifyFailure::ConstraintNotSatisfied { constraint, .. } => {
            let text = constraint.to_string();
            let mut quoted = text.split('\'').skip(1).step_by(2);
            let name = quoted.next().unwrap_or_default().to_owned();
            format!("{} / {name}", quoted.next().unwrap_or_default())
        }
        VerifyFailure::Permutation { .. } => "copy".into(),
        other => format!("{other}"),
    }
}
