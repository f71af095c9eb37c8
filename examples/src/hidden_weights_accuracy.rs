//! The accuracy of a model whose weights stay hidden.
//!
//! A vendor commits to a linear classifier once. Whoever has a public test set turns it into a *program*, whose constants are the samples
//! and the labels, and whose private input are the weights; the vendor proves that the program says yes: more than so many per cent are right. One
//! bit is public. The same commitment is good for the next test set, also for one that did not exist when it was made.
use rand_core::OsRng;
use verilens_model::{
    float::{self, FloatOp},
    DType, Graph, Input, InputScale, ModelBundle, Op, Output, TensorId,
};
use verilens_prover::{InputRequest, Keys, Progress, Proved, ProverError};
use verilens_statement::{field::text_to_field, Fr, InputOpening, OutputMode, Subject, Visibility};
use verilens_verifier::{Proof, VerifyingKey};

use crate::{
    answer::{push, Matrix},
    error::{data, Result},
    relying::{self, Refusal, Source, Terms},
    trained::{self, Trained},
};

/// What is committed to: the weights and the bias of a linear classifier of 30 bytes.
pub const SCHEMA: &str = "weights/linear-30/v1";
/// Number of features.
pub const FEATURES: usize = 30;
/// Weights and a bias.
pub const PARAMETERS: usize = FEATURES + 1;
/// Features are bytes; 128 counts as 0.
const MIDDLE: i64 = 128;
/// A parameter is `256·high + low − OFFSET`: 16 bits in two bytes.
const OFFSET: i64 = 1 << 15;

/// The weights are committed to, the program is public, and so is what it says.
pub fn visibility() -> Visibility {
    Visibility::of(Subject::CommittedModel, OutputMode::Revealed)
}

/// A public test set, as a program about weights.
pub struct Benchmark {
    /// Its name.
    pub name: &'static str,
    rows: Vec<[i64; FEATURES]>,
    labels: Vec<bool>,
}

impl Benchmark {
    /// A test set of samples as bytes, with the label 0 or 1 of each.
    ///
    /// # Errors
    /// No sample, a sample with another number of features, or another number of labels.
    pub fn new(name: &'static str, samples: &[Vec<u8>], labels: &[u64]) -> Result<Self> {
        if samples.is_empty() || samples.len() != labels.len() {
            return Err(data("test set", "samples, and a label for each"));
        }
        let centred = |sample: &Vec<u8>| {
            let values: Vec<i64> = sample.iter().map(|&b| i64::from(b) - MIDDLE).collect();
            values
                .try_into()
                .map_err(|_| data("sample", format!("{FEATURES} bytes")))
        };
        Ok(Self {
            name,
            rows: samples.iter().map(centred).collect::<Result<_>>()?,
            labels: labels.iter().map(|&y| y == 1).collect(),
        })
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none; never.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The program: 1 if the weights label more than `percent` % of the samples as they should be, else 0.
    ///
    /// One dense layer over the private bytes computes all scores, each with the sign of its label, so that right ones are above 0; a score
    /// of 0 counts as wrong.
    ///
    /// # Errors
    /// 100 % or more, which nobody can exceed.
    pub fn program(&self, percent: usize) -> Result<ModelBundle> {
        if percent >= 100 {
            return Err(data("per cent", "0 to 99"));
        }
        let n = self.len();
        let mut scores = Matrix::new(2 * PARAMETERS, n);
        let mut bias = vec![0; n];
        for (j, (row, &label)) in self.rows.iter().zip(&self.labels).enumerate() {
            let sign = if label { 1 } else { -1 };
            for (i, x) in row.iter().chain(&[1]).enumerate() {
                scores.set(2 * i, j, sign * x * 256);
                scores.set(2 * i + 1, j, sign * x);
                if let Some(b) = bias.get_mut(j) {
                    *b -= sign * x * OFFSET;
                }
            }
        }
        // count > percent·n/100, whose fraction makes no difference to an integer.
        let bar = (percent * n / 100) as i64;
        let mut count = Matrix::new(n, 1);
        (0..n).for_each(|j| count.set(j, 0, 1));

        let mut graph = Graph {
            inputs: vec![Input {
                name: "weights".into(),
                shape: vec![1, 2 * PARAMETERS],
                dtype: DType::Uint8,
            }],
            ..Graph::default()
        };
        let mut last = TensorId(0);
        for (name, op) in [
            ("signed scores", scores.dense(Some(bias))),
            ("right", Op::Positive),
            ("number right, less the bar", count.dense(Some(vec![-bar]))),
            ("above the bar", Op::Positive),
        ] {
            last = push(&mut graph, name, op, last);
        }
        graph.outputs.push(Output {
            name: "above".into(),
            tensor: last,
        });
        Ok(ModelBundle::new(SCHEMA, graph)?)
    }
}

/// A linear classifier over bytes, in integers of 16 bits: label 1 where `Σ wᵢ·(byteᵢ − 128) + b` is above 0.
#[derive(Clone, PartialEq, Eq)]
pub struct Weights([i64; PARAMETERS]);

impl Weights {
    /// Real parameters, the bias last, brought to 16 bits by one common factor, which changes no label.
    ///
    /// # Errors
    /// Parameters that are all 0, or not finite.
    pub fn from_real(parameters: &[f64; PARAMETERS]) -> Result<Self> {
        let largest = parameters.iter().fold(0.0, |m: f64, w| m.max(w.abs()));
        if !largest.is_normal() || parameters.iter().any(|w| !w.is_finite()) {
            return Err(data("weights", "finite numbers, not all of them 0"));
        }
        let factor = (OFFSET - 1) as f64 / largest;
        Ok(Self(parameters.map(|w| (w * factor).round() as i64)))
    }

    /// Those of a trained model that is one linear function of its features, for features as bytes of this scale.
    ///
    /// # Errors
    /// A model that is not of this form.
    pub fn of(trained: &Trained, scale: &InputScale) -> Result<Self> {
        let graph = trained.float();
        let first = graph
            .nodes
            .iter()
            .position(|n| matches!(n.op, FloatOp::Dense { .. }));
        let scores = first.map(|i| i + graph.inputs.len());
        let score = |x: Vec<f64>| -> Result<f64> {
            let tensors = float::run(graph, &[x])?;
            let scores = scores.and_then(|t| tensors.get(t)).map(Vec::as_slice);
            match scores {
                Some([z]) => Ok(*z),
                // A score for each of the two classes.
                Some([zero, one]) => Ok(one - zero),
                _ => Err(data("model", "one linear score")),
            }
        };
        // A linear function is known by its values at 128 everywhere, and one step away from that.
        let middle = [MIDDLE as u8; FEATURES];
        let bias = score(scale.real(&middle))?;
        let mut parameters = [bias; PARAMETERS];
        for (i, w) in parameters.iter_mut().take(FEATURES).enumerate() {
            let mut step = middle;
            if let Some(byte) = step.get_mut(i) {
                *byte += 1;
            }
            *w = score(scale.real(&step))? - bias;
        }
        Self::from_real(&parameters)
    }

    /// A worse classifier: the same without these features.
    #[must_use]
    pub fn without(&self, features: std::ops::Range<usize>) -> Self {
        let mut worse = self.clone();
        let gone = worse.0.iter_mut().take(FEATURES).enumerate();
        gone.filter(|(i, _)| features.contains(i))
            .for_each(|(_, w)| *w = 0);
        worse
    }

    /// How many samples it labels as they should be.
    pub fn right(&self, benchmark: &Benchmark) -> usize {
        let score = |row: &[i64; FEATURES]| -> i64 {
            row.iter()
                .chain(&[1])
                .zip(&self.0)
                .map(|(x, w)| x * w)
                .sum()
        };
        let samples = benchmark.rows.iter().zip(&benchmark.labels);
        samples
            .filter(|(row, label)| {
                let z = score(row);
                if **label {
                    z > 0
                } else {
                    z < 0
                }
            })
            .count()
    }

    /// The bytes that are committed to.
    pub fn bytes(&self) -> Vec<u8> {
        let shifted = self
            .0
            .iter()
            .map(|w| (w + OFFSET).clamp(0, 2 * OFFSET - 1) as u16);
        shifted.flat_map(u16::to_be_bytes).collect()
    }
}

/// What a relying party asks for: that the model under a commitment passes a test that it sets.
fn terms(commitment: Fr) -> Terms {
    Terms {
        schema: SCHEMA,
        source: Source::CommittedModel(commitment),
        scope: text_to_field("leaderboard.example"),
        signal: text_to_field("entry"),
        not_before: 0,
    }
}

/// A vendor, with the weights and what opens the commitment to them.
pub struct Vendor {
    opening: InputOpening,
}

impl Vendor {
    /// Commits to weights.
    ///
    /// # Errors
    /// None for weights that exist.
    pub fn commit(program: &ModelBundle, weights: &Weights, at: u64) -> Result<Self> {
        let tensors = trained::input(program.graph(), weights.bytes())?;
        let nobody = Fr::from(0u64);
        Ok(Self {
            opening: InputOpening::committed(SCHEMA, tensors, nobody, at, &mut OsRng)?,
        })
    }

    /// The commitment: published once, good for every program.
    ///
    /// # Errors
    /// None for weights that were committed to.
    pub fn commitment(&self) -> Result<Fr> {
        Ok(self.opening.word()?)
    }

    /// Proves what the program of the keys says about the weights: yes or no.
    ///
    /// # Errors
    /// Keys of another form of program.
    pub fn prove(&self, keys: &Keys, progress: &dyn Progress) -> Result<Proved, ProverError> {
        let terms = terms(self.opening.word()?);
        let request = InputRequest {
            opening: &self.opening,
            scope: terms.scope,
            signal: terms.signal,
            not_before: terms.not_before,
        };
        keys.prove(&request, &mut OsRng, progress)
    }
}

/// Checks that the model under a commitment passes the test that a key is for.
///
/// # Errors
/// Why it is not shown to.
pub fn check(key: &VerifyingKey, commitment: Fr, proof: &Proof) -> Result<(), Refusal> {
    let instance = terms(commitment).check(key, proof)?;
    match relying::revealed(&instance)? {
        1 => Ok(()),
        _ => Err(Refusal::Output("1: the model passes the test")),
    }
}
