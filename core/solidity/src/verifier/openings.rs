//! SHPLONK: scalars for every commitment, the two sums, and the pairing.

use ark_ff::{Field, One};
use verilens_verifier::plan::{Commitment, Opening, OpeningSet, Plan};
use verilens_verifier::{Description, Fr};

use super::code::{add, hex, load, mul, scalar, store, sub, Code};
use super::domain::{outside, rotate, spots_product};
use super::memory::{Memory, ACC, LEFT, POINT};
use super::{Errors, R};

/// Functions that add multiples of points to the two sums.
pub fn sums(code: &mut Code, errors: &Errors) {
    let precompile = |input: usize, len: usize, output: usize, address: usize| {
        format!(
            "if iszero(and(eq(returndatasize(), 0x40), staticcall(gas(), {address}, {}, {}, {}, 0x40))) {{ fail0({}) }}",
            hex(input),
            hex(len),
            hex(output),
            errors.precompile
        )
    };
    code.note("Where a precompile is missing a call succeeds and returns nothing: hence the sizes. The last operand of `and` comes first.");
    code.note("Adds s times a point of the proof to the right side.");
    code.block("function addPoint(at, s)", |code| {
        code.line(format!("calldatacopy({}, at, 0x40)", hex(POINT)));
        code.block("if xor(s, 1)", |code| {
            code.line(store(POINT + 0x40, "s"));
            code.line(precompile(POINT, 0x60, POINT, 7));
        });
        code.line(precompile(ACC, 0x80, ACC, 6));
    });
    code.note("Adds s times a point of the key to the right side.");
    code.block("function addKeyPoint(x, y, s)", |code| {
        code.line(store(POINT, "x"));
        code.line(store(POINT + 0x20, "y"));
        code.line(store(POINT + 0x40, "s"));
        code.line(precompile(POINT, 0x60, POINT, 7));
        code.line(precompile(ACC, 0x80, ACC, 6));
    });
    code.note("Adds s times a point of the proof to the left side.");
    code.block("function addLeft(at, s)", |code| {
        code.line("switch s");
        code.line(format!(
            "case 1 {{ calldatacopy({}, at, 0x40) }}",
            hex(POINT + 0x20)
        ));
        code.block("default", |code| {
            code.line(format!("calldatacopy({}, at, 0x40)", hex(POINT)));
            code.line(store(POINT + 0x40, "s"));
            code.line(precompile(POINT, 0x60, POINT + 0x20, 7));
        });
        code.line(precompile(POINT + 0x20, 0x80, LEFT, 6));
    });
    code.note("Adds s to the scalar of a point of the key.");
    code.block("function addScalar(at, s)", |code| {
        code.line(format!("mstore(at, addmod(mload(at), s, {R}))"));
    });
}

/// One function for each opening set, and `claim`, which adds one proof's claim, times rho, to the sums.
pub fn claim(code: &mut Code, key: &Description, plan: &Plan, memory: &Memory) {
    let mut lagrange = memory.lagrange;
    for (index, set) in plan.sets.iter().enumerate() {
        code.note(match set.fold {
            1 => format!(
                "Commitments opened at rotations {:?}; `scale` is for the first of them.",
                set.rotations
            ),
            fold => format!(
                "Commitments to {fold} columns of the key each, opened modulo X^{fold} - x."
            ),
        });
        code.block(
            format!("function openSet{index}(proof, scale) -> sum"),
            |code| open_set(code, key, plan, memory, set, lagrange),
        );
        lagrange += 32 * set.rotations.len();
    }
    code.note("Adds one proof, times rho, to both sides of the pairing equation.");
    code.block("function claim(proof, rho)", |code| {
        code.line(format!("let r := {R}"));
        code.line(format!("let v := {}", load(memory.opening_v)));
        code.line("let scale := rho");
        code.line("let sum := 0");
        for (index, set) in plan.sets.iter().enumerate() {
            let weighted = if index == 0 {
                "scale".into()
            } else {
                code.line(format!("scale := {}", mul("scale", "v")));
                let outside = outside(plan, memory, set);
                mul("scale", mul(outside, load(memory.inverses + 0x40)))
            };
            let opened = format!("openSet{index}(proof, {weighted})");
            code.line(format!("sum := {}", add("sum", opened)));
        }
        let generator = memory.key_scalars + 32 * key.commitments.len();
        code.line(format!("addScalar({}, sub(r, sum))", hex(generator)));
        let at = |i: usize| {
            format!(
                "add(proof, {})",
                hex(memory.openings - memory.proof + 64 * i)
            )
        };
        code.line(format!(
            "addPoint({}, {})",
            at(0),
            mul("rho", sub("0", load(memory.inside)))
        ));
        code.line(format!(
            "addPoint({}, {})",
            at(1),
            mul("rho", load(memory.opening_u))
        ));
        code.line(format!("addLeft({}, rho)", at(1)));
    });
}

fn open_set(
    code: &mut Code,
    key: &Description,
    plan: &Plan,
    memory: &Memory,
    set: &OpeningSet,
    lagrange: usize,
) {
    code.line(format!("let r := {R}"));
    code.line(format!("let y := {}", load(memory.opening_y)));
    code.line("let s := scale");
    let quotient = set
        .openings
        .iter()
        .any(|o| o.commitment == Commitment::Quotient);
    if quotient {
        code.line("let q");
    }
    if set.fold > 1 {
        code.line(format!("let u := {}", load(memory.opening_u)));
        code.line("let value");
    }
    let single = set.rotations.len() == 1;
    if !single {
        lagrange_basis(code, key, plan, memory, set, lagrange);
    }
    for (i, opening) in set.openings.iter().enumerate() {
        if i > 0 {
            code.line(format!("s := {}", mul("s", "y")));
        }
        match opening.commitment {
            Commitment::Proof(point) => {
                code.line(format!("addPoint(add(proof, {}), s)", hex(64 * point)));
            }
            Commitment::Key(index) => {
                let slot = memory.key_scalars + 32 * index;
                code.line(format!("addScalar({}, s)", hex(slot)));
            }
            Commitment::Quotient => {
                code.line("q := s");
                for piece in plan.quotient_points..plan.points {
                    if piece > plan.quotient_points {
                        code.line(format!("q := {}", mul("q", load(memory.xn))));
                    }
                    code.line(format!("addPoint(add(proof, {}), q)", hex(64 * piece)));
                }
            }
        }
        if set.fold > 1 {
            remainder(code, memory, opening);
            code.line(format!("sum := {}", add("sum", mul("s", "value"))));
            continue;
        }
        let values = opening.evals.iter().enumerate().map(|(j, eval)| {
            let eval = load(memory.eval(*eval));
            if single {
                eval
            } else {
                mul(load(lagrange + 32 * j), eval)
            }
        });
        let value = values.reduce(add).unwrap_or_else(|| "0".into());
        code.line(format!("sum := {}", add("sum", mul("s", value))));
    }
}

/// The value at u of the polynomial whose coefficients are the columns' values at x.
fn remainder(code: &mut Code, memory: &Memory, opening: &Opening) {
    let mut evals = opening
        .evals
        .iter()
        .rev()
        .map(|eval| load(memory.eval(*eval)));
    let last = evals.next().unwrap_or_else(|| "0".into());
    code.line(format!("value := {last}"));
    for eval in evals {
        code.line(format!("value := {}", add(mul("value", "u"), eval)));
    }
}

/// Lagrange basis of a set's points at u: products of (u - q) / (p - q), where p - q = x (omega^a - omega^b).
fn lagrange_basis(
    code: &mut Code,
    key: &Description,
    plan: &Plan,
    memory: &Memory,
    set: &OpeningSet,
    lagrange: usize,
) {
    let inverse_x = load(memory.inverses);
    code.line(format!("let power := {inverse_x}"));
    for _ in 2..set.rotations.len() {
        code.line(format!("power := {}", mul("power", &inverse_x)));
    }
    for (j, rotation) in set.rotations.iter().enumerate() {
        let others = || set.rotations.iter().copied().filter(|r| r != rotation);
        let differences: Fr = others()
            .map(|other| rotate(key, *rotation) - rotate(key, other))
            .product();
        // Rotations of a set are distinct mod n, so no difference is zero.
        let constant = differences.inverse().unwrap_or(Fr::one());
        let numerator = spots_product(plan, memory, others());
        code.line(store(
            lagrange + 32 * j,
            mul(mul(numerator, scalar(&constant)), "power"),
        ));
    }
}
