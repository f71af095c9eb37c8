//! The trained models of `examples/models`: imported, quantised on their calibration samples, tried on held-out data.
use std::path::{Path, PathBuf};

use verilens_model::{
    execute,
    npy::read_npy,
    onnx::{import_float_file, ImportOptions},
    quant::{quantise, QuantOptions, Quantised, Sample},
    ModelBundle,
};

/// Models that are in the repository, from the smallest on.
pub const COMMITTED: [&str; 7] = [
    "logistic",
    "diagnosis_mlp",
    "fraud",
    "trees",
    "mlp_784_128_10",
    "lenet5",
    "embedding_cnn",
];
/// Models that `examples/models/train.py` makes on demand.
pub const ON_DEMAND: [&str; 2] = ["mlp_1m", "mlp_2m"];

/// The folder of a model, if it is there.
pub fn folder(name: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    ["examples/models", "target/models"]
        .into_iter()
        .map(|place| root.join(place).join(name))
        .find(|path| path.join("model.onnx").is_file())
}

/// Rows of an array, as real numbers.
pub fn rows(path: &Path) -> Vec<Vec<f64>> {
    let array = read_npy(&std::fs::read(path).unwrap()).unwrap();
    let values = array.reals();
    let width = array.shape[1..].iter().product::<usize>().max(1);
    values.chunks(width).map(<[f64]>::to_vec).collect()
}

/// A quantised model.
pub struct Trained {
    /// Its name.
    pub name: String,
    /// The integer model, its scales and how well it follows the float model.
    pub quantised: Quantised,
    folder: PathBuf,
}

/// How often a model is right on held-out data.
pub struct Accuracy {
    /// Of the float model, as its training measured it with another executor.
    pub float: f64,
    /// Of the integer model.
    pub integer: f64,
    /// Samples.
    pub samples: usize,
}

impl Trained {
    /// Imports and quantises a model.
    pub fn load(name: &str) -> Option<Self> {
        let folder = folder(name)?;
        let float =
            import_float_file(&folder.join("model.onnx"), &ImportOptions::default()).unwrap();
        let samples: Vec<Sample> = rows(&folder.join("calibrate/x.npy"))
            .into_iter()
            .map(|row| Sample { inputs: vec![row] })
            .collect();
        let quantised = quantise(&float, &samples, &QuantOptions::default()).unwrap();
        Some(Self {
            name: name.into(),
            quantised,
            folder,
        })
    }

    /// The model's file.
    pub fn bundle(&self) -> ModelBundle {
        ModelBundle::new("bench/v1", self.quantised.graph.clone()).unwrap()
    }

    /// A held-out sample as the bytes of a capture.
    pub fn bytes(&self, row: &[f64]) -> Vec<u8> {
        self.quantised.inputs[0].encode(row)
    }

    /// Held-out samples.
    pub fn test_rows(&self) -> Vec<Vec<f64>> {
        rows(&self.folder.join("test/x.npy"))
    }

    /// The integer model's outputs on a sample.
    pub fn run(&self, row: &[f64]) -> Vec<Vec<i64>> {
        let graph = &self.quantised.graph;
        let bytes = self.bytes(row);
        let outputs = execute(graph, &[(graph.inputs[0].name.as_str(), &bytes)]).unwrap();
        outputs.iter().map(|o| o.values.to_vec()).collect()
    }

    /// Tries the integer model on held-out data.
    pub fn accuracy(&self) -> Accuracy {
        let labels: Vec<i64> = rows(&self.folder.join("test/y.npy"))
            .into_iter()
            .map(|y| y[0] as i64)
            .collect();
        let outputs: Vec<Vec<Vec<i64>>> = self.test_rows().iter().map(|r| self.run(r)).collect();
        let report = std::fs::read_to_string(self.folder.join("accuracy.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        let integer = match self.name.as_str() {
            "embedding_cnn" => pairs(&outputs, &labels, report["threshold"].as_f64().unwrap()),
            _ => {
                let right = outputs.iter().zip(&labels).filter(|(o, label)| {
                    let choice = match self.name.as_str() {
                        // The label itself, and a bit.
                        "logistic" | "trees" => o[0][0],
                        "fraud" => o[1][0],
                        _ => largest(&o[0]),
                    };
                    choice == **label
                });
                right.count() as f64 / labels.len() as f64
            }
        };
        Accuracy {
            float: report["accuracy"].as_f64().unwrap(),
            integer,
            samples: labels.len(),
        }
    }
}

fn largest(scores: &[i64]) -> i64 {
    let most = scores.iter().max().unwrap();
    scores.iter().position(|s| s == most).unwrap() as i64
}

/// Mean of the accuracies on pairs of the same and of different labels, by the cosine of embeddings.
fn pairs(outputs: &[Vec<Vec<i64>>], labels: &[i64], threshold: f64) -> f64 {
    let unit: Vec<Vec<f64>> = outputs
        .iter()
        .map(|o| {
            let length = o[0].iter().map(|&x| (x as f64).powi(2)).sum::<f64>().sqrt();
            o[0].iter().map(|&x| x as f64 / length).collect()
        })
        .collect();
    let (mut right, mut count) = ([0f64; 2], [0f64; 2]);
    for i in 0..unit.len() {
        for j in 0..i {
            let cosine: f64 = unit[i].iter().zip(&unit[j]).map(|(a, b)| a * b).sum();
            let same = labels[i] == labels[j];
            count[usize::from(same)] += 1.0;
            right[usize::from(same)] += f64::from(u8::from((cosine > threshold) == same));
        }
    }
    (right[0] / count[0] + right[1] / count[1]) / 2.0
}
