//! Gate and lookup expressions as one list of shared nodes.
//!
//! A node refers only to earlier nodes, so evaluation is one pass over the list: no recursion,
//! whatever the depth. The list has no two equal nodes and none that nothing uses, which makes its
//! encoding canonical.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;

use crate::codec::{range, scalar_to_bytes, Reader};
use crate::Error;

/// One node; operands are positions in the node list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// Entry of the constant table.
    Constant(u16),
    /// Evaluation of an advice query.
    Advice(u16),
    /// Evaluation of a fixed query.
    Fixed(u16),
    /// Evaluation of an instance query.
    Instance(u16),
    /// A phase challenge.
    Challenge(u16),
    /// Additive inverse.
    Negate(u16),
    /// Sum.
    Add(u16, u16),
    /// Difference.
    Sub(u16, u16),
    /// Product.
    Mul(u16, u16),
}

impl Node {
    /// Bytes of an encoded node: an opcode and two u16 operands, the second zero if not used.
    pub const LEN: usize = 5;

    fn parts(self) -> (u8, u16, u16) {
        match self {
            Self::Constant(a) => (0, a, 0),
            Self::Advice(a) => (1, a, 0),
            Self::Fixed(a) => (2, a, 0),
            Self::Instance(a) => (3, a, 0),
            Self::Challenge(a) => (4, a, 0),
            Self::Negate(a) => (5, a, 0),
            Self::Add(a, b) => (6, a, b),
            Self::Sub(a, b) => (7, a, b),
            Self::Mul(a, b) => (8, a, b),
        }
    }

    /// Positions of the nodes that this one uses.
    pub fn operands(self) -> [Option<u16>; 2] {
        match self {
            Self::Negate(a) => [Some(a), None],
            Self::Add(a, b) | Self::Sub(a, b) | Self::Mul(a, b) => [Some(a), Some(b)],
            _ => [None, None],
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let opcode = reader.u8("node opcode")?;
        let (a, b) = (reader.u16("node operand")?, reader.u16("node operand")?);
        if opcode < 6 && b != 0 {
            return Err(range("second operand of a unary node", b.into(), 0, 0));
        }
        Ok(match opcode {
            0 => Self::Constant(a),
            1 => Self::Advice(a),
            2 => Self::Fixed(a),
            3 => Self::Instance(a),
            4 => Self::Challenge(a),
            5 => Self::Negate(a),
            6 => Self::Add(a, b),
            7 => Self::Sub(a, b),
            8 => Self::Mul(a, b),
            other => return Err(range("node opcode", other.into(), 0, 8)),
        })
    }
}

/// Constants and nodes of all expressions of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Constant table, without repetition.
    pub constants: Vec<Fr>,
    /// Nodes, operands first.
    pub nodes: Vec<Node>,
}

/// Sizes that the leaves of a program refer to.
#[derive(Clone, Copy, Debug)]
pub struct Leaves {
    /// Number of advice queries.
    pub advice: usize,
    /// Number of fixed queries.
    pub fixed: usize,
    /// Number of instance queries.
    pub instance: usize,
    /// Number of phase challenges.
    pub challenges: usize,
}

/// Values of the leaves at the evaluation point.
#[derive(Clone, Copy)]
pub(crate) struct LeafValues<'a> {
    pub(crate) advice: &'a [Fr],
    pub(crate) fixed: &'a [Fr],
    pub(crate) instance: &'a [Fr],
    pub(crate) challenges: &'a [Fr],
}

pub(crate) fn at(values: &[Fr], index: usize, field: &'static str) -> Result<Fr, Error> {
    values.get(index).copied().ok_or(Error::Position { field })
}

impl Program {
    /// Most nodes of a program.
    pub const MAX_NODES: usize = u16::MAX as usize;

    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.constants.len() as u16).to_le_bytes());
        for constant in &self.constants {
            out.extend_from_slice(&scalar_to_bytes(constant));
        }
        out.extend_from_slice(&(self.nodes.len() as u16).to_le_bytes());
        for node in &self.nodes {
            let (opcode, a, b) = node.parts();
            out.push(opcode);
            out.extend_from_slice(&a.to_le_bytes());
            out.extend_from_slice(&b.to_le_bytes());
        }
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let count = reader.u16("constants")?.into();
        let constants = reader.list(count, 32, "constants", |r| r.scalar("constant"))?;
        let count = reader.u16("nodes")?.into();
        let nodes = reader.list(count, Node::LEN, "nodes", Node::read)?;
        Ok(Self { constants, nodes })
    }

    /// Checks every reference, that nothing repeats and that `roots` reach everything; returns the
    /// degree of each node as a polynomial in the columns.
    ///
    /// # Errors
    /// [`Error::Range`], [`Error::Duplicate`], [`Error::Unused`].
    pub fn validate(&self, leaves: Leaves, roots: &[u16]) -> Result<Vec<u32>, Error> {
        for (field, len) in [
            ("constants", self.constants.len()),
            ("nodes", self.nodes.len()),
        ] {
            if len > Self::MAX_NODES {
                return Err(range(field, len as u64, 0, Self::MAX_NODES as u64));
            }
        }
        let mut used = vec![false; self.nodes.len()];
        let mut used_constants = vec![false; self.constants.len()];
        let mut degrees: Vec<u32> = Vec::with_capacity(self.nodes.len());
        let mut seen = BTreeSet::new();
        for (index, node) in self.nodes.iter().enumerate() {
            if !seen.insert(*node) {
                let (field, index) = ("nodes", index as u64);
                return Err(Error::Duplicate { field, index });
            }
            let mut operand = [0u32; 2];
            for (slot, position) in operand
                .iter_mut()
                .zip(node.operands().into_iter().flatten())
            {
                let position = bounded("node operand", position, index)?;
                *slot = degrees.get(position).copied().unwrap_or_default();
                mark(&mut used, position);
            }
            degrees.push(match *node {
                Node::Constant(i) => {
                    let i = bounded("constant of a node", i, self.constants.len())?;
                    mark(&mut used_constants, i);
                    0
                }
                Node::Advice(i) => {
                    bounded("advice query of a node", i, leaves.advice).map(|_| 1)?
                }
                Node::Fixed(i) => bounded("fixed query of a node", i, leaves.fixed).map(|_| 1)?,
                Node::Instance(i) => {
                    bounded("instance query of a node", i, leaves.instance).map(|_| 1)?
                }
                Node::Challenge(i) => {
                    bounded("challenge of a node", i, leaves.challenges).map(|_| 0)?
                }
                Node::Negate(_) => operand[0],
                Node::Add(..) | Node::Sub(..) => operand[0].max(operand[1]),
                Node::Mul(..) => operand[0].saturating_add(operand[1]),
            });
        }
        for root in roots {
            mark(
                &mut used,
                bounded("root expression", *root, self.nodes.len())?,
            );
        }
        let mut constants = BTreeSet::new();
        for (index, constant) in self.constants.iter().enumerate() {
            if !constants.insert(scalar_to_bytes(constant)) {
                let (field, index) = ("constants", index as u64);
                return Err(Error::Duplicate { field, index });
            }
        }
        all_used(&used, "nodes")?;
        all_used(&used_constants, "constants")?;
        Ok(degrees)
    }

    /// The value of every node.
    pub(crate) fn evaluate(&self, leaves: LeafValues<'_>) -> Result<Vec<Fr>, Error> {
        let mut values: Vec<Fr> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let mut operand = [Fr::ZERO; 2];
            for (slot, index) in operand
                .iter_mut()
                .zip(node.operands().into_iter().flatten())
            {
                *slot = at(&values, index.into(), "nodes")?;
            }
            let [a, b] = operand;
            values.push(match *node {
                Node::Constant(i) => at(&self.constants, i.into(), "constants")?,
                Node::Advice(i) => at(leaves.advice, i.into(), "advice queries")?,
                Node::Fixed(i) => at(leaves.fixed, i.into(), "fixed queries")?,
                Node::Instance(i) => at(leaves.instance, i.into(), "instance queries")?,
                Node::Challenge(i) => at(leaves.challenges, i.into(), "challenges")?,
                Node::Negate(_) => -a,
                Node::Add(..) => a + b,
                Node::Sub(..) => a - b,
                Node::Mul(..) => a * b,
            });
        }
        Ok(values)
    }
}

fn bounded(field: &'static str, index: u16, len: usize) -> Result<usize, Error> {
    let position = usize::from(index);
    if position < len {
        return Ok(position);
    }
    Err(range(
        field,
        index.into(),
        0,
        (len as u64).saturating_sub(1),
    ))
}

fn mark(used: &mut [bool], index: usize) {
    if let Some(flag) = used.get_mut(index) {
        *flag = true;
    }
}

fn all_used(used: &[bool], field: &'static str) -> Result<(), Error> {
    match used.iter().position(|flag| !flag) {
        None => Ok(()),
        Some(index) => Err(Error::Unused {
            field,
            index: index as u64,
        }),
    }
}
