//! Reads a proof and replays its transcript.

use verilens_verifier::plan::Plan;
use verilens_verifier::Description;

use super::code::{hex, store, Code};
use super::memory::{Memory, SCRATCH, START};
use super::{Errors, Q, R};

/// The function `read`: copies public inputs and proof into memory and refuses what is not canonical.
pub fn read(code: &mut Code, key: &Description, plan: &Plan, memory: &Memory, errors: &Errors) {
    let words = super::memory::instance_words(key);
    code.note("A point of the proof: coordinates below q, on the curve, not the identity.");
    code.block("function checkPoint(at, index)", |code| {
        code.line(format!("let q := {Q}"));
        code.line("let x := mload(at)");
        code.line("let y := mload(add(at, 0x20))");
        code.line(format!(
            "if iszero(and(lt(x, q), lt(y, q))) {{ fail({}, index) }}",
            errors.coordinate
        ));
        code.line(format!(
            "if iszero(or(x, y)) {{ fail({}, index) }}",
            errors.infinity
        ));
        code.line(format!(
            "if xor(mulmod(y, y, q), addmod(mulmod(mulmod(x, x, q), x, q), 3, q)) {{ fail({}, index) }}",
            errors.curve
        ));
    });
    code.note("Words from `at` up to `end`: below r.");
    code.block("function checkScalars(at, end, error, index)", |code| {
        code.line(format!("let r := {R}"));
        code.block(
            "for { } lt(at, end) { at := add(at, 0x20) index := add(index, 1) }",
            |code| code.line("if iszero(lt(mload(at), r)) { fail(error, index) }"),
        );
    });
    code.note("Copies public inputs and proof into memory; nothing but canonical values passes.");
    code.block("function read(proof, words, index)", |code| {
        if words > 0 {
            code.line(format!(
                "calldatacopy({}, words, {})",
                hex(memory.words),
                hex(32 * words)
            ));
            code.line(format!(
                "checkScalars({}, {}, {}, mul(index, {words}))",
                hex(memory.words),
                hex(memory.words + 32 * words),
                errors.public_input
            ));
        }
        let len = 64 * (plan.points + 2) + 32 * plan.evals;
        code.line(format!(
            "calldatacopy({}, proof, {})",
            hex(memory.proof),
            hex(len)
        ));
        code.line(format!("let at := {}", hex(memory.proof)));
        code.block(
            format!(
                "for {{ let i := 0 }} lt(i, {}) {{ i := add(i, 1) at := add(at, 0x40) }}",
                plan.points
            ),
            |code| code.line("checkPoint(at, i)"),
        );
        code.line(format!(
            "checkScalars({}, {}, {}, 0)",
            hex(memory.evals),
            hex(memory.evals + 32 * plan.evals),
            errors.evaluation
        ));
        for i in 0..2 {
            code.line(format!(
                "checkPoint({}, {})",
                hex(memory.openings + 64 * i),
                plan.points + i
            ));
        }
    });
}

/// Follows the transcript while code is written: what was absorbed since the last squeeze.
struct Squeezer {
    from: usize,
    to: usize,
    first: bool,
}

impl Squeezer {
    fn absorb(&mut self, bytes: usize) {
        self.to += bytes;
    }

    /// Draws a challenge into a memory word.
    fn squeeze(&mut self, code: &mut Code, slot: usize) {
        if self.from == self.to {
            code.line("h := again(h)");
        } else if self.first {
            let len = self.to - self.from;
            code.line(format!("h := keccak256({}, {})", hex(self.from), hex(len)));
        } else {
            // The hash before stands in the word in front of what follows it.
            let (start, len) = (self.from - 32, self.to - self.from + 32);
            code.line(store(start, "h"));
            code.line(format!("h := keccak256({}, {})", hex(start), hex(len)));
        }
        code.line(store(slot, "mod(h, r)"));
        self.first = false;
        self.from = self.to;
    }
}

/// The function `draw`: all challenges, in order.
pub fn draw(
    code: &mut Code,
    key: &Description,
    plan: &Plan,
    memory: &Memory,
    digest: &str,
    repr: &str,
) {
    code.note("A challenge right after another: one byte 0x01 behind the hash.");
    code.block("function again(h) -> next", |code| {
        code.line("mstore(0x00, h)");
        code.line("mstore8(0x20, 1)");
        code.line("next := keccak256(0x00, 0x21)");
    });
    code.note("Replays the transcript.");
    code.block("function draw(proof)", |code| {
        code.line(format!("let r := {R}"));
        code.line("let h");
        code.line(store(START, digest));
        code.line(store(START + 32, repr));
        let mut transcript = Squeezer {
            from: START,
            to: memory.proof,
            first: true,
        };
        for phase in 0..plan.phases {
            let points = key.advice_phases.iter().filter(|p| **p == phase).count();
            transcript.absorb(64 * points);
            for (i, _) in key
                .challenge_phases
                .iter()
                .enumerate()
                .filter(|(_, p)| **p == phase)
            {
                transcript.squeeze(code, memory.phases + 32 * i);
            }
        }
        transcript.squeeze(code, memory.theta);
        transcript.absorb(64 * (plan.product_points - plan.permuted_points));
        transcript.squeeze(code, memory.beta);
        transcript.squeeze(code, memory.gamma);
        transcript.absorb(64 * (plan.quotient_points - plan.product_points));
        transcript.squeeze(code, memory.y);
        transcript.absorb(64 * (plan.points - plan.quotient_points));
        transcript.squeeze(code, memory.x);
        transcript.absorb(32 * plan.evals);
        transcript.squeeze(code, memory.opening_y);
        transcript.squeeze(code, memory.opening_v);
        code.note("The evaluations are still needed, so the last stage is hashed elsewhere.");
        code.line(store(SCRATCH, "h"));
        code.line(format!(
            "calldatacopy({}, add(proof, {}), 0x40)",
            hex(SCRATCH + 32),
            hex(memory.openings - memory.proof)
        ));
        code.line(store(
            memory.opening_u,
            format!("mod(keccak256({}, 0x60), r)", hex(SCRATCH)),
        ));
    });
}
