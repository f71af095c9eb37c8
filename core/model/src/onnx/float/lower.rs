//! The walk over the file's nodes.

use std::collections::{HashMap, HashSet};

use tract_onnx::pb;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dim;
use tract_onnx::pb::type_proto::Value as Type;

use super::super::proto::{bounds, elem_type, node_name};
use super::super::{ImportOptions, OnnxError, Result};
use super::builder::Builder;
use super::value::{is_integer, Call, Value};
use super::{dispatch, load};
use crate::float::{FloatGraph, FloatInput};

/// Operator sets whose meaning is known here.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=25;

/// Domain of the operators of classical models.
const ML: &str = "ai.onnx.ml";

/// The graph so far, and the values of the file.
pub(crate) struct Lowered {
    pub builder: Builder,
    /// `None` for an output that its operator is not asked for here.
    values: HashMap<String, Option<Value>>,
}

impl Lowered {
    /// The shape of a value of the file.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        let value = self.values.get(name)?.as_ref()?;
        Some(value.shape.as_slice())
    }

    pub(crate) fn finish(self) -> FloatGraph {
        self.builder.graph
    }

    fn define(&mut self, name: &str, value: Option<Value>) -> Result<()> {
        if self.values.insert(name.to_owned(), value).is_some() {
            return Err(OnnxError::invalid(
                format!("value `{name}`"),
                "to be defined once",
            ));
        }
        Ok(())
    }

    fn operands(&self, node: &pb::NodeProto) -> Result<Vec<Option<Value>>> {
        let find = |name: &String| {
            if name.is_empty() {
                return Ok(None);
            }
            let field = || format!("node `{}`: input `{name}`", node.name);
            match self.values.get(name) {
                Some(Some(value)) => Ok(Some(value.clone())),
                Some(None) => Err(OnnxError::invalid(
                    field(),
                    "a value; this optional output of an earlier node is not supported",
                )),
                None => Err(OnnxError::invalid(
                    field(),
                    "a value that an earlier node defines",
                )),
            }
        };
        node.input.iter().map(find).collect()
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
    let version = |is: &dyn Fn(&str) -> bool| {
        let set = model.opset_import.iter().find(|o| is(&o.domain));
        set.map_or(0, |o| o.version)
    };
    let (opset, ml) = (version(&core), version(&|domain| domain == ML));
    let only_ml = opset == 0 && ml > 0;
    if !OPSETS.contains(&opset) && !only_ml {
        return Err(OnnxError::invalid(
            "operator set",
            format!("version {OPSETS:?}"),
        ));
    }
    if !graph.sparse_initializer.is_empty() {
        return Err(OnnxError::invalid("graph", "no sparse initialisers"));
    }
    let mut lowered = Lowered {
        builder: Builder::default(),
        values: HashMap::new(),
    };
    for t in &graph.initializer {
        let value = load::constant(&t.name, t, folder)?;
        lowered
            .builder
            .count_constant(value.shape.iter().product())?;
        lowered.define(&t.name, Some(value))?;
    }
    // Old files list their constants among the inputs too.
    let constants: HashSet<&String> = graph.initializer.iter().map(|t| &t.name).collect();
    for input in graph.input.iter().filter(|i| !constants.contains(&i.name)) {
        add_input(&mut lowered, input, options)?;
    }
    for name in options.bool_names() {
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
            opset: if core(&node.domain) { opset } else { ml },
            inputs: lowered.operands(node)?,
        };
        lowered.builder.begin(&call);
        let values = if core(&node.domain) {
            dispatch::core(&mut lowered.builder, &call)?
        } else if node.domain == ML {
            dispatch::ml(&mut lowered.builder, &call)?
        } else {
            let reason = format!(
                "operators of domain `{}` are not supported",
                node.domain.escape_debug()
            );
            return Err(call.refuse(reason));
        };
        let values = values.into_iter().map(Some).chain(std::iter::repeat(None));
        for (name, value) in node.output.iter().zip(values) {
            if !name.is_empty() {
                lowered.define(name, value)?;
            }
        }
    }
    for output in &graph.output {
        let expected = || {
            OnnxError::invalid(
                format!("output `{}`", output.name),
                "a value that an input or node defines, and that is supported",
            )
        };
        let value = lowered.values.get(&output.name).and_then(Option::clone);
        let tensor = lowered.builder.tensor(&value.ok_or_else(expected)?)?;
        let outputs = &mut lowered.builder.graph.outputs;
        outputs.push((output.name.clone(), tensor));
    }
    Ok(lowered)
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
    let numeric = matches!(
        elem,
        DataType::Float
            | DataType::Double
            | DataType::Float16
            | DataType::Bfloat16
            | DataType::Uint8
            | DataType::Int8
            | DataType::Uint16
            | DataType::Int16
            | DataType::Uint32
            | DataType::Int32
            | DataType::Uint64
            | DataType::Int64
            | DataType::Bool
    );
    if !numeric {
        return Err(OnnxError::invalid(field, "numbers or bools"));
    }
    let is_bool = elem == DataType::Bool || options.bool_names().contains(&input.name);
    let dim = |(i, d): (usize, &pb::tensor_shape_proto::Dimension)| match d.value {
        Some(Dim::DimValue(v)) => usize::try_from(v).ok().filter(|&v| v > 0),
        // A batch of any size: one capture is one element of it.
        Some(Dim::DimParam(_)) | None if i == 0 => Some(1),
        _ => None,
    };
    let shape = tensor.shape.as_ref();
    let shape = shape.and_then(|s| s.dim.iter().enumerate().map(dim).collect());
    let shape: Vec<usize> = shape.ok_or_else(|| {
        OnnxError::invalid(
            &field,
            "a fixed shape without zeros (only the batch may be open)",
        )
    })?;
    let input_bounds = match elem {
        _ if is_bool => Some((0.0, 1.0)),
        _ => bounds(elem).map(|(low, high)| (low as f64, high as f64)),
    };
    let float_input = FloatInput {
        name: input.name.clone(),
        shape,
        integer: is_bool || is_integer(elem),
        bounds: input_bounds,
    };
    let value = lowered.builder.input(float_input, elem)?;
    lowered.define(&input.name, Some(value))
}
