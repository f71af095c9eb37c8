//! Constants and attributes of the file.

use tract_onnx::data_resolver::MmapDataResolver;
use tract_onnx::pb;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::tensor::load_tensor;

use super::check::guarded;
use super::{OnnxError, Result};
use crate::graph::{Graph, IntTensor};
use crate::shape::elements;

/// Values of a constant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    Int(Vec<i64>),
    Float(Vec<f64>),
}

/// A constant of the file.
#[derive(Debug, Clone)]
pub(crate) struct Const {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Values,
    pub elem: DataType,
}

/// Floats up to here are exact integers if they have no fraction.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl Const {
    /// Reads a tensor. Sizes are checked before tract allocates.
    pub(crate) fn load(name: &str, t: &pb::TensorProto, folder: Option<&str>) -> Result<Self> {
        let field = || format!("constant `{name}`");
        let elem = elem_type(t.data_type, &field())?;
        let size = match elem {
            DataType::Bool | DataType::Uint8 | DataType::Int8 => 1,
            DataType::Uint16 | DataType::Int16 => 2,
            DataType::Float | DataType::Int32 | DataType::Uint32 => 4,
            DataType::Double | DataType::Int64 => 8,
            _ => {
                return Err(OnnxError::invalid(
                    field(),
                    "type float, double, bool, or an integer other than uint64",
                ))
            }
        };
        let shape: Vec<usize> = t
            .dims
            .iter()
            .map(|&d| usize::try_from(d).ok())
            .collect::<Option<_>>()
            .ok_or_else(|| OnnxError::invalid(field(), "dimensions of at least 0"))?;
        // An empty list (of axes, say) is a constant too.
        let count = if shape.as_slice() == [0] {
            0
        } else {
            elements(&shape, field)?
        };
        let external = t.data_location == Some(DataLocation::External as i32);
        if !external && !t.raw_data.is_empty() && t.raw_data.len() != count * size {
            return Err(OnnxError::invalid(
                field(),
                "as many bytes as its shape says",
            ));
        }
        if count == 0 {
            return Ok(Self {
                name: name.to_owned(),
                shape,
                values: Values::Int(vec![]),
                elem,
            });
        }
        let is_float = matches!(elem, DataType::Float | DataType::Double);
        let values = guarded("reading a constant", || {
            let tensor = load_tensor(&MmapDataResolver, t, folder)?;
            Ok(if is_float {
                let tensor = tensor.cast_to::<f64>()?;
                Values::Float(tensor.try_as_plain_ram()?.as_slice::<f64>()?.to_vec())
            } else {
                let tensor = tensor.cast_to::<i64>()?;
                Values::Int(tensor.try_as_plain_ram()?.as_slice::<i64>()?.to_vec())
            })
        })?;
        let c = Self {
            name: name.to_owned(),
            shape,
            values,
            elem,
        };
        if c.len() != count {
            return Err(OnnxError::invalid(
                field(),
                "as many values as its shape says",
            ));
        }
        Ok(c)
    }

    pub(crate) fn len(&self) -> usize {
        match &self.values {
            Values::Int(v) => v.len(),
            Values::Float(v) => v.len(),
        }
    }

    /// The values, if all are integers.
    pub(crate) fn integers(&self, node: &str) -> Result<Vec<i64>> {
        self.convert(node, |v| (v.fract() == 0.0).then_some(v))
    }

    /// The largest integers that are not above the values.
    pub(crate) fn floors(&self, node: &str) -> Result<Vec<i64>> {
        self.convert(node, |v| Some(v.floor()))
    }

    fn convert(&self, node: &str, to: impl Fn(f64) -> Option<f64>) -> Result<Vec<i64>> {
        let floats = match &self.values {
            Values::Int(v) => return Ok(v.clone()),
            Values::Float(v) => v,
        };
        let exact = |&v: &f64| to(v).filter(|v| v.abs() <= EXACT).map(|v| v as i64);
        let mut out = Vec::with_capacity(floats.len());
        for (index, v) in floats.iter().enumerate() {
            out.push(exact(v).ok_or_else(|| OnnxError::NotInteger {
                node: node.to_owned(),
                tensor: self.name.clone(),
                index,
            })?);
        }
        Ok(out)
    }

    /// As a tensor of the graph.
    pub(crate) fn int_tensor(&self, node: &str) -> Result<IntTensor> {
        Ok(IntTensor {
            shape: self.shape.clone(),
            values: self.integers(node)?,
        })
    }

    pub(crate) fn reshaped(&self, name: &str, shape: Vec<usize>) -> Self {
        Self {
            name: name.to_owned(),
            shape,
            values: self.values.clone(),
            elem: self.elem,
        }
    }
}

/// The element type behind ONNX' code.
pub(crate) fn elem_type(code: i32, field: &str) -> Result<DataType> {
    DataType::try_from(code).map_err(|_| OnnxError::invalid(field, "a known element type"))
}

/// The integers of a type, for those that a cast could wrap or saturate to.
pub(crate) fn bounds(elem: DataType) -> Option<(i64, i64)> {
    Some(match elem {
        DataType::Uint8 => (0, 255),
        DataType::Int8 => (-128, 127),
        DataType::Uint16 => (0, 65_535),
        DataType::Int16 => (-32_768, 32_767),
        DataType::Uint32 => (0, i64::from(u32::MAX)),
        DataType::Int32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => return None,
    })
}

/// The attributes of a node, each read at most once by name.
pub(crate) struct Attrs<'a> {
    node: &'a pb::NodeProto,
}

impl<'a> Attrs<'a> {
    /// The attributes; one outside `known` is an error, since it may change what the node means.
    pub(crate) fn new(node: &'a pb::NodeProto, known: &[&str]) -> Result<Self> {
        for (i, a) in node.attribute.iter().enumerate() {
            let again = node.attribute.iter().take(i).any(|b| b.name == a.name);
            if again || !known.contains(&a.name.as_str()) || !a.ref_attr_name.is_empty() {
                return Err(OnnxError::invalid(
                    format!("node `{}`: attribute `{}`", node.name, a.name),
                    format!("{} to have each of {known:?} at most once", node.op_type),
                ));
            }
        }
        Ok(Self { node })
    }

    fn find(&self, name: &str) -> Option<&'a pb::AttributeProto> {
        self.node.attribute.iter().find(|a| a.name == name)
    }

    pub(crate) fn int(&self, name: &str, default: i64) -> i64 {
        self.find(name).map_or(default, |a| a.i)
    }

    pub(crate) fn ints(&self, name: &str) -> Option<&'a [i64]> {
        self.find(name).map(|a| a.ints.as_slice())
    }

    pub(crate) fn float(&self, name: &str) -> Option<f32> {
        self.find(name).map(|a| a.f)
    }

    pub(crate) fn floats(&self, name: &str) -> Option<&'a [f32]> {
        self.find(name).map(|a| a.floats.as_slice())
    }

    pub(crate) fn strings(&self, name: &str) -> Option<&'a [Vec<u8>]> {
        self.find(name).map(|a| a.strings.as_slice())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    pub(crate) fn text(&self, name: &str, default: &'a str) -> &'a str {
        self.find(name)
            .map_or(default, |a| std::str::from_utf8(&a.s).unwrap_or(""))
    }

    pub(crate) fn tensor(&self, name: &str) -> Option<&'a pb::TensorProto> {
        self.find(name).and_then(|a| a.t.as_ref())
    }
}

/// A name for the graph's input or output: lower case, other characters replaced by `_`.
pub(crate) fn tensor_name(name: &str) -> String {
    let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_' | '.' | '/' | '-');
    name.chars()
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if allowed(c) { c } else { '_' })
        .collect()
}

/// A name for the graph's node: printable ASCII, cut to the bound.
pub(crate) fn node_name(node: &pb::NodeProto) -> String {
    let name = match (&node.name, node.output.first()) {
        (name, Some(output)) if name.is_empty() => output,
        (name, _) => name,
    };
    name.chars()
        .map(|c| if (' '..='~').contains(&c) { c } else { '_' })
        .take(Graph::MAX_NODE_NAME)
        .collect()
}
