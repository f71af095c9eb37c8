//! The key's expressions as code: shared nodes in memory words, everything else as nested expressions.

use verilens_verifier::expression::Node;
use verilens_verifier::plan::Plan;
use verilens_verifier::Description;

use super::code::{add, hex, load, mul, scalar, store, sub, Code};
use super::memory::Memory;
use super::R;

/// Stack words that a nested expression may take; the EVM reaches 16, some of which are locals.
const MAX_STACK: usize = 9;

/// Which nodes are kept in memory.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Position among the kept nodes.
    slots: Vec<Option<usize>>,
    /// How many are kept.
    pub count: usize,
}

impl Shared {
    /// Keeps nodes that are used more than once, that lookups need, and those too deep to nest.
    pub fn new(key: &Description) -> Self {
        let nodes = &key.program.nodes;
        let mut uses = vec![0usize; nodes.len()];
        let mut count_use = |index: u16| {
            if let Some(uses) = uses.get_mut(usize::from(index)) {
                *uses += 1;
            }
        };
        for node in nodes {
            node.operands()
                .into_iter()
                .flatten()
                .for_each(&mut count_use);
        }
        key.gates.iter().copied().for_each(&mut count_use);
        for lookup in &key.lookups {
            let sides = lookup.inputs.iter().chain(&lookup.tables);
            // Twice: the value is read again after all gates are done.
            sides.copied().for_each(|node| {
                count_use(node);
                count_use(node);
            });
        }
        let mut depths = vec![1usize; nodes.len()];
        let mut slots = vec![None; nodes.len()];
        let mut count = 0;
        for (i, node) in nodes.iter().enumerate() {
            let depth_of = |index: u16| depths.get(usize::from(index)).copied().unwrap_or(1);
            let depth = match *node {
                Node::Negate(a) => depth_of(a),
                Node::Add(a, b) | Node::Mul(a, b) => {
                    let (a, b) = (depth_of(a), depth_of(b));
                    // The deeper operand is evaluated first.
                    (a.max(b) + 1).max(a.min(b) + 2)
                }
                Node::Sub(a, b) => (depth_of(a) + 2).max(depth_of(b) + 1),
                _ => continue,
            };
            let shared = uses.get(i).is_some_and(|uses| *uses > 1) || depth > MAX_STACK;
            if shared {
                slots[i] = Some(count);
                count += 1;
            }
            depths[i] = if shared { 1 } else { depth };
        }
        Self { slots, count }
    }

    fn slot(&self, index: u16) -> Option<usize> {
        self.slots.get(usize::from(index)).copied().flatten()
    }
}

/// Expressions of one key.
pub struct Expressions<'a> {
    key: &'a Description,
    plan: &'a Plan,
    memory: &'a Memory,
    shared: &'a Shared,
}

impl<'a> Expressions<'a> {
    /// Expressions with their places.
    pub fn new(
        key: &'a Description,
        plan: &'a Plan,
        memory: &'a Memory,
        shared: &'a Shared,
    ) -> Self {
        Self {
            key,
            plan,
            memory,
            shared,
        }
    }

    /// The value of a node, as an expression; at most r.
    pub fn value(&self, index: u16) -> String {
        match self.shared.slot(index) {
            Some(slot) => load(self.memory.nodes + 32 * slot),
            None => self.formula(index),
        }
    }

    fn formula(&self, index: u16) -> String {
        let Some(node) = self.key.program.nodes.get(usize::from(index)) else {
            // Keys are validated: every operand is an earlier node.
            return "0".into();
        };
        match *node {
            Node::Constant(i) => {
                let constant = self.key.program.constants.get(usize::from(i));
                constant.map_or_else(|| "0".into(), scalar)
            }
            Node::Advice(i) => load(self.memory.eval(i.into())),
            Node::Fixed(i) => load(self.memory.eval(self.plan.fixed_evals + usize::from(i))),
            Node::Instance(i) => load(self.memory.instance + 32 * usize::from(i)),
            Node::Challenge(i) => load(self.memory.phases + 32 * usize::from(i)),
            Node::Negate(a) => format!("sub(r, {})", self.value(a)),
            Node::Add(a, b) => {
                let [a, b] = self.ordered(a, b);
                add(a, b)
            }
            Node::Sub(a, b) => sub(self.value(a), self.value(b)),
            Node::Mul(a, b) => {
                let [a, b] = self.ordered(a, b);
                mul(a, b)
            }
        }
    }

    /// Yul evaluates the last argument first: the longer operand goes there.
    fn ordered(&self, a: u16, b: u16) -> [String; 2] {
        let (a, b) = (self.value(a), self.value(b));
        if a.len() > b.len() {
            [b, a]
        } else {
            [a, b]
        }
    }

    /// The function `gates`: all gates, folded by y.
    pub fn gates(&self, code: &mut Code) {
        code.note("Gates at x, folded by y.");
        code.block("function gates() -> f", |code| {
            code.line(format!("let r := {R}"));
            code.line(format!("let y := {}", load(self.memory.y)));
            code.note(format_args!(
                "{} values that are used more than once, from {} on.",
                self.shared.count,
                hex(self.memory.nodes)
            ));
            for (i, slot) in self.shared.slots.iter().enumerate() {
                if let Some(slot) = slot {
                    let address = self.memory.nodes + 32 * slot;
                    code.line(store(address, self.formula(i as u16)));
                }
            }
            code.note(format_args!("{} gates.", self.key.gates.len()));
            for gate in &self.key.gates {
                code.line(fold(self.value(*gate)));
            }
        });
    }
}

/// The next constraint.
pub fn fold(constraint: String) -> String {
    format!("f := {}", add(mul("f", "y"), constraint))
}
