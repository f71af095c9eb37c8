//! From halo2's verifying key to the description that the small verifier and contracts read.

use std::cell::RefCell;
use std::collections::HashMap;

use halo2_proofs::halo2curves::bn256::{Fq, Fr, G1Affine, G2Affine};
use halo2_proofs::halo2curves::ff::{Field, PrimeField};
use halo2_proofs::halo2curves::group::prime::PrimeCurveAffine;
use halo2_proofs::halo2curves::CurveAffine;
use halo2_proofs::plonk::{Any, Expression, VerifyingKey as HaloKey};
use halo2_proofs::poly::Rotation;
use verilens_verifier::codec::{self, Reader};
use verilens_verifier::expression::{Node, Program};
use verilens_verifier::{
    ColumnKind, Description, Error as KeyError, Lookup, PermutationColumn, Query, VerifyingKey,
};

use crate::transcript::{coordinates, scalar_to_bytes};

/// Why a halo2 key has no description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescribeError {
    /// A selector is left in an expression: the key does not come from halo2's key generation.
    #[error("expressions: a selector that key generation should have replaced")]
    Selector,
    /// An expression reads a cell that the constraint system does not list as a query.
    #[error("expressions: a cell that is not among the queries")]
    UnlistedQuery,
    /// More distinct nodes, columns or queries than the format has room for.
    #[error("{field}: more than the format has room for")]
    TooMany {
        /// Which list.
        field: &'static str,
    },
    /// The degree at key generation differs from that of the constraint system now (halo2-axiom
    /// caps it by the environment variable `MAX_DEGREE`).
    #[error("degree: {domain} in the domain, {system} in the constraint system")]
    Degree {
        /// Degree that the domain was made for.
        domain: u64,
        /// Degree of the constraint system.
        system: u64,
    },
    /// The description is refused by the verifier.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The points of the SRS that a verifier needs.
#[derive(Clone, Copy, Debug)]
pub struct SrsPoints {
    /// Generator of G1.
    pub g1: G1Affine,
    /// Generator of G2.
    pub g2: G2Affine,
    /// tau times the generator of G2.
    pub s_g2: G2Affine,
}

/// What a key file says beside the constraint system.
#[derive(Clone, Debug)]
pub struct Labels {
    /// Statement word.
    pub statement: [u8; 32],
    /// Digest of the model.
    pub model_digest: [u8; 32],
    /// Digest of the SRS.
    pub srs_digest: [u8; 32],
    /// The SRS is for tests only.
    pub insecure_srs: bool,
    /// Exact number of words of each instance column.
    pub instance_lens: Vec<u32>,
}

/// Describes a halo2 key.
///
/// # Errors
/// [`DescribeError`]; among them [`KeyError::Range`] on "gate degree" when a gate's degree exceeds
/// what halo2-axiom made room for (call `set_minimum_degree` for gates above degree 5).
pub fn describe(
    key: &HaloKey<G1Affine>,
    srs: &SrsPoints,
    labels: &Labels,
) -> Result<VerifyingKey, DescribeError> {
    let (system, domain) = (key.cs(), key.get_domain());
    let degree = domain.get_quotient_poly_degree() as u64 + 1;
    if degree != system.degree() as u64 {
        return Err(DescribeError::Degree {
            domain: degree,
            system: system.degree() as u64,
        });
    }
    let advice_queries = queries(system.advice_queries().iter().map(|(c, r)| (c.index(), *r)))?;
    let fixed_queries = queries(system.fixed_queries().iter().map(|(c, r)| (c.index(), *r)))?;
    let instance_queries = queries(
        system
            .instance_queries()
            .iter()
            .map(|(c, r)| (c.index(), *r)),
    )?;

    let builder = Builder::new(&advice_queries, &fixed_queries, &instance_queries);
    let mut gates = Vec::new();
    for polynomial in system.gates().iter().flat_map(|gate| gate.polynomials()) {
        gates.push(builder.expression(polynomial)?);
    }
    let mut lookups = Vec::new();
    for lookup in system.lookups() {
        let side = |expressions: &[Expression<Fr>]| {
            let nodes = expressions.iter().map(|e| builder.expression(e));
            nodes.collect::<Result<Vec<_>, _>>()
        };
        lookups.push((
            side(lookup.input_expressions())?,
            side(lookup.table_expressions())?,
        ));
    }
    let (program, position) = builder.finish(
        gates.iter().chain(
            lookups
                .iter()
                .flat_map(|(inputs, tables)| inputs.iter().chain(tables)),
        ),
    )?;
    let place = |nodes: &[usize]| -> Result<Vec<u16>, DescribeError> {
        let field = "expression nodes";
        let find = |node: &usize| position.get(node).copied();
        nodes
            .iter()
            .map(|node| find(node).ok_or(DescribeError::TooMany { field }))
            .collect()
    };

    let columns = system.permutation().get_columns();
    let mut permutation = Vec::with_capacity(columns.len());
    for column in &columns {
        permutation.push(PermutationColumn {
            kind: match column.column_type() {
                Any::Advice(_) => ColumnKind::Advice,
                Any::Fixed => ColumnKind::Fixed,
                Any::Instance => ColumnKind::Instance,
            },
            column: narrow(column.index(), "permutation columns")?,
        });
    }
    let description = Description {
        statement: labels.statement,
        model_digest: labels.model_digest,
        srs_digest: labels.srs_digest,
        insecure_srs: labels.insecure_srs,
        transcript_repr: scalar(&key.transcript_repr())?,
        g1: g1(&srs.g1)?,
        g2: g2(&srs.g2)?,
        s_g2: g2(&srs.s_g2)?,
        k: u8::try_from(domain.k()).map_err(|_| DescribeError::TooMany { field: "k" })?,
        degree: u8::try_from(degree).map_err(|_| DescribeError::TooMany { field: "degree" })?,
        blinding_factors: narrow(system.blinding_factors(), "blinding factors")?,
        advice_phases: system.advice_column_phase(),
        challenge_phases: system.challenge_phase(),
        instance_lens: labels.instance_lens.clone(),
        advice_queries,
        fixed_queries,
        instance_queries,
        fixed_columns: narrow(key.fixed_commitments().len(), "fixed columns")?,
        permutation,
        fold: 1,
        commitments: key
            .fixed_commitments()
            .iter()
            .chain(key.permutation().commitments())
            .map(g1)
            .collect::<Result<_, _>>()?,
        program,
        gates: place(&gates)?,
        lookups: lookups
            .iter()
            .map(|(inputs, tables)| {
                Ok(Lookup {
                    inputs: place(inputs)?,
                    tables: place(tables)?,
                })
            })
            .collect::<Result<_, DescribeError>>()?,
    };
    Ok(VerifyingKey::new(&description)?)
}

/// The same key with its columns committed together, `fold` at a time; see [`verilens_verifier::plan`].
///
/// # Errors
/// [`DescribeError::Key`] if a fixed column is not opened exactly at x, or the number of commitments is wrong.
pub(crate) fn folded(
    key: &VerifyingKey,
    fold: u8,
    commitments: &[G1Affine],
) -> Result<VerifyingKey, DescribeError> {
    let description = Description {
        fold,
        commitments: commitments.iter().map(g1).collect::<Result<_, _>>()?,
        ..key.description().clone()
    };
    Ok(VerifyingKey::new(&description)?)
}

fn narrow(value: usize, field: &'static str) -> Result<u16, DescribeError> {
    u16::try_from(value).map_err(|_| DescribeError::TooMany { field })
}

fn queries(queries: impl Iterator<Item = (usize, Rotation)>) -> Result<Vec<Query>, DescribeError> {
    queries
        .map(|(column, rotation)| {
            Ok(Query {
                column: narrow(column, "columns")?,
                rotation: rotation.0,
            })
        })
        .collect()
}

fn scalar(value: &Fr) -> Result<verilens_verifier::Fr, KeyError> {
    let field = "scalar";
    codec::scalar_from_bytes(&scalar_to_bytes(value)).ok_or(KeyError::Scalar { field })
}

fn g1(point: &G1Affine) -> Result<verilens_verifier::G1Affine, KeyError> {
    let words = coordinates(point).unwrap_or([[0; 32]; 2]);
    Reader::new(words.as_flattened()).g1("G1 point")
}

fn g2(point: &G2Affine) -> Result<verilens_verifier::G2Affine, KeyError> {
    let field = "G2 point";
    if bool::from(point.is_identity()) {
        return Err(KeyError::Identity { field });
    }
    let coordinates = point.coordinates();
    let Some(c) = Option::<halo2_proofs::halo2curves::Coordinates<G2Affine>>::from(coordinates)
    else {
        return Err(KeyError::Identity { field });
    };
    let word = |value: &Fq| {
        let mut bytes = value.to_repr();
        bytes.reverse();
        bytes
    };
    let (x, y) = (c.x(), c.y());
    let words = [word(&x.c1), word(&x.c0), word(&y.c1), word(&y.c0)];
    Reader::new(words.as_flattened()).g2(field)
}

/// A node while building: operands are builder positions, constants are values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Draft {
    Constant([u8; 32]),
    Leaf(ColumnKind, u16),
    Challenge(u16),
    Negate(usize),
    Add(usize, usize),
    Sub(usize, usize),
    Mul(usize, usize),
}

#[derive(Default)]
struct Drafts {
    nodes: Vec<Draft>,
    known: HashMap<Draft, usize>,
    constants: HashMap<usize, Fr>,
}

type Placed = Result<usize, DescribeError>;

impl Drafts {
    fn intern(&mut self, draft: Draft) -> usize {
        *self.known.entry(draft).or_insert_with(|| {
            self.nodes.push(draft);
            self.nodes.len() - 1
        })
    }

    fn constant(&mut self, value: Fr) -> usize {
        let node = self.intern(Draft::Constant(scalar_to_bytes(&value)));
        self.constants.insert(node, value);
        node
    }

    fn value(&self, node: usize) -> Option<Fr> {
        self.constants.get(&node).copied()
    }

    fn negate(&mut self, a: usize) -> usize {
        if let Some(value) = self.value(a) {
            return self.constant(-value);
        }
        match self.nodes.get(a) {
            Some(Draft::Negate(inner)) => *inner,
            _ => self.intern(Draft::Negate(a)),
        }
    }

    fn add(&mut self, a: usize, b: usize) -> usize {
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => return self.constant(x + y),
            (Some(x), None) if x == Fr::ZERO => return b,
            (None, Some(y)) if y == Fr::ZERO => return a,
            _ => {}
        }
        let negated = |node: usize| match self.nodes.get(node) {
            Some(Draft::Negate(inner)) => Some(*inner),
            _ => None,
        };
        match (negated(a), negated(b)) {
            (_, Some(b)) => self.intern(Draft::Sub(a, b)),
            (Some(a), None) => self.intern(Draft::Sub(b, a)),
            // Sums and products commute: one order, so that equal ones are shared.
            (None, None) => self.intern(Draft::Add(a.min(b), a.max(b))),
        }
    }

    fn mul(&mut self, a: usize, b: usize) -> usize {
        match (self.value(a), self.value(b)) {
            (Some(x), Some(y)) => return self.constant(x * y),
            (Some(x), None) if x == Fr::ONE => return b,
            (None, Some(y)) if y == Fr::ONE => return a,
            (Some(x), None) if x == Fr::ZERO => return a,
            (None, Some(y)) if y == Fr::ZERO => return b,
            _ => {}
        }
        self.intern(Draft::Mul(a.min(b), a.max(b)))
    }
}

struct Builder {
    drafts: RefCell<Drafts>,
    leaves: HashMap<(ColumnKind, usize, i32), u16>,
}

impl Builder {
    fn new(advice: &[Query], fixed: &[Query], instance: &[Query]) -> Self {
        let mut leaves = HashMap::new();
        for (kind, queries) in [
            (ColumnKind::Advice, advice),
            (ColumnKind::Fixed, fixed),
            (ColumnKind::Instance, instance),
        ] {
            for (index, query) in (0..=u16::MAX).zip(queries) {
                leaves.insert((kind, query.column.into(), query.rotation), index);
            }
        }
        Self {
            drafts: RefCell::default(),
            leaves,
        }
    }

    fn leaf(&self, kind: ColumnKind, column: usize, rotation: Rotation) -> Placed {
        let index = self.leaves.get(&(kind, column, rotation.0));
        let index = *index.ok_or(DescribeError::UnlistedQuery)?;
        Ok(self.drafts.borrow_mut().intern(Draft::Leaf(kind, index)))
    }

    fn expression(&self, expression: &Expression<Fr>) -> Placed {
        let drafts = &self.drafts;
        expression.evaluate(
            &|value| Ok(drafts.borrow_mut().constant(value)),
            &|_| Err(DescribeError::Selector),
            &|query| self.leaf(ColumnKind::Fixed, query.column_index(), query.rotation()),
            &|query| self.leaf(ColumnKind::Advice, query.column_index(), query.rotation()),
            &|query| self.leaf(ColumnKind::Instance, query.column_index(), query.rotation()),
            &|challenge| {
                let index = narrow(challenge.index(), "challenges")?;
                Ok(drafts.borrow_mut().intern(Draft::Challenge(index)))
            },
            &|a: Placed| Ok(drafts.borrow_mut().negate(a?)),
            &|a: Placed, b: Placed| Ok(drafts.borrow_mut().add(a?, b?)),
            &|a: Placed, b: Placed| Ok(drafts.borrow_mut().mul(a?, b?)),
            &|a: Placed, scale| {
                let mut drafts = drafts.borrow_mut();
                let scale = drafts.constant(scale);
                Ok(drafts.mul(a?, scale))
            },
        )
    }

    /// Keeps what the roots reach; returns the program and the place of each kept draft.
    fn finish<'a>(
        self,
        roots: impl Iterator<Item = &'a usize>,
    ) -> Result<(Program, HashMap<usize, u16>), DescribeError> {
        let drafts = self.drafts.into_inner();
        let mut used = vec![false; drafts.nodes.len()];
        for root in roots {
            used[*root] = true;
        }
        for (index, draft) in drafts.nodes.iter().enumerate().rev() {
            if !used[index] {
                continue;
            }
            match *draft {
                Draft::Negate(a) => used[a] = true,
                Draft::Add(a, b) | Draft::Sub(a, b) | Draft::Mul(a, b) => {
                    used[a] = true;
                    used[b] = true;
                }
                _ => {}
            }
        }
        let mut program = Program::default();
        let mut position = HashMap::new();
        let room = |len: usize, field| {
            let fits = len < Program::MAX_NODES;
            fits.then_some(len as u16)
                .ok_or(DescribeError::TooMany { field })
        };
        for (index, draft) in drafts.nodes.iter().enumerate().filter(|(i, _)| used[*i]) {
            let node = match *draft {
                Draft::Constant(bytes) => {
                    let at = room(program.constants.len(), "constants")?;
                    let value = codec::scalar_from_bytes(&bytes);
                    let field = "constant";
                    program
                        .constants
                        .push(value.ok_or(KeyError::Scalar { field })?);
                    Node::Constant(at)
                }
                Draft::Leaf(ColumnKind::Advice, i) => Node::Advice(i),
                Draft::Leaf(ColumnKind::Fixed, i) => Node::Fixed(i),
                Draft::Leaf(ColumnKind::Instance, i) => Node::Instance(i),
                Draft::Challenge(i) => Node::Challenge(i),
                Draft::Negate(a) => Node::Negate(position[&a]),
                Draft::Add(a, b) => Node::Add(position[&a], position[&b]),
                Draft::Sub(a, b) => Node::Sub(position[&a], position[&b]),
                Draft::Mul(a, b) => Node::Mul(position[&a], position[&b]),
            };
            position.insert(index, room(program.nodes.len(), "expression nodes")?);
            program.nodes.push(node);
        }
        Ok((program, position))
    }
}
