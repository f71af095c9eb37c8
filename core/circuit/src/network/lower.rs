//! From the integer graph to vectors and equations, node by node.
use std::rc::Rc;

use verilens_model::{Graph, Op, OutputKind as ModelKind, PadMode, Range, TensorId};
use verilens_statement::output::{packed_len, OutputKind};

use super::{
    budget::{Budget, Halt},
    fill::Operand,
    form::{domain, Form, Part},
    terms::{constants, shared, terms, Refusal, Target},
    view::{broadcast, strides, Source, View},
    Content, Division, Handed, Network, Vector,
};
use crate::{
    chip::{
        network::{Format, Limbs},
        tables::Function,
    },
    error::CircuitError,
    stop::Stop,
};

/// Largest divisor with a range of its own.
const MAX_RANGE: i64 = 1 << 13;
/// Largest domain of a function that this lowering makes itself; comparisons of wider numbers go by limbs.
const MAX_DIFFERENCE: i64 = 1 << 12;
/// Most entries of all functions, before those that agree are joined.
const MAX_ENTRIES: usize = 1 << 22;
/// Most elements of all vectors.
const MAX_VALUES: usize = 1 << 22;
/// Most bits of a limb: four of them stay below 2^60.
const MAX_LIMB_BITS: u32 = 15;

/// What a tensor is known as.
#[derive(Clone)]
enum Known {
    /// Values and constants.
    View(View),
    /// A linear form, not committed.
    Form(Rc<Form>),
}

/// The walk over a graph.
struct Walk<'a> {
    graph: &'a Graph,
    ranges: Vec<Range>,
    shapes: Vec<Vec<usize>>,
    uses: Vec<usize>,
    known: Vec<Option<Known>>,
    network: Network,
    beta: u64,
    tau: u64,
    budget: Budget<'a>,
    /// Entries of all functions.
    entries: usize,
    /// The node in hand, for errors.
    node: usize,
}

impl Network {
    /// Lowers a graph.
    ///
    /// # Errors
    /// An operator, a divisor or a size that has no constraints here.
    pub fn new(graph: &Graph) -> Result<Self, CircuitError> {
        Self::new_until(graph, Stop::NEVER)
    }

    /// As [`Network::new`], for as long as it is wanted.
    ///
    /// # Errors
    /// Those of [`Network::new`], and [`CircuitError::Cancelled`].
    pub fn new_until(graph: &Graph, stop: Stop<'_>) -> Result<Self, CircuitError> {
        stop.check()?;
        let invalid = |e: verilens_model::GraphError| CircuitError::Model(e.to_string());
        let mut uses = vec![0; graph.num_tensors()];
        for output in &graph.outputs {
            uses[output.tensor.0] += 1;
        }
        // Nodes that no output needs are left out.
        for (i, node) in graph.nodes.iter().enumerate().rev() {
            if uses[graph.node_tensor(i).0] > 0 {
                for input in &node.inputs {
                    uses[input.0] += 1;
                }
            }
        }
        let base = limb_base(graph, &uses)?;
        stop.check()?;
        let mut walk = Walk {
            graph,
            ranges: graph.ranges().map_err(invalid)?,
            shapes: graph.shapes().map_err(invalid)?,
            known: vec![None; graph.num_tensors()],
            network: Self {
                vectors: Vec::new(),
                functions: vec![Function::range(256)],
                matrix: Vec::new(),
                constants: Vec::new(),
                inputs: Vec::new(),
                outputs: Vec::new(),
                base,
            },
            uses,
            beta: 0,
            tau: 0,
            budget: Budget::until(stop),
            entries: 256,
            node: 0,
        };
        walk.inputs()?;
        for node in 0..graph.nodes.len() {
            walk.node = node;
            if walk.uses[graph.node_tensor(node).0] > 0 {
                let size = walk.shapes[graph.node_tensor(node).0].iter().product();
                walk.exhaust(|budget| budget.elements(size))?;
                let known = walk.lower(node)?;
                walk.known[graph.node_tensor(node).0] = Some(known);
            }
        }
        walk.outputs()?;
        let mut network = walk.network;
        network.join_functions();
        Ok(network)
    }

    /// Joins functions that agree, so that they take one domain in the table. Ranges bound remainders and bytes, so they stay as they are.
    fn join_functions(&mut self) {
        let mut ranges = vec![false; self.functions.len()];
        ranges[0] = true;
        for vector in &self.vectors {
            if let Content::Function(_, division) = &vector.content {
                ranges[division.range] = true;
            }
        }
        let mut joined: Vec<(Function, bool)> = Vec::new();
        let mut map = Vec::with_capacity(self.functions.len());
        for (function, is_range) in self.functions.iter().zip(ranges) {
            let found = joined.iter().enumerate().find_map(|(at, (other, locked))| {
                if other == function {
                    return Some((at, other.clone()));
                }
                let free = !is_range && !locked;
                free.then(|| Some((at, function.union(other)?))).flatten()
            });
            match found {
                Some((at, union)) => {
                    joined[at].0 = union;
                    joined[at].1 |= is_range;
                    map.push(at);
                }
                None => {
                    map.push(joined.len());
                    joined.push((function.clone(), is_range));
                }
            }
        }
        self.functions = joined.into_iter().map(|j| j.0).collect();
        for vector in &mut self.vectors {
            if let Content::Function(_, division) = &mut vector.content {
                division.function = map[division.function];
                division.range = map[division.range];
            }
        }
    }
}

/// The base of limbs: the least power of two whose fourth power holds every wide division.
///
/// # Errors
/// A division or comparison of numbers that four limbs do not hold.
fn limb_base(graph: &Graph, uses: &[usize]) -> Result<u64, CircuitError> {
    let ranges = graph
        .ranges()
        .map_err(|e| CircuitError::Model(e.to_string()))?;
    let mut base = 8;
    for (i, node) in graph.nodes.iter().enumerate() {
        if uses[graph.node_tensor(i).0] == 0 {
            continue;
        }
        let widths = node.inputs.iter().filter_map(|t| ranges.get(t.0));
        let width = widths.map(|r| r.min.unsigned_abs().max(r.max.unsigned_abs()));
        let width = width.max().unwrap_or(0);
        let most = match &node.op {
            Op::Positive => width,
            Op::Max => width.saturating_mul(2),
            Op::Table { divisor, .. } if *divisor > MAX_RANGE => divisor.unsigned_abs(),
            _ => continue,
        };
        let bits = (64 - most.leading_zeros()).div_ceil(4);
        if bits > MAX_LIMB_BITS {
            return Err(CircuitError::UnsupportedNode {
                node: node.name.clone(),
                op: node.op.name().into(),
                why: format!(
                    "its numbers reach {most}; divisions and comparisons have constraints below 2^60. Divide them earlier"
                ),
            });
        }
        base = base.max(bits);
    }
    Ok(1 << base)
}

impl Walk<'_> {
    fn unsupported(&self, why: impl Into<String>) -> CircuitError {
        match self.graph.nodes.get(self.node) {
            Some(node) => CircuitError::UnsupportedNode {
                node: node.name.clone(),
                op: node.op.name().into(),
                why: why.into(),
            },
            None => CircuitError::Model(why.into()),
        }
    }

    /// Spends of the budget in the name of the node in hand.
    fn exhaust(
        &mut self,
        spend: impl FnOnce(&mut Budget<'_>) -> Result<(), Halt>,
    ) -> Result<(), CircuitError> {
        let spent = spend(&mut self.budget);
        spent.map_err(|halt| self.halted(halt))
    }

    fn halted(&self, halt: Halt) -> CircuitError {
        match halt {
            Halt::Exhausted(what) => self.unsupported(format!("its layout takes more than {what}")),
            Halt::Cancelled => CircuitError::Cancelled,
        }
    }

    fn range(&self, tensor: TensorId) -> Range {
        self.ranges[tensor.0]
    }

    /// Adds a vector whose equations are these forms; returns its number.
    fn vector(
        &mut self,
        format: Format,
        content: Content,
        forms: &[&Form],
        (scale, tail): (i64, i64),
        order: Vec<u32>,
        steps: &[u64],
    ) -> Result<usize, CircuitError> {
        let len = forms.first().map_or(0, |f| f.len());
        let vector = Vector {
            format,
            len,
            beta: self.beta,
            tau: self.tau,
            order,
            content,
        };
        let padded = vector.padded();
        let equations = padded.saturating_mul(format.equations());
        if (self.beta as usize).saturating_add(equations) > MAX_VALUES {
            return Err(self.unsupported(format!("more than {MAX_VALUES} values in the network")));
        }
        for (number, form) in forms.iter().enumerate() {
            let target = Target {
                first: vector.beta + number as u64,
                strides: steps.iter().map(|s| s * forms.len() as u64).collect(),
                vectors: &self.network.vectors,
                scale,
            };
            let made = terms(form, &target, &mut self.budget).map_err(|refusal| match refusal {
                Refusal::Commit => self.unsupported(
                    "this combination of layers has no constraints; put an activation between them",
                ),
                Refusal::Overflow => self.unsupported("weights times scales exceed 63 bits"),
                Refusal::Halt(halt) => self.halted(halt),
                Refusal::Outside => self.unsupported("an element outside of its tensor"),
            })?;
            self.network.matrix.extend(made);
        }
        let mut added = vec![0i64; equations];
        for (number, form) in forms.iter().enumerate() {
            let own = form.total_constants();
            let own = own.ok_or_else(|| self.unsupported("constants exceed 63 bits"))?;
            for (i, constant) in own.into_iter().enumerate() {
                let at = vector.order.get(i).map_or(i, |&at| at as usize);
                let slot = &mut added[at * forms.len() + number];
                let offset = match &vector.content {
                    Content::Function(_, division) => division.offset,
                    _ => 0,
                };
                let value = constant
                    .checked_mul(scale)
                    .and_then(|c| c.checked_add(offset));
                *slot = value.ok_or_else(|| self.unsupported("constants exceed 63 bits"))?;
            }
        }
        for slot in &mut added[len * forms.len()..] {
            *slot = tail;
        }
        let made = constants(&added, vector.beta);
        self.network.constants.extend(made);
        self.beta += equations as u64;
        self.tau += padded as u64;
        self.network.vectors.push(vector);
        Ok(self.network.vectors.len() - 1)
    }

    /// The view of a vector in the shape and order of its operand.
    fn view_of(&self, vector: usize, shape: &[usize]) -> View {
        let made = &self.network.vectors[vector];
        let value = |i: usize| Source::Value {
            vector: vector as u32,
            index: made.order.get(i).copied().unwrap_or(i as u32),
        };
        View::new(shape.to_vec(), (0..made.len).map(value).collect())
    }

    fn inputs(&mut self) -> Result<(), CircuitError> {
        for (number, input) in self.graph.inputs.iter().enumerate() {
            let len = input.shape.iter().product();
            self.network.inputs.push(len);
            // Tied to the bytes; no equation of the system is spent on it.
            let vector = Vector {
                format: Format::Free,
                len,
                beta: 0,
                tau: self.tau,
                order: Vec::new(),
                content: Content::Input(number),
            };
            self.tau += vector.padded() as u64;
            if self.tau as usize > MAX_VALUES {
                return Err(CircuitError::Model(format!(
                    "more than {MAX_VALUES} bytes of inputs to a network"
                )));
            }
            self.network.vectors.push(vector);
            let at = self.network.vectors.len() - 1;
            self.known[number] = Some(Known::View(self.view_of(at, &input.shape)));
        }
        Ok(())
    }

    fn operand(&self, tensor: TensorId) -> Operand {
        let shape = self.shapes[tensor.0].clone();
        let own = strides(&shape);
        Operand {
            shape,
            terms: vec![(1, tensor, own)],
            positive: false,
        }
    }

    /// Order and equation strides of a form's elements: channels last where it has a convolution, so that kernels' rows go by one.
    fn layout(form: &Form) -> (Vec<u32>, Vec<u64>) {
        let plain = strides(&form.shape).into_iter().map(|s| s as u64).collect();
        let &[n, k, h, w] = form.shape.as_slice() else {
            return (Vec::new(), plain);
        };
        if !form.has_conv() || k == 1 {
            return (Vec::new(), plain);
        }
        let steps = [h * w * k, 1, w * k, k];
        let mut order = Vec::with_capacity(n * k * h * w);
        super::view::walk(&form.shape, &steps, &mut |at| order.push(at as u32));
        (order, steps.map(|s| s as u64).to_vec())
    }

    /// Commits to a form as free values.
    fn commit(&mut self, form: &Form, operand: Operand) -> Result<View, CircuitError> {
        let (order, steps) = Self::layout(form);
        let content = Content::Linear(operand);
        let vector = self.vector(Format::Free, content, &[form], (1, 0), order, &steps)?;
        Ok(self.view_of(vector, &form.shape))
    }

    /// A tensor as values.
    fn view(&mut self, tensor: TensorId) -> Result<View, CircuitError> {
        match self.known[tensor.0].clone() {
            Some(Known::View(view)) => Ok(view),
            Some(Known::Form(form)) => {
                let view = self.commit(&form, self.operand(tensor))?;
                self.known[tensor.0] = Some(Known::View(view.clone()));
                Ok(view)
            }
            None => Err(self.unsupported("an operand that no node makes")),
        }
    }

    /// A tensor as a form. One with a matrix that others read too is committed, so that its weights are paid once.
    fn form(&mut self, tensor: TensorId) -> Result<Rc<Form>, CircuitError> {
        if let Some(Known::Form(form)) = &self.known[tensor.0] {
            if self.uses[tensor.0] == 1 || !form.is_heavy() {
                return Ok(Rc::clone(form));
            }
        }
        Ok(Rc::new(Form::of(&self.view(tensor)?)))
    }

    /// A tensor as a form that products can take: values, moved and added.
    fn light(&mut self, tensor: TensorId) -> Result<Rc<Form>, CircuitError> {
        let form = self.form(tensor)?;
        if form.is_heavy() {
            return Ok(Rc::new(Form::of(&self.view(tensor)?)));
        }
        Ok(form)
    }

    /// A function of a form's quotients.
    fn function(
        &mut self,
        form: &Form,
        operand: Operand,
        function: Function,
        (offset, divisor): (i64, i64),
    ) -> Result<View, CircuitError> {
        // At most 2^15, so its fourth power is at most 2^60.
        let base = self.network.base as i64;
        let power = |n: u32| base.pow(n);
        let (limbs, scale, range) = if divisor <= MAX_RANGE {
            (Limbs::One, 1, divisor)
        } else if !u64::try_from(divisor).is_ok_and(u64::is_power_of_two) {
            return Err(self.unsupported(format!(
                "a division by {divisor}: divisors up to {MAX_RANGE} and powers of two have constraints"
            )));
        } else if divisor <= power(2) {
            (Limbs::Two, power(2) / divisor, base)
        } else {
            (Limbs::Four, power(4) / divisor, base)
        };
        let whole = match limbs {
            Limbs::One => range,
            Limbs::Two => power(2),
            Limbs::Four => power(4),
        };
        // Remainders must have exactly the divisor's range.
        if scale < 1 || scale.checked_mul(divisor) != Some(whole) {
            return Err(self.unsupported(format!(
                "a division by {divisor} has no limbs to base {base}"
            )));
        }
        let divisor = whole;
        let wide = || self.unsupported("offsets times scales exceed 63 bits");
        let offset = offset.checked_mul(scale).ok_or_else(wide)?;
        let first = function.first;
        let tail = divisor.checked_mul(first).ok_or_else(wide)?;
        let range = Function::range(usize::try_from(range).unwrap_or(usize::MAX));
        self.entries = self.entries.saturating_add(function.values.len());
        if self.entries > MAX_ENTRIES {
            return Err(self.unsupported(format!(
                "tables of all functions have more than {MAX_ENTRIES} entries"
            )));
        }
        let functions = &mut self.network.functions;
        let mut number = |function: Function| {
            let known = functions.iter().position(|f| *f == function);
            known.unwrap_or_else(|| {
                functions.push(function);
                functions.len() - 1
            })
        };
        let division = Division {
            scale,
            offset,
            divisor,
            range: number(range),
            function: number(function),
            tail: first,
        };
        let (order, steps) = Self::layout(form);
        let content = Content::Function(operand, division);
        let vector = self.vector(
            Format::Table(limbs),
            content,
            &[form],
            (scale, tail),
            order,
            &steps,
        )?;
        Ok(self.view_of(vector, &form.shape))
    }

    /// 1 where a form, within these bounds, is above 0.
    fn positive(
        &mut self,
        form: &Form,
        operand: Operand,
        range: Range,
    ) -> Result<View, CircuitError> {
        let most = range.min.unsigned_abs().max(range.max.unsigned_abs());
        // `⌊(x − 1)/D⌋` is −1 or 0 for `−D < x ≤ D`, and `|x| < D`.
        let divisor = most.saturating_add(1).checked_next_power_of_two();
        let divisor = divisor.and_then(|d| i64::try_from(d).ok());
        let divisor = divisor.ok_or_else(|| self.unsupported("a comparison of 64 bits"))?;
        let divisor = if divisor <= 256 {
            256
        } else {
            divisor.max(MAX_RANGE * 2)
        };
        let sign = Function {
            first: -1,
            values: vec![0, 1],
        };
        self.function(form, operand, sign, (-1, divisor))
    }

    /// The product of two forms of one shape.
    fn product(&mut self, forms: [&Form; 2], operands: [Operand; 2]) -> Result<View, CircuitError> {
        let [left, right] = operands;
        let steps: Vec<u64> = strides(&forms[0].shape)
            .into_iter()
            .map(|s| s as u64)
            .collect();
        let content = Content::Product(left, right);
        let vector = self.vector(Format::Product, content, &forms, (1, 0), Vec::new(), &steps)?;
        Ok(self.view_of(vector, &forms[0].shape))
    }

    /// A tensor as a form that products can take, repeated to a shape.
    fn repeated(&mut self, tensor: TensorId, shape: &[usize]) -> Result<Form, CircuitError> {
        let mut whole = Form::zero(shape);
        let form = self.light(tensor)?;
        if whole.add(&form, 1) == Ok(Some(())) {
            return Ok(whole);
        }
        // A sum cannot be repeated, its values can.
        let view = self.view(tensor)?;
        self.whole(&Form::of(&view), shape)
    }

    fn whole(&self, form: &Form, shape: &[usize]) -> Result<Form, CircuitError> {
        let mut whole = Form::zero(shape);
        match whole.add(form, 1) {
            Ok(Some(())) => Ok(whole),
            _ => Err(self.unsupported("an operand that cannot be repeated")),
        }
    }

    fn spread(&self, operand: &Operand, shape: &[usize]) -> Operand {
        let mut spread = operand.clone();
        for (_, tensor, own) in &mut spread.terms {
            *own = broadcast(&self.shapes[tensor.0], shape);
        }
        spread.shape = shape.to_vec();
        spread
    }

    /// `a − b` over a common shape, of `least` at least, with what it is made from and its bounds.
    fn difference(
        &mut self,
        a: TensorId,
        b: TensorId,
        least: &[usize],
    ) -> Result<(Form, Operand, Range), CircuitError> {
        let shape = domain(&self.shapes[a.0], &self.shapes[b.0]);
        let shape = domain(&shape, least);
        let mut form = self.repeated(a, &shape)?;
        let right = self.repeated(b, &shape)?;
        if form.add(&right, -1) != Ok(Some(())) {
            return Err(self.unsupported("operands that cannot be subtracted"));
        }
        let mut operand = self.spread(&self.operand(a), &shape);
        let other = self.spread(&self.operand(b), &shape);
        operand
            .terms
            .extend(other.terms.into_iter().map(|(f, t, s)| (-f, t, s)));
        let (x, y) = (self.range(a), self.range(b));
        let bounds = x.min.checked_sub(y.max).zip(x.max.checked_sub(y.min));
        let (min, max) = bounds.ok_or_else(|| self.unsupported("a difference of 64 bits"))?;
        Ok((form, operand, Range { min, max }))
    }

    fn max(&mut self, a: TensorId, b: TensorId) -> Result<Known, CircuitError> {
        let least = self.shapes[a.0].clone();
        let (form, operand, range) = self.difference(a, b, &least)?;
        let width = range.max.checked_sub(range.min);
        let above = if width.is_some_and(|w| w <= MAX_DIFFERENCE) {
            let function = Function {
                first: range.min,
                values: (range.min..=range.max).map(|x| x.max(0)).collect(),
            };
            self.function(&form, operand, function, (0, 1))?
        } else {
            let sign = self.positive(&form, operand.clone(), range)?;
            let positive = Operand {
                positive: true,
                ..operand.clone()
            };
            self.product([&Form::of(&sign), &form], [positive, operand])?
        };
        let mut sum = Form::of(&above);
        let shape = sum.shape.clone();
        let right = self.repeated(b, &shape)?;
        if sum.add(&right, 1) != Ok(Some(())) {
            return Err(self.unsupported("operands that cannot be added"));
        }
        Ok(Known::Form(Rc::new(sum)))
    }

    fn choose(&mut self, inputs: &[TensorId]) -> Result<Known, CircuitError> {
        let &[condition, a, b] = inputs else {
            return Err(self.unsupported("three operands"));
        };
        let least = self.shapes[condition.0].clone();
        let (form, operand, _) = self.difference(a, b, &least)?;
        let shape = form.shape.clone();
        let bit = self.repeated(condition, &shape)?;
        let condition = self.spread(&self.operand(condition), &shape);
        let above = self.product([&bit, &form], [condition, operand])?;
        let mut sum = Form::of(&above);
        let shape = sum.shape.clone();
        let right = self.repeated(b, &shape)?;
        if sum.add(&right, 1) != Ok(Some(())) {
            return Err(self.unsupported("operands that cannot be added"));
        }
        Ok(Known::Form(Rc::new(sum)))
    }

    fn multiply(&mut self, a: TensorId, b: TensorId) -> Result<Known, CircuitError> {
        let shape = domain(&self.shapes[a.0], &self.shapes[b.0]);
        let mut forms = Vec::new();
        for tensor in [a, b] {
            forms.push(self.repeated(tensor, &shape)?);
        }
        let operands = [a, b].map(|t| self.spread(&self.operand(t), &shape));
        let product = self.product([&forms[0], &forms[1]], operands)?;
        Ok(Known::View(product))
    }

    /// All products of a row and a column, then their sums.
    fn matmul(&mut self, node: usize, a: TensorId, b: TensorId) -> Result<Known, CircuitError> {
        let (x, y) = (self.view(a)?, self.view(b)?);
        let rank = x.shape.len();
        let (m, k, n) = (x.shape[rank - 2], x.shape[rank - 1], y.shape[rank - 1]);
        let batch = x.shape[..rank - 2].to_vec();
        let shaped = |inner: [usize; 3]| [batch.as_slice(), &inner].concat();
        let shape = shaped([m, k, n]);
        let (left, right) = (shaped([m, k, 1]), shaped([1, k, n]));
        let forms =
            [(x, &left), (y, &right)].map(|(view, shape)| Form::of(&view.reshape(shape.clone())));
        let whole = [
            self.whole(&forms[0], &shape)?,
            self.whole(&forms[1], &shape)?,
        ];
        let operand = |tensor: TensorId, own: &[usize]| Operand {
            shape: shape.clone(),
            terms: vec![(1, tensor, broadcast(own, &shape))],
            positive: false,
        };
        let operands = [operand(a, &left), operand(b, &right)];
        let product = self.product([&whole[0], &whole[1]], operands)?;
        let sum = Form::of(&product).sum(&[rank - 1]);
        let sum = sum.map_err(|_| self.unsupported("a sum of products"))?;
        let made = self.graph.node_tensor(node);
        let operand = Operand {
            shape: sum.shape.clone(),
            terms: vec![(1, made, strides(&sum.shape))],
            positive: false,
        };
        let view = self.commit(&sum, operand)?;
        Ok(Known::View(view.reshape(self.shapes[made.0].clone())))
    }

    fn lower(&mut self, number: usize) -> Result<Known, CircuitError> {
        let graph = self.graph;
        let node = &graph.nodes[number];
        let Some(&x) = node.inputs.first() else {
            return Err(self.unsupported("an operand is missing"));
        };
        let wide = |walk: &Self| walk.unsupported("weights or constants exceed 63 bits");
        let output = self.shapes[graph.node_tensor(number).0].clone();
        let one_part = |part: Part| {
            Known::Form(Rc::new(Form {
                shape: output.clone(),
                parts: vec![part],
                constants: Vec::new(),
            }))
        };
        Ok(match &node.op {
            Op::Conv {
                weight,
                bias,
                strides,
                dilations,
                groups,
            } => {
                let part = Part::Conv {
                    view: self.view(x)?,
                    weight: shared(weight),
                    strides: *strides,
                    dilations: *dilations,
                    groups: *groups,
                    factor: 1,
                };
                self.biased(one_part(part), bias.as_deref(), 1)?
            }
            Op::Dense { weight, bias } => {
                let part = Part::Dense {
                    view: self.view(x)?,
                    weight: shared(weight),
                    factor: 1,
                };
                let axis = output.len().saturating_sub(1);
                self.biased(one_part(part), bias.as_deref(), axis)?
            }
            Op::AddConst { value } => {
                let mut form = (*self.form(x)?).clone();
                form.add_constant(value).ok_or_else(|| wide(self))?;
                Known::Form(Rc::new(form))
            }
            Op::MulConst { value } => {
                let value = shared(value);
                let mut form = (*self.form(x)?).clone();
                let done = match form.multiply(&value) {
                    Ok(done) => done,
                    Err(_) => {
                        form = Form::of(&self.view(x)?);
                        form.multiply(&value)
                            .map_err(|_| self.unsupported("a factor of another shape"))?
                    }
                };
                done.ok_or_else(|| wide(self))?;
                Known::Form(Rc::new(form))
            }
            Op::Add { coefficients } => {
                let mut sum = Form {
                    shape: output,
                    parts: Vec::new(),
                    constants: Vec::new(),
                };
                for (&input, &factor) in node.inputs.iter().zip(coefficients) {
                    let mut form = self.form(input)?;
                    // Their equations stand in other orders.
                    let clash = |a: &Form, b: &Form| a.has_conv() && b.has_dense();
                    if clash(&sum, &form) || clash(&form, &sum) {
                        form = Rc::new(Form::of(&self.view(input)?));
                    }
                    let done = match sum.add(&form, factor) {
                        Ok(done) => done,
                        Err(_) => {
                            let form = Form::of(&self.view(input)?);
                            sum.add(&form, factor)
                                .map_err(|_| self.unsupported("terms of other shapes"))?
                        }
                    };
                    done.ok_or_else(|| wide(self))?;
                }
                Known::Form(Rc::new(sum))
            }
            Op::Sum { axes } => {
                let form = self.form(x)?;
                let sum = match form.sum(axes) {
                    Ok(sum) => sum,
                    Err(_) => Form::of(&self.view(x)?)
                        .sum(axes)
                        .map_err(|_| self.unsupported("a sum of another shape"))?,
                };
                Known::Form(Rc::new(sum))
            }
            Op::Slice { axis, start, end } => {
                let pick: Vec<_> = (*start..*end).map(Ok).collect();
                Known::View(self.view(x)?.select(*axis, &pick))
            }
            Op::Gather { axis, indices } => {
                let pick: Vec<_> = indices.iter().map(|&i| Ok(i)).collect();
                Known::View(self.view(x)?.select(*axis, &pick))
            }
            Op::Pad {
                axis,
                before,
                after,
                mode,
            } => {
                let view = self.view(x)?;
                let dim = view.shape[*axis];
                let pick: Vec<_> = (0..before + dim + after)
                    .map(|i| match mode {
                        PadMode::Constant(c) if i < *before || i >= before + dim => Err(*c),
                        _ => Ok((i + dim - before) % dim),
                    })
                    .collect();
                Known::View(view.select(*axis, &pick))
            }
            Op::Concat { axis } => {
                let views = node
                    .inputs
                    .iter()
                    .map(|&t| self.view(t))
                    .collect::<Result<Vec<_>, _>>()?;
                let views: Vec<&View> = views.iter().collect();
                let whole = View::concat(&views, *axis);
                Known::View(whole.ok_or_else(|| self.unsupported("an operand is missing"))?)
            }
            Op::Reshape { shape } => Known::View(self.view(x)?.reshape(shape.clone())),
            Op::Transpose { perm } => Known::View(self.view(x)?.transpose(perm)),
            Op::Positive => {
                let form = self.form(x)?;
                let view = self.positive(&form, self.operand(x), self.range(x))?;
                Known::View(view)
            }
            Op::Table {
                offset,
                divisor,
                first,
                values,
            } => {
                let form = self.form(x)?;
                let function = self.reached(x, (*offset, *divisor), *first, values)?;
                let operand = self.operand(x);
                Known::View(self.function(&form, operand, function, (*offset, *divisor))?)
            }
            Op::Mul => self.multiply(x, node.inputs.get(1).copied().unwrap_or(x))?,
            Op::MatMul => self.matmul(number, x, node.inputs.get(1).copied().unwrap_or(x))?,
            Op::Max => self.max(x, node.inputs.get(1).copied().unwrap_or(x))?,
            Op::Where => self.choose(&node.inputs)?,
            _ => return Err(self.unsupported("this operator has no constraints")),
        })
    }

    /// The part of a table that quotients can reach.
    fn reached(
        &self,
        x: TensorId,
        (offset, divisor): (i64, i64),
        first: i64,
        values: &[i64],
    ) -> Result<Function, CircuitError> {
        let range = self.range(x);
        let quotient = |x: i64| {
            let q = (i128::from(x) + i128::from(offset)).div_euclid(i128::from(divisor));
            usize::try_from(q - i128::from(first)).ok()
        };
        let reached = quotient(range.min)
            .zip(quotient(range.max))
            .and_then(|(low, high)| Some((low, values.get(low..=high)?)));
        let (low, values) =
            reached.ok_or_else(|| self.unsupported("quotients outside of the table"))?;
        Ok(Function {
            first: first + low as i64,
            values: values.to_vec(),
        })
    }

    /// A form with one constant more for each index of an axis.
    fn biased(
        &self,
        known: Known,
        bias: Option<&[i64]>,
        axis: usize,
    ) -> Result<Known, CircuitError> {
        let (Known::Form(form), Some(bias)) = (&known, bias) else {
            return Ok(known);
        };
        let mut form = (**form).clone();
        let mut shape = vec![1; form.shape.len()];
        shape[axis] = bias.len();
        let value = verilens_model::IntTensor {
            shape,
            values: bias.to_vec(),
        };
        form.add_constant(&value)
            .ok_or_else(|| self.unsupported("a bias exceeds 63 bits"))?;
        Ok(Known::Form(Rc::new(form)))
    }

    fn outputs(&mut self) -> Result<(), CircuitError> {
        let bits = self.graph.bit_tensors();
        for (number, output) in self.graph.outputs.iter().enumerate() {
            let tensor = output.tensor;
            let values = self.shapes[tensor.0].iter().product();
            let kind = if bits.get(tensor.0) == Some(&true) {
                OutputKind::Bits
            } else {
                OutputKind::Ints
            };
            let words = packed_len(kind, values);
            let form = match kind {
                OutputKind::Ints => {
                    let form = self.form(tensor)?;
                    if form.has_conv() {
                        Form::of(&self.view(tensor)?)
                    } else {
                        (*form).clone()
                    }
                }
                OutputKind::Bits => {
                    let mut view = self.view(tensor)?;
                    if view.has_constants() {
                        view = self.commit(&Form::of(&view), self.operand(tensor))?;
                    }
                    Form {
                        shape: vec![words],
                        parts: vec![Part::Pack { view }],
                        constants: Vec::new(),
                    }
                }
            };
            let steps: Vec<u64> = strides(&form.shape).into_iter().map(|s| s as u64).collect();
            let content = Content::Words(number);
            let vector = self.vector(
                Format::Output,
                content,
                &[&form],
                (1, 0),
                Vec::new(),
                &steps,
            )?;
            self.network.outputs.push(Handed {
                vector,
                values,
                kind,
            });
        }
        Ok(())
    }
}

/// The statement's name of a model's kind of output.
pub fn output_kind(kind: ModelKind) -> OutputKind {
    match kind {
        ModelKind::Bits => OutputKind::Bits,
        ModelKind::Ints => OutputKind::Ints,
    }
}
