//! Lagrange values at x, instance evaluations, and all inverses with one call of the `modexp` precompile.

use ark_ff::{Field, One};
use verilens_verifier::plan::{OpeningSet, Plan};
use verilens_verifier::{Description, Fr};

use super::code::{add, hex, load, mul, scalar, store, sub, Code};
use super::memory::{instance_len, instance_offset, own_rows, Memory, FIXED_INVERSES, SCRATCH};
use super::{Errors, R};

/// omega^rotation, for either sign.
pub fn rotate(key: &Description, rotation: i32) -> Fr {
    let exponent = i64::from(rotation).rem_euclid(key.rows() as i64) as u64;
    key.omega().pow([exponent])
}

/// Position of a rotation's u - p.
pub fn spot(plan: &Plan, memory: &Memory, rotation: i32) -> usize {
    let index = plan.rotations.binary_search(&rotation).unwrap_or_default();
    memory.spots + 32 * index
}

/// Product of u - p over some rotations.
pub fn spots_product(plan: &Plan, memory: &Memory, rotations: impl Iterator<Item = i32>) -> String {
    let loads: Vec<String> = rotations
        .map(|rotation| load(spot(plan, memory, rotation)))
        .collect();
    // The longer operand last: Yul evaluates it first, with less on the stack.
    let product = loads.into_iter().rev().reduce(|acc, load| mul(load, acc));
    product.unwrap_or_else(|| "1".into())
}

/// A set's modulus at u.
pub fn inside(plan: &Plan, memory: &Memory, set: &OpeningSet) -> String {
    if set.fold > 1 {
        return load(memory.modulus);
    }
    spots_product(plan, memory, set.rotations.iter().copied())
}

/// The product of everything else: points of no concern to the set, and the folded set's modulus.
pub fn outside(plan: &Plan, memory: &Memory, set: &OpeningSet) -> String {
    let rotations = plan.rotations.iter().copied();
    if set.fold > 1 {
        return spots_product(plan, memory, rotations);
    }
    let others = rotations.filter(|r| set.rotations.binary_search(r).is_err());
    let points = spots_product(plan, memory, others);
    if plan.sets.iter().any(|set| set.fold > 1) {
        return mul(load(memory.modulus), points);
    }
    points
}

/// The functions `invert` and `domain`.
pub fn domain(code: &mut Code, key: &Description, plan: &Plan, memory: &Memory, errors: &Errors) {
    invert(code, memory, errors);
    code.note("Everything at x that the verifier computes itself, but for the constraints.");
    code.block("function domain()", |code| {
        code.line(format!("let r := {R}"));
        code.line(format!("let x := {}", load(memory.x)));
        code.line(format!("let u := {}", load(memory.opening_u)));
        code.note("x^n by squaring.");
        code.line("let xn := x");
        code.block(
            format!("for {{ let i := 0 }} lt(i, {}) {{ i := add(i, 1) }}", key.k),
            |code| code.line("xn := mulmod(xn, xn, r)"),
        );
        code.line(store(memory.xn, "xn"));
        code.line("let z := addmod(xn, sub(r, 1), r)");
        code.note("u - p for every point of the openings.");
        for rotation in &plan.rotations {
            let point = match rotation {
                0 => "x".into(),
                r => mul("x", scalar(&rotate(key, *r))),
            };
            code.line(store(spot(plan, memory, *rotation), sub("u", point)));
        }
        if let Some(folded) = plan.sets.iter().find(|set| set.fold > 1) {
            code.note("The modulus X^fold - x of the key's columns, at u.");
            code.line("let uf := u");
            for _ in 1..folded.fold {
                code.line("uf := mulmod(uf, u, r)");
            }
            code.line(store(memory.modulus, sub("uf", "x")));
        }
        if let Some(set) = plan.sets.first() {
            code.line(store(memory.inside, inside(plan, memory, set)));
            let outside = outside(plan, memory, set);
            code.line(store(memory.inverses + 0x40, outside));
        }
        code.note("What is to be inverted.");
        code.line(store(memory.inverses, "x"));
        code.line(store(memory.inverses + 0x20, "z"));
        code.line(store(memory.inverses + 0x60, load(memory.inside)));
        let rows = memory.inverses + 32 * FIXED_INVERSES;
        for row in 0..own_rows(key) {
            let value = sub("x", scalar(&rotate(key, -(row as i32))));
            code.line(store(rows + 32 * row, value));
        }
        let instances = rows + 32 * own_rows(key);
        let mut at = instances;
        for query in &key.instance_queries {
            let len = instance_len(key, query.column);
            instance_rows(code, key, query.rotation, at, len);
            at += 32 * len;
        }
        code.line("invert()");
        lagrange_values(code, key, memory, rows);
        let mut at = instances;
        for (i, query) in key.instance_queries.iter().enumerate() {
            let words = memory.words + 32 * instance_offset(key, query.column);
            let len = instance_len(key, query.column);
            instance_value(code, key, words, at, len);
            code.line(store(memory.instance + 32 * i, mul("sum", "zn")));
            at += 32 * len;
        }
    });
}

fn invert(code: &mut Code, memory: &Memory, errors: &Errors) {
    let (start, len) = (memory.inverses, 32 * memory.inverse_count);
    code.note("Inverts all values that wait for it; none may be zero (u or x of no use, which chance does not hit).");
    code.block("function invert()", |code| {
        code.line(format!("let r := {R}"));
        code.line("let product := 1");
        code.block(
            format!(
                "for {{ let p := {} }} lt(p, {}) {{ p := add(p, 0x20) }}",
                hex(start),
                hex(start + len)
            ),
            |code| {
                code.line(format!("mstore(add(p, {}), product)", hex(len)));
                code.line("product := mulmod(product, mload(p), r)");
            },
        );
        code.line(format!(
            "if iszero(product) {{ fail0({}) }}",
            errors.degenerate
        ));
        let words = ["0x20", "0x20", "0x20", "product", "sub(r, 2)", "r"];
        for (i, value) in words.into_iter().enumerate() {
            code.line(store(SCRATCH + 32 * i, value));
        }
        code.line(format!(
            "if iszero(and(eq(returndatasize(), 0x20), staticcall(gas(), 5, {}, 0xc0, 0x00, 0x20))) {{ fail0({}) }}",
            hex(SCRATCH),
            errors.precompile
        ));
        code.line("let inverse := mload(0x00)");
        code.block(
            format!(
                "for {{ let p := {} }} gt(p, {}) {{ }}",
                hex(start + len),
                hex(start)
            ),
            |code| {
                code.line("p := sub(p, 0x20)");
                code.line("let value := mload(p)");
                code.line(format!(
                    "mstore(p, mulmod(inverse, mload(add(p, {})), r))",
                    hex(len)
                ));
                code.line("inverse := mulmod(inverse, value, r)");
            },
        );
    });
}

/// Denominators of one instance query: its point less each row.
fn instance_rows(code: &mut Code, key: &Description, rotation: i32, at: usize, len: usize) {
    if len == 0 {
        return;
    }
    code.block("", |code| {
        let point = match rotation {
            0 => "x".into(),
            r => mul("x", scalar(&rotate(key, r))),
        };
        code.line(format!("let point := {point}"));
        code.line("let power := 1");
        code.block(
            format!(
                "for {{ let p := {} }} lt(p, {}) {{ p := add(p, 0x20) }}",
                hex(at),
                hex(at + 32 * len)
            ),
            |code| {
                code.line(format!("mstore(p, {})", sub("point", "power")));
                code.line(format!("power := {}", mul("power", scalar(&key.omega()))));
            },
        );
    });
}

fn lagrange_values(code: &mut Code, key: &Description, memory: &Memory, rows: usize) {
    let inverse_n = Fr::from(key.rows()).inverse().unwrap_or(Fr::one());
    code.note("L_i(x) = omega^i (x^n - 1) / (n (x - omega^i))");
    code.line(format!("let zn := {}", mul("z", scalar(&inverse_n))));
    code.line(store(memory.l_0, mul("zn", load(rows))));
    let term = |row: usize| {
        let omega = scalar(&rotate(key, -(row as i32)));
        mul(load(rows + 32 * row), omega)
    };
    let last = own_rows(key) - 1;
    code.line(store(memory.l_last, mul("zn", term(last))));
    code.line(format!("let sum := {}", load(memory.l_last)));
    for row in 1..last {
        code.line(format!("sum := {}", add("sum", mul("zn", term(row)))));
    }
    code.line(store(memory.active, sub("1", "sum")));
}

fn instance_value(code: &mut Code, key: &Description, words: usize, at: usize, len: usize) {
    code.line("sum := 0");
    if len == 0 {
        return;
    }
    code.block("", |code| {
        code.line("let power := 1");
        code.block(
            format!(
                "for {{ let i := 0 }} lt(i, {}) {{ i := add(i, 0x20) }}",
                hex(32 * len)
            ),
            |code| {
                let word = format!("mload(add({}, i))", hex(words));
                let inverse = format!("mload(add({}, i))", hex(at));
                code.line(format!(
                    "sum := {}",
                    add("sum", mul(mul(word, inverse), "power"))
                ));
                code.line(format!("power := {}", mul("power", scalar(&key.omega()))));
            },
        );
    });
}
