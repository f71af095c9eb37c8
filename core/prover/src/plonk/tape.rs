//! The key's constraint program, compiled for evaluation on many rows.
//!
//! A verifying key lists its gates as nodes over column queries, constants and challenges. Nodes without a column are
//! computed once a proof. The rest become steps over blocks of rows, so that decoding a step costs nothing beside
//! the arithmetic, with registers that are reused and stay in cache. Gates that share a factor (their selector) are
//! summed before they are multiplied by it.
use std::collections::HashMap;

use halo2_proofs::halo2curves::bn256::Fr;
use verilens_circuit::field::from_ark;
use verilens_verifier::{
    expression::{Node, Program},
    Description,
};

mod run;

pub(crate) use run::Scratch;

/// Rows evaluated together.
pub(crate) const BLOCK: usize = 64;

/// A value with one element a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operand {
    Register(u16),
    /// A query: advice, then fixed, then instance queries, in the key's order.
    Leaf(u16),
}

/// What a node is before it has a place.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The same on all rows: position among the scalars.
    Scalar(u16),
    Leaf(u16),
    /// Computed by a step.
    Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Add(u16, Operand, Operand),
    Sub(u16, Operand, Operand),
    Mul(u16, Operand, Operand),
    Negate(u16, Operand),
    AddScalar(u16, Operand, u16),
    /// Scalar less operand.
    FromScalar(u16, Operand, u16),
    Scale(u16, Operand, u16),
    /// Adds an operand, weighted by a gate's power of y, to a group's sum.
    Gather {
        group: u16,
        of: Operand,
        gate: u16,
    },
    /// Adds a group's sum, times its factor, to the total.
    Close {
        group: u16,
        factor: Option<Operand>,
    },
}

/// How to compute a scalar.
#[derive(Clone, Copy, Debug)]
enum Scalar {
    Constant(Fr),
    Challenge(u16),
    Negate(u16),
    Add(u16, u16),
    Sub(u16, u16),
    Mul(u16, u16),
}

/// The compiled program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tape {
    scalars: Vec<Scalar>,
    steps: Vec<Step>,
    registers: usize,
    groups: usize,
    /// Gates that are the same on all rows: (gate, scalar).
    constants: Vec<(u16, u16)>,
}

/// Gates under one factor.
struct Group {
    factor: Option<u16>,
    /// (node, gate)
    parts: Vec<(u16, u16)>,
}

impl Tape {
    /// Compiles a validated description's gates.
    pub(crate) fn new(key: &Description) -> Self {
        let queries = [key.advice_queries.len(), key.fixed_queries.len()];
        Self::compile(&key.program, &key.gates, queries)
    }

    /// Compiles `gates` of a program with so many advice and fixed queries.
    fn compile(program: &Program, gates: &[u16], queries: [usize; 2]) -> Self {
        let mut tape = Self::default();
        let kinds = tape.classify(program, queries);
        let groups = tape.group(program, gates, &kinds);
        tape.groups = groups.len();
        tape.emit(program, &kinds, &groups);
        tape
    }

    fn classify(&mut self, program: &Program, [advice, fixed]: [usize; 2]) -> Vec<Kind> {
        let Program { constants, nodes } = program;
        // Keys hold fewer than 2^15 queries.
        let (fixed, instance) = (advice as u16, (advice + fixed) as u16);
        let mut kinds: Vec<Kind> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let scalar = |i: u16| match kinds.get(usize::from(i)) {
                Some(Kind::Scalar(s)) => Some(*s),
                _ => None,
            };
            let both = |a, b| scalar(a).zip(scalar(b));
            let found = match *node {
                Node::Constant(i) => constants
                    .get(usize::from(i))
                    .map(|value| Scalar::Constant(from_ark(value))),
                Node::Challenge(i) => Some(Scalar::Challenge(i)),
                Node::Negate(a) => scalar(a).map(Scalar::Negate),
                Node::Add(a, b) => both(a, b).map(|(a, b)| Scalar::Add(a, b)),
                Node::Sub(a, b) => both(a, b).map(|(a, b)| Scalar::Sub(a, b)),
                Node::Mul(a, b) => both(a, b).map(|(a, b)| Scalar::Mul(a, b)),
                Node::Advice(_) | Node::Fixed(_) | Node::Instance(_) => None,
            };
            kinds.push(match (found, *node) {
                (Some(scalar), _) => {
                    self.scalars.push(scalar);
                    Kind::Scalar(self.scalars.len() as u16 - 1)
                }
                (None, Node::Advice(i)) => Kind::Leaf(i),
                (None, Node::Fixed(i)) => Kind::Leaf(fixed + i),
                (None, Node::Instance(i)) => Kind::Leaf(instance + i),
                (None, _) => Kind::Step,
            });
        }
        kinds
    }

    fn group(&mut self, program: &Program, gates: &[u16], kinds: &[Kind]) -> Vec<Group> {
        let kind = |node: u16| kinds.get(usize::from(node)).copied();
        let is_scalar = |node: u16| matches!(kind(node), Some(Kind::Scalar(_)));
        // A gate's two factors, where it is a product of columns.
        let factors = |gate: u16| match program.nodes.get(usize::from(gate)) {
            Some(Node::Mul(a, b)) if !is_scalar(*a) && !is_scalar(*b) => Some((*a, *b)),
            _ => None,
        };
        let mut uses: HashMap<u16, usize> = HashMap::new();
        for (a, b) in gates.iter().filter_map(|gate| factors(*gate)) {
            *uses.entry(a).or_default() += 1;
            *uses.entry(b).or_default() += 1;
        }
        let count = |node: u16| uses.get(&node).copied().unwrap_or(0);
        let mut groups: Vec<Group> = Vec::new();
        let mut positions: HashMap<Option<u16>, usize> = HashMap::new();
        for (number, gate) in (0u16..).zip(gates) {
            if let Some(Kind::Scalar(scalar)) = kind(*gate) {
                self.constants.push((number, scalar));
                continue;
            }
            let (factor, part) = match factors(*gate) {
                Some((a, b)) if count(a) >= count(b) => (Some(a), b),
                Some((a, b)) => (Some(b), a),
                None => (None, *gate),
            };
            let position = *positions.entry(factor).or_insert_with(|| {
                groups.push(Group {
                    factor,
                    parts: Vec::new(),
                });
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(position) {
                group.parts.push((part, number));
            }
        }
        groups
    }

    fn emit(&mut self, program: &Program, kinds: &[Kind], groups: &[Group]) {
        let nodes = &program.nodes;
        // When a group can be closed, and what each node is for.
        let mut parts: HashMap<u16, Vec<(u16, u16)>> = HashMap::new();
        let mut closing: Vec<Vec<u16>> = vec![Vec::new(); nodes.len()];
        let mut last_use: Vec<Option<usize>> = vec![None; nodes.len()];
        for (number, group) in (0u16..).zip(groups) {
            for (node, gate) in &group.parts {
                parts.entry(*node).or_default().push((number, *gate));
            }
            let members = group.parts.iter().map(|p| p.0).chain(group.factor);
            let close = members.max().unwrap_or(0);
            if let Some(list) = closing.get_mut(usize::from(close)) {
                list.push(number);
            }
            if let Some(node) = group.factor {
                mark(&mut last_use, node, close.into());
            }
            for (node, _) in &group.parts {
                mark(&mut last_use, *node, usize::from(*node));
            }
        }
        for (index, node) in nodes.iter().enumerate().rev() {
            let is_step = matches!(kinds.get(index), Some(Kind::Step));
            if is_step && last_use.get(index).is_some_and(Option::is_some) {
                for operand in node.operands().into_iter().flatten() {
                    mark(&mut last_use, operand, index);
                }
            }
        }
        let mut registers = Registers::default();
        let mut places: Vec<Option<Operand>> = vec![None; nodes.len()];
        for (index, node) in nodes.iter().enumerate() {
            if last_use.get(index).copied().flatten().is_none() {
                continue;
            }
            let place = match kinds.get(index) {
                Some(Kind::Leaf(leaf)) => Some(Operand::Leaf(*leaf)),
                Some(Kind::Step) => {
                    let register = registers.take();
                    self.push_step(*node, register, kinds, &places);
                    Some(Operand::Register(register))
                }
                _ => None,
            };
            if let Some(slot) = places.get_mut(index) {
                *slot = place;
            }
            if let Some(of) = place {
                for (group, gate) in parts.get(&(index as u16)).into_iter().flatten() {
                    self.steps.push(Step::Gather {
                        group: *group,
                        of,
                        gate: *gate,
                    });
                }
            }
            for number in closing.get(index).into_iter().flatten() {
                let factor = groups.get(usize::from(*number)).and_then(|g| g.factor);
                self.steps.push(Step::Close {
                    group: *number,
                    factor: factor.and_then(|f| places.get(usize::from(f)).copied().flatten()),
                });
            }
            // Registers are free again once their last reader is through.
            for candidate in node.operands().into_iter().flatten().chain([index as u16]) {
                release(&mut registers, &mut places, &last_use, candidate, index);
            }
            for number in closing.get(index).into_iter().flatten() {
                if let Some(factor) = groups.get(usize::from(*number)).and_then(|g| g.factor) {
                    release(&mut registers, &mut places, &last_use, factor, index);
                }
            }
        }
        self.registers = registers.made;
    }

    fn push_step(&mut self, node: Node, to: u16, kinds: &[Kind], places: &[Option<Operand>]) {
        let place = |i: u16| places.get(usize::from(i)).copied().flatten();
        let scalar = |i: u16| match kinds.get(usize::from(i)) {
            Some(Kind::Scalar(s)) => Some(*s),
            _ => None,
        };
        let step = match node {
            Node::Negate(a) => place(a).map(|a| Step::Negate(to, a)),
            Node::Add(a, b) => match (place(a), place(b)) {
                (Some(a), Some(b)) => Some(Step::Add(to, a, b)),
                (Some(a), None) => scalar(b).map(|b| Step::AddScalar(to, a, b)),
                (None, Some(b)) => scalar(a).map(|a| Step::AddScalar(to, b, a)),
                (None, None) => None,
            },
            Node::Sub(a, b) => match (place(a), place(b)) {
                (Some(a), Some(b)) => Some(Step::Sub(to, a, b)),
                (Some(a), None) => scalar(b).map(|b| {
                    self.scalars.push(Scalar::Negate(b));
                    Step::AddScalar(to, a, self.scalars.len() as u16 - 1)
                }),
                (None, Some(b)) => scalar(a).map(|a| Step::FromScalar(to, b, a)),
                (None, None) => None,
            },
            Node::Mul(a, b) => match (place(a), place(b)) {
                (Some(a), Some(b)) => Some(Step::Mul(to, a, b)),
                (Some(a), None) => scalar(b).map(|b| Step::Scale(to, a, b)),
                (None, Some(b)) => scalar(a).map(|a| Step::Scale(to, b, a)),
                (None, None) => None,
            },
            _ => None,
        };
        // Every operand of a node that is neither leaf nor scalar has a place or is a scalar.
        debug_assert!(step.is_some());
        self.steps.extend(step);
    }

    /// Products on each row, about.
    pub(crate) fn products(&self) -> usize {
        let product = |step: &&Step| {
            matches!(
                step,
                Step::Mul(..) | Step::Scale(..) | Step::Gather { .. } | Step::Close { .. }
            )
        };
        self.steps.iter().filter(product).count()
    }
}

fn mark(last_use: &mut [Option<usize>], node: u16, at: usize) {
    if let Some(slot) = last_use.get_mut(usize::from(node)) {
        *slot = Some(slot.map_or(at, |old| old.max(at)));
    }
}

fn release(
    registers: &mut Registers,
    places: &mut [Option<Operand>],
    last_use: &[Option<usize>],
    node: u16,
    now: usize,
) {
    let node = usize::from(node);
    if last_use.get(node).copied().flatten() != Some(now) {
        return;
    }
    if let Some(slot) = places.get_mut(node) {
        if let Some(Operand::Register(register)) = *slot {
            registers.free.push(register);
            *slot = None;
        }
    }
}

#[derive(Default)]
struct Registers {
    free: Vec<u16>,
    made: usize,
}

impl Registers {
    fn take(&mut self) -> u16 {
        self.free.pop().unwrap_or_else(|| {
            self.made += 1;
            self.made as u16 - 1
        })
    }
}

#[cfg(test)]
#[path = "tape_tests.rs"]
mod tests;
