//! What `model show` prints.

use std::fmt;

use crate::bundle::ModelBundle;
use crate::error::Result;
use crate::graph::{Graph, Op, PadMode, TensorId};
use crate::ranges::Range;
use crate::shape::work;

/// One tensor of a model, as shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSummary {
    /// Name of the input, node or output.
    pub name: String,
    /// Operator with its parameters, or the element type of an input, or the packing of an output.
    pub what: String,
    /// The tensors that it is computed from.
    pub inputs: Vec<TensorId>,
    /// Shape.
    pub shape: Vec<usize>,
    /// Bounds of its values.
    pub range: Range,
}

/// A model in words: `Display` writes a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSummary {
    /// Schema of the captures that the model reads.
    pub schema: String,
    /// SHA-256 of the bundle.
    pub digest: [u8; 32],
    /// Size of the bundle in bytes.
    pub bytes: usize,
    /// Number of constants in weights, biases, sums, products and tables.
    pub parameters: usize,
    /// Number of multiplications of one run.
    pub multiplications: u64,
    /// Inputs.
    pub inputs: Vec<TensorSummary>,
    /// Nodes in order.
    pub nodes: Vec<TensorSummary>,
    /// Outputs; `inputs` holds the one tensor that is handed out.
    pub outputs: Vec<TensorSummary>,
    /// What the bytes of inputs and the integers of outputs stand for, in lines.
    pub scales: Vec<String>,
}

/// Pairs of an input's scale that are listed one by one.
const LISTED_PAIRS: usize = 64;

/// What the ends' integers stand for.
fn scales(bundle: &ModelBundle) -> Vec<String> {
    let mut lines = vec![];
    let graph = bundle.graph();
    for (input, scale) in graph.inputs.iter().zip(bundle.input_scales()) {
        let Some(scale) = scale else { continue };
        let pairs: Vec<(&f64, &f64)> = scale.scales().iter().zip(scale.zeros()).collect();
        let name = &input.name;
        match pairs.as_slice() {
            &[(s, z)] => lines.push(format!("input {name}: {}", affine(*s, *z, "byte"))),
            pairs => {
                let along = "along the last axis";
                lines.push(format!("input {name}: {} pairs {along}", pairs.len()));
                let listed = pairs.iter().take(LISTED_PAIRS).enumerate();
                lines.extend(
                    listed.map(|(i, (s, z))| format!("  [{i}] {}", affine(**s, **z, "byte"))),
                );
                if pairs.len() > LISTED_PAIRS {
                    lines.push("  …".to_owned());
                }
            }
        }
    }
    for (output, scale) in graph.outputs.iter().zip(bundle.output_scales()) {
        let Some(scale) = scale else { continue };
        let line = affine(scale.scale(), scale.zero(), "integer");
        lines.push(format!("output {}: {line}", output.name));
    }
    lines
}

fn affine(scale: f64, zero: f64, of: &str) -> String {
    match (scale, zero) {
        (1.0, 0.0) => format!("the {of}"),
        (s, 0.0) => format!("{s} · {of}"),
        (s, z) if z < 0.0 => format!("{s} · ({of} + {})", -z),
        (s, z) => format!("{s} · ({of} - {z})"),
    }
}

impl ModelSummary {
    /// Describes a bundle.
    ///
    /// # Errors
    /// None for a bundle that was made or decoded: its graph is valid.
    pub fn new(bundle: &ModelBundle) -> Result<Self> {
        let graph = bundle.graph();
        let (shapes, ranges) = (graph.shapes()?, graph.ranges()?);
        let bits = graph.bit_tensors();
        let row = |name: &str, what: String, inputs: &[TensorId], t: TensorId| TensorSummary {
            name: name.to_owned(),
            what,
            inputs: inputs.to_vec(),
            shape: shapes.get(t.0).cloned().unwrap_or_default(),
            range: ranges.get(t.0).copied().unwrap_or(Range { min: 0, max: 0 }),
        };
        let mut parameters = 0usize;
        let mut nodes = Vec::with_capacity(graph.nodes.len());
        for (i, node) in graph.nodes.iter().enumerate() {
            let summary = row(
                &node.name,
                describe(&node.op),
                &node.inputs,
                graph.node_tensor(i),
            );
            parameters += constants(&node.op);
            nodes.push(summary);
        }
        let inputs = graph.inputs.iter().enumerate();
        let inputs = inputs
            .map(|(i, input)| row(&input.name, input.dtype.name().to_owned(), &[], TensorId(i)))
            .collect();
        let kind = |t: TensorId| {
            if bits.get(t.0) == Some(&true) {
                "bits"
            } else {
                "integers"
            }
        };
        let outputs = graph.outputs.iter();
        let outputs = outputs
            .map(|o| row(&o.name, kind(o.tensor).to_owned(), &[o.tensor], o.tensor))
            .collect();
        Ok(Self {
            schema: bundle.schema().to_owned(),
            digest: bundle.digest(),
            bytes: bundle.encode().len(),
            parameters,
            multiplications: graph.multiplications(),
            inputs,
            nodes,
            outputs,
            scales: scales(bundle),
        })
    }
}

/// Number of constants that an operator computes with.
fn constants(op: &Op) -> usize {
    match op {
        Op::Conv { weight, bias, .. } | Op::Dense { weight, bias } => {
            weight.values.len() + bias.as_ref().map_or(0, Vec::len)
        }
        Op::AddConst { value } | Op::MulConst { value } => value.values.len(),
        Op::Add { coefficients } => coefficients.len(),
        Op::Table { values, .. } => values.len(),
        _ => 0,
    }
}

fn describe(op: &Op) -> String {
    let with_bias = |bias: &Option<Vec<i64>>| if bias.is_some() { ", bias" } else { "" };
    match op {
        Op::Conv {
            weight,
            bias,
            strides,
            dilations,
            groups,
        } => {
            let bias = with_bias(bias);
            let dilations = match dilations {
                [1, 1] => String::new(),
                [dh, dw] => format!(" dilation {dh}x{dw}"),
            };
            let groups = if *groups == 1 {
                String::new()
            } else {
                format!(", groups {groups}")
            };
            format!(
                "Conv {} stride {}x{}{dilations}{bias}{groups}",
                dims(&weight.shape),
                strides[0],
                strides[1]
            )
        }
        Op::Slice { axis, start, end } => format!("Slice axis {axis} [{start}..{end}]"),
        Op::Concat { axis } => format!("Concat axis {axis}"),
        Op::Pad {
            axis,
            before,
            after,
            mode,
        } => match mode {
            PadMode::Wrap => format!("Pad axis {axis} wrap {before}+{after}"),
            PadMode::Constant(c) => format!("Pad axis {axis} with {c}, {before}+{after}"),
        },
        Op::Reshape { .. } => "Reshape".to_owned(),
        Op::Transpose { perm } => format!("Transpose {perm:?}"),
        Op::AddConst { value } => format!("AddConst {}", dims(&value.shape)),
        Op::MulConst { value } => format!("MulConst {}", dims(&value.shape)),
        Op::Dense { weight, bias } => format!("Dense {}{}", dims(&weight.shape), with_bias(bias)),
        Op::Add { coefficients } => format!("Add {}", few(coefficients)),
        Op::Sum { axes } => format!("Sum axes {axes:?}"),
        Op::Gather { axis, indices } => format!("Gather axis {axis} {}", few(indices)),
        Op::Table {
            offset,
            divisor,
            first,
            values,
        } => {
            let sign = if *offset < 0 { '-' } else { '+' };
            let last = first.saturating_add(values.len() as i64 - 1);
            format!(
                "Table (x{sign}{})/{divisor} in {first}..={last}",
                offset.unsigned_abs()
            )
        }
        Op::Positive | Op::Mul | Op::MatMul | Op::Max | Op::Where => op.name().to_owned(),
    }
}

/// A list, or how long it is.
fn few(list: &[impl fmt::Debug]) -> String {
    if list.len() <= 4 {
        format!("{list:?}")
    } else {
        format!("[{} numbers]", list.len())
    }
}

fn dims(shape: &[usize]) -> String {
    let dims: Vec<String> = shape.iter().map(ToString::to_string).collect();
    if dims.is_empty() {
        "scalar".to_owned()
    } else {
        dims.join("x")
    }
}

impl fmt::Display for ModelSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex: String = self.digest.iter().map(|b| format!("{b:02x}")).collect();
        writeln!(f, "schema      {}", self.schema)?;
        writeln!(f, "digest      {hex}")?;
        writeln!(f, "bundle      {} bytes", self.bytes)?;
        writeln!(f, "parameters  {}", self.parameters)?;
        writeln!(f, "products    {}", self.multiplications)?;
        let mut row = |id: String, t: &TensorSummary, from: &str| {
            let range = format!("{}..{}", t.range.min, t.range.max);
            let shape = dims(&t.shape);
            writeln!(
                f,
                "{id:>4}  {:<16} {:<34} {from:<12} {shape:<16} {range}",
                t.name, t.what
            )
        };
        for (i, t) in self.inputs.iter().enumerate() {
            row(format!("%{i}"), t, "input")?;
        }
        for (i, t) in self.nodes.iter().enumerate() {
            let from: Vec<String> = t.inputs.iter().map(|t| format!("%{}", t.0)).collect();
            row(format!("%{}", self.inputs.len() + i), t, &from.join(" "))?;
        }
        for t in &self.outputs {
            let from = t
                .inputs
                .first()
                .map_or(String::new(), |t| format!("= %{}", t.0));
            row("out".to_owned(), t, &from)?;
        }
        if !self.scales.is_empty() {
            writeln!(f, "real values")?;
        }
        for line in &self.scales {
            writeln!(f, "      {line}")?;
        }
        Ok(())
    }
}

impl Graph {
    /// Number of multiplications of one run, 0 for an invalid graph.
    #[must_use]
    pub fn multiplications(&self) -> u64 {
        let Ok(shapes) = self.shapes() else { return 0 };
        let made = shapes.iter().skip(self.inputs.len());
        self.nodes
            .iter()
            .zip(made)
            .filter(|(node, _)| !matches!(node.op, Op::Sum { .. }))
            .map(|(node, shape)| {
                let inputs = node.inputs.iter();
                let inputs: Vec<&[usize]> = inputs
                    .filter_map(|t| shapes.get(t.0).map(Vec::as_slice))
                    .collect();
                work(&node.op, &inputs, shape.iter().product())
            })
            .sum()
    }
}
