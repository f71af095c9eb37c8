//! Operators of classical models, as scikit-learn's converters write them.

mod features;
mod linear;
mod parse;
mod tree;

use tract_onnx::pb::tensor_proto::DataType;

use super::super::proto::Attrs;
use super::super::Result;
use super::activation::softmax_over;
use super::builder::Builder;
use super::reduce::best;
use super::value::{Call, Value};
use crate::float::Unary;

/// An operator of the domain; `None` for one that is not known.
pub(crate) fn lower(g: &mut Builder, call: &Call<'_>) -> Result<Option<Vec<Value>>> {
    let value = match call.node.op_type.as_str() {
        "TreeEnsembleClassifier" => return tree::classifier(g, call).map(Some),
        "LinearClassifier" => return linear::classifier(g, call).map(Some),
        "TreeEnsembleRegressor" => tree::regressor(g, call),
        "TreeEnsemble" => tree::ensemble(g, call),
        "LinearRegressor" => linear::regressor(g, call),
        "Scaler" => features::scaler(g, call),
        "Normalizer" => features::normalizer(g, call),
        "Binarizer" => features::binarizer(g, call),
        "ArrayFeatureExtractor" => features::extractor(g, call),
        "FeatureVectorizer" => features::vectorizer(g, call),
        "OneHotEncoder" => features::one_hot(g, call),
        "LabelEncoder" => features::label_encoder(g, call),
        "ZipMap" => features::zip_map(call),
        _ => return Ok(None),
    };
    value.map(|v| Some(vec![v]))
}

/// What the classes are called. A string stands for its class' index.
struct Labels {
    values: Vec<f64>,
    elem: DataType,
}

impl Labels {
    /// From the lists of which one at most is given.
    fn read(call: &Call<'_>, attrs: &Attrs<'_>, ints: &str, strings: &str) -> Result<Self> {
        let ints = attrs.ints(ints).unwrap_or(&[]);
        let strings = attrs.strings(strings).unwrap_or(&[]);
        let labels = match (ints.is_empty(), strings.len()) {
            (false, 0) => Self {
                values: ints.iter().map(|&v| v as f64).collect(),
                elem: DataType::Int64,
            },
            (true, n) if n > 0 => Self {
                values: (0..n).map(|i| i as f64).collect(),
                elem: DataType::String,
            },
            _ => return Err(call.invalid("class labels", "integers or strings")),
        };
        Ok(labels)
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    /// The label of the largest score of each row.
    fn of_best(&self, g: &mut Builder, scores: &Value) -> Result<Value> {
        let (_, label) = best(g, scores, 1, self.values.clone(), false)?;
        Ok(g.squeeze(&label, &[1])?.with_elem(self.elem))
    }

    /// The second label where a score is above a threshold, else the first.
    fn of_two(&self, g: &mut Builder, score: &Value, threshold: f64) -> Result<Value> {
        let above = g.shift(score, -threshold)?;
        let bit = g.unary(&above, Unary::Positive)?;
        let label = |i: usize| {
            let value = self.values.get(i).copied().unwrap_or(i as f64);
            Value::uniform(2, value, self.elem)
        };
        let chosen = g.choose(&bit, &label(1), &label(0))?;
        Ok(g.squeeze(&chosen, &[1])?.with_elem(self.elem))
    }
}

/// Scores `[N, K]` after a model's last function.
fn transform(g: &mut Builder, call: &Call<'_>, scores: &Value, name: &str) -> Result<Value> {
    match name {
        "NONE" => Ok(scores.clone()),
        "LOGISTIC" => g.unary(scores, Unary::Sigmoid),
        "SOFTMAX" => softmax_over(g, scores, &[1]),
        _ => {
            let reason = format!(
                "post_transform {}: only NONE, LOGISTIC and SOFTMAX",
                name.escape_debug()
            );
            Err(call.refuse(reason))
        }
    }
}

/// Input 0 as rows of features.
fn rows(g: &mut Builder, call: &Call<'_>) -> Result<Value> {
    let x = call.input(0)?;
    match x.rank() {
        1 => g.lift(x, 2),
        2 => Ok(x.clone()),
        _ => Err(call.invalid("X", "rank 1 or 2: [N, features]")),
    }
    .map(|x| x.with_elem(DataType::Float))
}
