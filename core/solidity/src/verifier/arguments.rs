//! Permutation and lookup arguments at x.

use ark_ff::One;
use verilens_verifier::plan::Plan;
use verilens_verifier::{ColumnKind, Description, Fr, PermutationColumn, DELTA};

use super::code::{add, load, mul, scalar, store, sub, Code};
use super::gates::fold;
use super::memory::Memory;
use super::R;

/// The function `permutation`.
pub fn permutation(code: &mut Code, key: &Description, plan: &Plan, memory: &Memory) {
    let products = &plan.product_evals;
    let (Some(first), Some(last)) = (products.first(), products.last()) else {
        return;
    };
    let eval = |index: usize| load(memory.eval(index));
    code.note("The permutation argument at x, folded on.");
    code.block("function permutation(start) -> f", |code| {
        code.line(format!("let r := {R}"));
        code.line("f := start");
        code.line(format!("let y := {}", load(memory.y)));
        code.line(format!("let beta := {}", load(memory.beta)));
        code.line(format!("let gamma := {}", load(memory.gamma)));
        code.line(fold(mul(load(memory.l_0), sub("1", eval(*first)))));
        let z = eval(*last);
        code.line(fold(mul(load(memory.l_last), sub(mul(&z, &z), &z))));
        for (previous, product) in products.iter().zip(products.iter().skip(1)) {
            code.line(fold(mul(
                load(memory.l_0),
                sub(eval(*product), eval(*previous + 2)),
            )));
        }
        code.line(format!("let x := {}", mul("beta", load(memory.x))));
        code.line("let left");
        code.line("let right");
        code.line("let value");
        let mut sigma = plan.sigma_evals;
        let mut label = Fr::one();
        let chunks = key.permutation.chunks(key.chunk_len());
        for (columns, product) in chunks.zip(products) {
            code.line(format!("left := {}", eval(*product + 1)));
            code.line(format!("right := {}", eval(*product)));
            for column in columns {
                code.line(format!(
                    "value := {}",
                    add(column_value(key, plan, memory, column), "gamma")
                ));
                code.line(format!(
                    "left := {}",
                    mul("left", add("value", mul("beta", eval(sigma))))
                ));
                let shifted = if label.is_one() {
                    "x".into()
                } else {
                    mul("x", scalar(&label))
                };
                code.line(format!("right := {}", mul("right", add("value", shifted))));
                label *= DELTA;
                sigma += 1;
            }
            code.line(fold(mul(load(memory.active), sub("left", "right"))));
        }
    });
}

fn column_value(
    key: &Description,
    plan: &Plan,
    memory: &Memory,
    column: &PermutationColumn,
) -> String {
    // Keys are validated: every permutation column has this query.
    let query = key
        .current_query(column.kind, column.column)
        .unwrap_or_default();
    load(match column.kind {
        ColumnKind::Advice => memory.eval(query),
        ColumnKind::Fixed => memory.eval(plan.fixed_evals + query),
        ColumnKind::Instance => memory.instance + 32 * query,
    })
}

/// The function `lookups`.
pub fn lookups(
    code: &mut Code,
    key: &Description,
    plan: &Plan,
    memory: &Memory,
    value: &dyn Fn(u16) -> String,
) {
    if key.lookups.is_empty() {
        return;
    }
    let eval = |index: usize| load(memory.eval(index));
    code.note("The lookup arguments at x, folded on.");
    code.block("function lookups(start) -> f", |code| {
        code.line(format!("let r := {R}"));
        code.line("f := start");
        code.line(format!("let y := {}", load(memory.y)));
        code.line(format!("let theta := {}", load(memory.theta)));
        code.line("let left");
        code.line("let right");
        for (i, lookup) in key.lookups.iter().enumerate() {
            let first = plan.lookup_evals + 5 * i;
            let [product, next, input, previous, table] = [0, 1, 2, 3, 4].map(|j| eval(first + j));
            for (side, nodes) in [("left", &lookup.inputs), ("right", &lookup.tables)] {
                code.line(format!("{side} := 0"));
                for node in nodes {
                    code.line(format!(
                        "{side} := {}",
                        add(mul(side, "theta"), value(*node))
                    ));
                }
            }
            let (beta, gamma) = (load(memory.beta), load(memory.gamma));
            code.line(format!(
                "right := {}",
                mul(&product, mul(add("left", &beta), add("right", &gamma)))
            ));
            code.line(format!(
                "left := {}",
                mul(&next, mul(add(&input, &beta), add(&table, &gamma)))
            ));
            code.line(fold(mul(load(memory.l_0), sub("1", &product))));
            code.line(fold(mul(
                load(memory.l_last),
                sub(mul(&product, &product), &product),
            )));
            code.line(fold(mul(load(memory.active), sub("left", "right"))));
            code.line(fold(mul(load(memory.l_0), sub(&input, &table))));
            code.line(fold(mul(
                load(memory.active),
                mul(sub(&input, &table), sub(&input, &previous)),
            )));
        }
    });
}

/// The function `constraints`: the value that the quotient must have at x.
pub fn constraints(code: &mut Code, key: &Description, memory: &Memory) {
    code.note("All constraints at x, over x^n - 1.");
    code.block("function constraints()", |code| {
        code.line(format!("let r := {R}"));
        code.line("let f := gates()");
        if !key.permutation.is_empty() {
            code.line("f := permutation(f)");
        }
        if !key.lookups.is_empty() {
            code.line("f := lookups(f)");
        }
        let inverse = load(memory.inverses + 0x20);
        code.line(store(memory.quotient, mul("f", inverse)));
    });
}
