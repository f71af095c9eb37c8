//! From ONNX nodes to the integer graph, one after another.

use std::collections::HashMap;

use tract_onnx::pb;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dim;
use tract_onnx::pb::type_proto::Value as Type;

use super::proto::{bounds, elem_type, node_name, tensor_name, Const};
use super::{moves, sums, ImportOptions, OnnxError, Result};
use crate::graph::{DType, Graph, Input, Node, Op, Output, TensorId};
use crate::shape::{elements, node_shape};

/// Operator sets whose meaning is known here.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=25;

/// A value of the ONNX graph.
#[derive(Clone)]
pub(crate) enum Value {
    Const(Const),
    Tensor { id: TensorId, elem: DataType },
}

/// Values that must fit an ONNX integer type, or the runtime would have wrapped.
struct Fits {
    tensor: TensorId,
    elem: DataType,
    node: String,
    op: String,
}

/// The graph so far.
pub(crate) struct Lowered {
    pub graph: Graph,
    pub opset: i64,
    shapes: Vec<Vec<usize>>,
    values: HashMap<String, Value>,
    fits: Vec<Fits>,
}

/// A node of the file with its operands.
pub(crate) struct Call<'a> {
    pub node: &'a pb::NodeProto,
    pub name: String,
    pub folder: Option<&'a str>,
    /// `None` for an optional input that is left out.
    pub inputs: Vec<Option<Value>>,
}

impl Call<'_> {
    pub(crate) fn unsupported(&self, graph: &Lowered, reason: impl Into<String>) -> OnnxError {
        let shape = |v: &Option<Value>| match v {
            None => "-".to_owned(),
            Some(Value::Const(c)) => format!("constant {:?}", c.shape),
            Some(Value::Tensor { id, .. }) => format!("{:?}", graph.shape(*id)),
        };
        let shapes: Vec<String> = self.inputs.iter().map(shape).collect();
        OnnxError::Unsupported {
            node: self.name.clone(),
            op: self.node.op_type.clone(),
            shape: shapes.join(", "),
            reason: reason.into(),
        }
    }

    pub(crate) fn invalid(&self, field: &str, expected: &str) -> OnnxError {
        OnnxError::invalid(
            format!("node `{}` ({}): {field}", self.name, self.node.op_type),
            expected,
        )
    }

    /// Input `i`, which must be there.
    pub(crate) fn input(&self, i: usize) -> Result<&Value> {
        let input = self.inputs.get(i).and_then(Option::as_ref);
        input.ok_or_else(|| self.invalid("inputs", "one more"))
    }

    /// Input `i` if it is given; it must be a constant then.
    pub(crate) fn constant(&self, graph: &Lowered, i: usize) -> Result<Option<&Const>> {
        match self.inputs.get(i).and_then(Option::as_ref) {
            None => Ok(None),
            Some(Value::Const(c)) => Ok(Some(c)),
            Some(_) => Err(self.unsupported(graph, format!("input {i} must be a constant"))),
        }
    }

    /// Input `i`, which must be a tensor of the graph.
    pub(crate) fn tensor(&self, graph: &Lowered, i: usize) -> Result<(TensorId, DataType)> {
        match self.input(i)? {
            Value::Tensor { id, elem } => Ok((*id, *elem)),
            Value::Const(_) => {
                Err(self.unsupported(graph, format!("input {i} must not be a constant")))
            }
        }
    }

    /// An axis, counted from the end if negative.
    pub(crate) fn axis(&self, axis: i64, rank: usize) -> Result<usize> {
        let from_end = if axis < 0 {
            axis.checked_add(rank as i64)
        } else {
            Some(axis)
        };
        from_end
            .and_then(|a| usize::try_from(a).ok())
            .filter(|&a| a < rank)
            .ok_or_else(|| self.invalid("axis", "between -rank and rank - 1"))
    }
}

impl Lowered {
    pub(crate) fn shape(&self, t: TensorId) -> &[usize] {
        self.shapes.get(t.0).map_or(&[], Vec::as_slice)
    }

    /// The shape of a value of the file, if it became a tensor of the graph.
    pub(crate) fn tensor_shape(&self, name: &str) -> Option<&[usize]> {
        match self.values.get(name)? {
            Value::Tensor { id, .. } => Some(self.shape(*id)),
            Value::Const(_) => None,
        }
    }

    /// Adds a node to the graph; its shape is checked at once.
    pub(crate) fn push(
        &mut self,
        call: &Call<'_>,
        op: Op,
        inputs: &[TensorId],
    ) -> Result<TensorId> {
        let node = Node {
            name: call.name.clone(),
            op,
            inputs: inputs.to_vec(),
        };
        let what = || format!("node `{}` ({})", node.name, node.op.name());
        let shapes: Vec<&[usize]> = inputs.iter().map(|&t| self.shape(t)).collect();
        let shape = node_shape(&node, &shapes, &what)?;
        elements(&shape, what)?;
        if self.graph.nodes.len() == Graph::MAX_NODES {
            return Err(OnnxError::invalid("graph", "at most 2^16 nodes"));
        }
        let id = TensorId(self.shapes.len());
        self.shapes.push(shape);
        self.graph.nodes.push(node);
        Ok(id)
    }

    /// Remembers that the tensor must stay within an ONNX integer type.
    pub(crate) fn must_fit(&mut self, call: &Call<'_>, tensor: TensorId, elem: DataType) {
        if bounds(elem).is_some() {
            let (node, op) = (call.name.clone(), call.node.op_type.clone());
            self.fits.push(Fits {
                tensor,
                elem,
                node,
                op,
            });
        }
    }

    /// Checks by the ranges what [`Self::must_fit`] noted down.
    pub(crate) fn check_types(&self) -> Result<()> {
        let ranges = self.graph.ranges()?;
        for fit in &self.fits {
            let (Some(range), Some((min, max))) = (ranges.get(fit.tensor.0), bounds(fit.elem))
            else {
                continue;
            };
            if range.min < min || range.max > max {
                return Err(OnnxError::Unsupported {
                    node: fit.node.clone(),
                    op: fit.op.clone(),
                    shape: format!("{:?}", self.shape(fit.tensor)),
                    reason: format!(
                        "values {}..={} may leave {}, which would wrap",
                        range.min,
                        range.max,
                        fit.elem.as_str_name()
                    ),
                });
            }
        }
        Ok(())
    }

    fn define(&mut self, name: &str, value: Value) -> Result<()> {
        if self.values.insert(name.to_owned(), value).is_some() {
            return Err(OnnxError::invalid(
                format!("value `{name}`"),
                "to be defined once",
            ));
        }
        Ok(())
    }
}

/// Lowers the main graph.
pub(crate) fn lower(
    model: &pb::ModelProto,
    folder: Option<&str>,
    options: &ImportOptions,
) -> Result<Lowered> {
    let graph = model
        .graph
        .as_ref()
        .ok_or_else(|| OnnxError::invalid("graph", "to be there"))?;
    let core = |domain: &str| domain.is_empty() || domain == "ai.onnx";
    let opset = model
        .opset_import
        .iter()
        .find(|o| core(&o.domain))
        .map_or(0, |o| o.version);
    if !OPSETS.contains(&opset) {
        return Err(OnnxError::invalid(
            "operator set",
            format!("version {OPSETS:?}"),
        ));
    }
    if !graph.sparse_initializer.is_empty() {
        return Err(OnnxError::invalid("graph", "no sparse initialisers"));
    }
    let mut lowered = Lowered {
        graph: Graph::default(),
        opset,
        shapes: Vec::new(),
        values: HashMap::new(),
        fits: Vec::new(),
    };
    for t in &graph.initializer {
        lowered.define(&t.name, Value::Const(Const::load(&t.name, t, folder)?))?;
    }
    let is_constant = |name: &str| graph.initializer.iter().any(|t| t.name == name);
    for input in graph.input.iter().filter(|i| !is_constant(&i.name)) {
        add_input(&mut lowered, input, options)?;
    }
    for name in &options.bool_inputs {
        if !graph.input.iter().any(|i| i.name == *name) {
            return Err(OnnxError::invalid(
                format!("Bool input `{name}`"),
                "an input of the model",
            ));
        }
    }
    for node in &graph.node {
        let call = Call {
            node,
            name: node_name(node),
            folder,
            inputs: operands(&lowered, node)?,
        };
        if !core(&node.domain) {
            let reason = format!("operators of domain `{}` are not supported", node.domain);
            return Err(call.unsupported(&lowered, reason));
        }
        let [output] = node.output.as_slice() else {
            return Err(call.unsupported(&lowered, "expected exactly one output"));
        };
        let value = lower_node(&mut lowered, &call)?;
        lowered.define(output, value)?;
    }
    for output in &graph.output {
        match lowered.values.get(&output.name) {
            Some(&Value::Tensor { id, .. }) => lowered.graph.outputs.push(Output {
                name: tensor_name(&output.name),
                tensor: id,
            }),
            _ => {
                return Err(OnnxError::invalid(
                    format!("output `{}`", output.name),
                    "a value that depends on an input",
                ))
            }
        }
    }
    Ok(lowered)
}

fn operands(lowered: &Lowered, node: &pb::NodeProto) -> Result<Vec<Option<Value>>> {
    let find = |name: &String| {
        if name.is_empty() {
            return Ok(None);
        }
        let value = lowered.values.get(name).cloned().map(Some);
        value.ok_or_else(|| {
            OnnxError::invalid(
                format!("node `{}`: input `{name}`", node.name),
                "a value that an earlier node defines",
            )
        })
    };
    node.input.iter().map(find).collect()
}

fn add_input(
    lowered: &mut Lowered,
    input: &pb::ValueInfoProto,
    options: &ImportOptions,
) -> Result<()> {
    let field = format!("input `{}`", input.name);
    let Some(Type::TensorType(tensor)) = input.r#type.as_ref().and_then(|t| t.value.as_ref())
    else {
        return Err(OnnxError::invalid(field, "a tensor"));
    };
    let elem = elem_type(tensor.elem_type, &field)?;
    let is_bool = elem == DataType::Bool || options.bool_inputs.contains(&input.name);
    let numeric = matches!(
        elem,
        DataType::Float
            | DataType::Double
            | DataType::Uint8
            | DataType::Uint16
            | DataType::Int16
            | DataType::Int32
            | DataType::Uint32
            | DataType::Int64
            | DataType::Bool
    );
    if !numeric {
        return Err(OnnxError::invalid(
            field,
            "an element type that holds 0 to 255",
        ));
    }
    let dims = tensor.shape.as_ref().map_or(&[][..], |s| s.dim.as_slice());
    let dim = |(i, d): (usize, &pb::tensor_shape_proto::Dimension)| match d.value {
        Some(Dim::DimValue(v)) => usize::try_from(v).ok().filter(|&v| v > 0),
        // A batch of any size: one capture is one element of it.
        Some(Dim::DimParam(_)) | None if i == 0 => Some(1),
        _ => None,
    };
    let shape: Option<Vec<usize>> = dims.iter().enumerate().map(dim).collect();
    let shape = shape
        .filter(|s| !s.is_empty())
        .ok_or_else(|| OnnxError::invalid(&field, "a fixed shape (only the batch may be open)"))?;
    elements(&shape, || field.clone())?;
    let id = TensorId(lowered.shapes.len());
    lowered.shapes.push(shape.clone());
    lowered.graph.inputs.push(Input {
        name: tensor_name(&input.name),
        shape,
        dtype: if is_bool { DType::Bool } else { DType::Uint8 },
    });
    lowered.define(&input.name, Value::Tensor { id, elem })
}

fn lower_node(g: &mut Lowered, call: &Call<'_>) -> Result<Value> {
    match call.node.op_type.as_str() {
        "Conv" => sums::conv(g, call),
        "Add" => sums::add(g, call),
        "Sub" => sums::sub(g, call),
        "Greater" => sums::greater(g, call),
        "Cast" => sums::cast(g, call),
        "Slice" => moves::slice(g, call),
        "Concat" => moves::concat(g, call),
        "Pad" => moves::pad(g, call),
        "Reshape" => moves::reshape(g, call),
        "Flatten" => moves::flatten(g, call),
        "Squeeze" => moves::squeeze(g, call),
        "Unsqueeze" => moves::unsqueeze(g, call),
        "Transpose" => moves::transpose(g, call),
        "Identity" => moves::identity(call),
        "Constant" => moves::constant(g, call),
        _ => Err(call.unsupported(g, "operator not supported")),
    }
}
