//! What the demo says in the end.
use std::{fmt::Write as _, path::Path};

use serde::Serialize;
use verilens_prover::{Keys, Stage};
use verilens_statement::{instance::LAYOUT, OutputMode};

use super::world::{Round, ISSUERS, SCHEMA};
use crate::{output::grouped, progress::INSECURE, registry::Cost};

/// What `--json` prints.
#[derive(Serialize)]
pub struct Report {
    pub verified: bool,
    pub prove_s: f64,
    pub verify_ms: f64,
    pub proof_bytes: usize,
    pub peak_rss_mb: Option<f64>,
    pub keygen_s: f64,
    pub k: u32,
    pub advice_columns: usize,
    pub fixed_columns: usize,
    pub threads: usize,
    pub upgrade_verified: bool,
    pub double_use_refused: bool,
    pub redirect_refused: bool,
    pub foreign_issuer_refused: bool,
    /// Gas of `verify` for the first code; only where contracts checked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gas: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract_bytes: Option<usize>,
}

impl Report {
    /// Whether everything was proved, and every attack refused.
    pub const fn all_good(&self) -> bool {
        self.verified
            && self.upgrade_verified
            && self.double_use_refused
            && self.redirect_refused
            && self.foreign_issuer_refused
    }
}

/// Size of the circuit of the first code.
#[derive(Clone, Copy, Serialize)]
pub struct CircuitSize {
    pub k: u32,
    pub advice: usize,
    pub fixed: usize,
}

impl CircuitSize {
    /// Size of the circuit that keys are for.
    pub fn of(keys: &Keys) -> Self {
        let size = keys.size();
        Self {
            k: size.k,
            advice: size.advice,
            fixed: size.fixed,
        }
    }
}

/// Everything that happened.
pub struct Story {
    pub rounds: [Round; 2],
    pub keygen_s: [f64; 2],
    pub size: CircuitSize,
    pub first_accepted: bool,
    pub upgrade_accepted: bool,
    pub accepted: usize,
    pub cost: Option<Cost>,
    pub redirect_refused: bool,
    pub double_use_refused: bool,
    pub foreign_issuer_refused: bool,
    pub peak_mb: Option<f64>,
    pub threads: usize,
}

impl Story {
    /// The table for people.
    pub fn text(&self, folder: &Path, kept: bool) -> String {
        let mut t = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut t, folder, kept);
        t
    }

    fn write(&self, t: &mut String, folder: &Path, kept: bool) -> std::fmt::Result {
        let [first, second] = &self.rounds;
        writeln!(t, "What was proved, twice:")?;
        writeln!(t, "  \"I hold an image that one of {ISSUERS} trusted issuers signed for me as {SCHEMA}, and this public")?;
        writeln!(t, "   model turns it into the code in this commitment.\"")?;
        writeln!(t, "  Whoever checks it learns nothing of the image, the code, the holder, or which issuer signed.\n")?;
        let row = |t: &mut String, name: &str, a: String, b: String| {
            writeln!(t, "  {name:<22} {a:>18} {b:>18}")
        };
        let seconds = |s: f64| format!("{s:.2} s");
        row(t, "", "first code (v1)".into(), "upgrade (v2)".into())?;
        row(
            t,
            "deriving the keys",
            seconds(self.keygen_s[0]),
            seconds(self.keygen_s[1]),
        )?;
        row(
            t,
            "proving",
            seconds(first.prove_s),
            seconds(second.prove_s),
        )?;
        for stage in [
            Stage::Model,
            Stage::Witness,
            Stage::Commit,
            Stage::Quotient,
            Stage::Open,
            Stage::Check,
        ] {
            let time = |r: &Round| {
                let total = r
                    .stages
                    .iter()
                    .filter(|(s, _)| *s == stage)
                    .map(|(_, d)| d.as_secs_f64())
                    .sum();
                seconds(total)
            };
            row(
                t,
                &format!("  {}", stage.describe()),
                time(first),
                time(second),
            )?;
        }
        row(
            t,
            "verifying",
            format!("{:.1} ms", first.verify_ms),
            format!("{:.1} ms", second.verify_ms),
        )?;
        let bytes = |r: &Round| format!("{} bytes", grouped(r.proof.bytes.len()));
        row(t, "proof", bytes(first), bytes(second))?;
        let yes = |b: bool| if b { "yes" } else { "NO" }.to_owned();
        row(t, "verified", yes(first.verified), yes(second.verified))?;
        let agreement = |r: &Round| match r.equal_bits {
            Some(equal) if equal == r.bits => format!("all {} bits", grouped(r.bits)),
            Some(equal) => format!("{} of {} bits", grouped(equal), grouped(r.bits)),
            None => "not known".into(),
        };
        row(
            t,
            "equal open-iris' own",
            agreement(first),
            agreement(second),
        )?;
        writeln!(
            t,
            "\n  circuit: 2^{} rows, {} advice and {} fixed columns; {} threads; peak memory of everything {}\n",
            self.size.k,
            self.size.advice,
            self.size.fixed,
            self.threads,
            self.peak_mb.map_or("unknown".into(), |mb| format!("{mb:.0} MB")),
        )?;
        if let Some(cost) = self.cost {
            writeln!(
                t,
                "  contract: {} bytes of code; checking a proof takes {} gas, the whole upgrade {}\n",
                grouped(cost.contract_bytes),
                grouped(cost.verify_gas as usize),
                grouped(cost.upgrade_gas as usize),
            )?;
        }
        writeln!(t, "The public words of the upgrade:")?;
        let specs = LAYOUT
            .iter()
            .filter(|s| s.modes.contains(&OutputMode::Committed));
        for (spec, word) in specs.zip(&second.proof.words) {
            writeln!(t, "  {:<18} 0x{}", spec.name, hex::encode(word))?;
        }
        writeln!(
            t,
            "\nWhat the registry{} did ({} proofs accepted):",
            if self.cost.is_some() {
                ", a contract in a real EVM,"
            } else {
                ""
            },
            self.accepted
        )?;
        let line = |t: &mut String, good: bool, what: &str| {
            writeln!(t, "  {:<4} {what}", if good { "ok" } else { "FAIL" })
        };
        line(t, self.first_accepted, "accepted the first code")?;
        line(
            t,
            self.upgrade_accepted,
            "accepted the upgrade: same capture file, new model, no second visit",
        )?;
        line(
            t,
            self.redirect_refused,
            "refused a copied proof with another beneficiary in it",
        )?;
        line(
            t,
            self.double_use_refused,
            "refused the capture a second time in this scope, even with a fresh proof",
        )?;
        line(
            t,
            self.foreign_issuer_refused,
            "refused an issuer outside the set",
        )?;
        writeln!(
            t,
            "\nPictures of the image and both codes: {}",
            folder.display()
        )?;
        if kept {
            writeln!(t, "All files are kept there, secrets included.")?;
        }
        write!(t, "{INSECURE}")
    }
}
