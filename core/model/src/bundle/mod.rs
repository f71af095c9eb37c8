//! The model bundle (`.vlm`): a schema name and a graph in canonical bytes. Its SHA-256 is the
//! model's name in the statement.
//!
//! Frame: `VLNS`, kind `MODL`, version 1, or 2 with scales (u32 LE), body length (u64 LE), body. The body
//! is laid out in `docs/models.md`.

mod ops;
mod scales;

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::error::GraphError;
use crate::graph::{DType, Graph, Input, Node, Output, TensorId};
use crate::scale::{InputScale, Scale};
use crate::shape::is_tensor_name;
use crate::wire::{Reader, Writer};

use ops::{read_op, write_op};
use scales::Scales;

const MAGIC: &[u8; 4] = b"VLNS";
const KIND: &[u8; 4] = b"MODL";
/// Without scales, and with some.
const VERSIONS: [u32; 2] = [1, 2];
const HEADER: usize = 20;

/// Why bytes are no model bundle.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The file does not start as a bundle of this version.
    #[error("model bundle: {field}: expected {expected}")]
    Header {
        /// Field of the frame.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The bytes end inside a field.
    #[error("model bundle: {field}: the file ends inside it")]
    Truncated {
        /// The field.
        field: &'static str,
    },
    /// Bytes after the last field.
    #[error("model bundle: bytes after the last field")]
    Trailing,
    /// A number or text that is not in its only encoding.
    #[error("model bundle: {field}: not in canonical form")]
    NonCanonical {
        /// The field.
        field: &'static str,
    },
    /// A length or number above its bound.
    #[error("model bundle: {field}: above its bound")]
    TooLong {
        /// The field.
        field: &'static str,
    },
    /// A code that names nothing.
    #[error("model bundle: {field}: unknown code {code}")]
    UnknownCode {
        /// The field.
        field: &'static str,
        /// The code.
        code: u64,
    },
    /// A schema name outside its alphabet.
    #[error("schema name: expected 1 to 64 bytes of [a-z0-9_./-]")]
    Schema,
    /// A scale that does not fit its input, or a list of scales that does not fit the graph.
    #[error("model bundle: scale of {end}: expected {expected}")]
    Scale {
        /// The input or output.
        end: String,
        /// The rule.
        expected: &'static str,
    },
    /// The graph breaks a rule.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

type Result<T> = std::result::Result<T, BundleError>;

/// A public model: the schema of the captures that it reads, a valid graph, and what its inputs' bytes and outputs' integers stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelBundle {
    schema: String,
    graph: Graph,
    scales: Scales,
}

impl ModelBundle {
    /// Checks the schema name (1 to 64 bytes of `[a-z0-9_./-]`) and the graph.
    ///
    /// # Errors
    /// [`BundleError::Schema`], [`BundleError::Graph`].
    pub fn new(schema: &str, graph: Graph) -> Result<Self> {
        if !is_tensor_name(schema) {
            return Err(BundleError::Schema);
        }
        graph.validate()?;
        Ok(Self {
            schema: schema.to_owned(),
            scales: Scales::none(&graph),
            graph,
        })
    }

    /// The same model, with a scale or none for each input and output. They are part of the bundle's bytes, and so of its digest.
    ///
    /// # Errors
    /// [`BundleError::Scale`].
    pub fn with_scales(
        self,
        inputs: Vec<Option<InputScale>>,
        outputs: Vec<Option<Scale>>,
    ) -> Result<Self> {
        let scales = Scales { inputs, outputs };
        scales.check(&self.graph)?;
        Ok(Self { scales, ..self })
    }

    /// Schema of the captures that the model reads.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The graph; it is valid.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// How each input's real values become bytes, where the bundle says so.
    #[must_use]
    pub fn input_scales(&self) -> &[Option<InputScale>] {
        &self.scales.inputs
    }

    /// The scale of an input, by its name.
    #[must_use]
    pub fn input_scale(&self, name: &str) -> Option<&InputScale> {
        let place = self.graph.inputs.iter().position(|i| i.name == name)?;
        self.scales.inputs.get(place)?.as_ref()
    }

    /// What each output's integers stand for, where the bundle says so.
    #[must_use]
    pub fn output_scales(&self) -> &[Option<Scale>] {
        &self.scales.outputs
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let body = self.body();
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(KIND);
        let [plain, scaled] = VERSIONS;
        let version = if self.scales.any() { scaled } else { plain };
        bytes.extend_from_slice(&version.to_le_bytes());
        bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&body);
        bytes
    }

    /// Reads canonical bytes and checks everything in them.
    ///
    /// # Errors
    /// Any [`BundleError`]; a bundle that decodes encodes to the same bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (header, body) = bytes
            .split_at_checked(HEADER)
            .ok_or(BundleError::Truncated { field: "header" })?;
        let field = |range: std::ops::Range<usize>| header.get(range).unwrap_or(&[]);
        let check = |ok: bool, field, expected| {
            if ok {
                Ok(())
            } else {
                Err(BundleError::Header { field, expected })
            }
        };
        check(field(0..4) == MAGIC, "magic", "VLNS")?;
        check(field(4..8) == KIND, "kind", "MODL")?;
        let version = VERSIONS.map(|v| field(8..12) == v.to_le_bytes());
        check(version.contains(&true), "version", "1 or 2")?;
        let length = (body.len() as u64).to_le_bytes();
        check(
            field(12..20) == length,
            "length",
            "the number of bytes that follow",
        )?;
        let mut r = Reader::new(body);
        let schema = r.text(Graph::MAX_NAME, "schema")?;
        let graph = read_graph(&mut r)?;
        let scales = match version {
            [_, true] => Scales::read(&mut r, &graph)?,
            _ => Scales::none(&graph),
        };
        if !r.is_empty() {
            return Err(BundleError::Trailing);
        }
        // One bundle has one encoding: without scales it has the older version.
        if version[1] && !scales.any() {
            return Err(BundleError::NonCanonical { field: "version" });
        }
        Self::new(&schema, graph)?.with_scales(scales.inputs, scales.outputs)
    }

    /// SHA-256 of the canonical bytes.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.encode()).into()
    }

    /// The digest as the statement's `model_digest`: top 3 bits cleared, read big-endian.
    #[must_use]
    pub fn field_digest(&self) -> [u8; 32] {
        let mut digest = self.digest();
        digest[0] &= 0x1f;
        digest
    }

    fn body(&self) -> Vec<u8> {
        let mut w = Writer::default();
        w.text(&self.schema);
        w.size(self.graph.inputs.len());
        for input in &self.graph.inputs {
            w.text(&input.name);
            w.uint(match input.dtype {
                DType::Uint8 => 1,
                DType::Bool => 2,
            });
            w.sizes(&input.shape);
        }
        w.size(self.graph.nodes.len());
        for node in &self.graph.nodes {
            w.text(&node.name);
            w.size(node.inputs.len());
            node.inputs.iter().for_each(|t| w.size(t.0));
            write_op(&mut w, &node.op);
        }
        w.size(self.graph.outputs.len());
        for output in &self.graph.outputs {
            w.text(&output.name);
            w.size(output.tensor.0);
        }
        if self.scales.any() {
            self.scales.write(&mut w);
        }
        w.into_bytes()
    }
}

fn read_graph(r: &mut Reader<'_>) -> Result<Graph> {
    let mut graph = Graph::default();
    for _ in 0..r.count(Graph::MAX_ENDS, "inputs")? {
        graph.inputs.push(Input {
            name: r.text(Graph::MAX_NAME, "input name")?,
            dtype: match r.uint("input type")? {
                1 => DType::Uint8,
                2 => DType::Bool,
                code => {
                    return Err(BundleError::UnknownCode {
                        field: "input type",
                        code,
                    })
                }
            },
            shape: r.sizes(Graph::MAX_RANK, "input shape")?,
        });
    }
    for _ in 0..r.count(Graph::MAX_NODES, "nodes")? {
        let name = r.text(Graph::MAX_NODE_NAME, "node name")?;
        let inputs = r
            .sizes(Graph::MAX_NODES, "node inputs")?
            .into_iter()
            .map(TensorId)
            .collect();
        graph.nodes.push(Node {
            name,
            op: read_op(r)?,
            inputs,
        });
    }
    for _ in 0..r.count(Graph::MAX_ENDS, "outputs")? {
        graph.outputs.push(Output {
            name: r.text(Graph::MAX_NAME, "output name")?,
            tensor: TensorId(r.size("output tensor")?),
        });
    }
    Ok(graph)
}
