//! The page.
use std::fmt::Write as _;

use verilens_tests::models::Accuracy;

use crate::case::Measured;

/// One model.
pub struct Row {
    pub name: String,
    pub accuracy: Accuracy,
    pub measured: Measured,
}

/// Seconds and MB that a proof may take.
const BUDGETS: [(&str, f64, Option<f64>); 5] = [
    ("diagnosis_mlp", 1.0, Some(150.0)),
    ("mlp_784_128_10", 1.5, None),
    ("lenet5", 3.0, Some(500.0)),
    ("embedding_cnn", 8.0, Some(1000.0)),
    ("mlp_2m", 10.0, Some(1000.0)),
];

/// 12345 as `12,345`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("model name"));
    line.map_or_else(
        || "an unknown processor".into(),
        |l| l.trim_start_matches([':', ' ', '\t']).to_owned(),
    )
}

/// The page's text.
pub fn write(rows: &[Row]) -> String {
    let mut out = String::new();
    let threads = rows.first().map_or(0, |r| r.measured.threads);
    writeln!(
        out,
        "# What models cost\n\nWritten by `cargo run --release -p verilens-tests --example benchmarks` on {} threads of {}: the models of \
         [examples/models](../examples/models/README.md), each inside the whole statement: bytes signed by an issuer of a set (EdDSA), nullifier, \
         revealed outputs. Times are medians of five proofs; keys keep nothing between proofs. Memory is the peak of a process that derives the \
         keys and proves. Gas is a whole transaction to the generated contract, in revm.\n",
        threads,
        processor()
    )
    .unwrap();
    out += "| model | accuracy, float | integer | held-out | prove s | memory MB | proof bytes | verify ms | gas | model bytes | keys s |\n";
    out += "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for row in rows {
        let (a, m) = (&row.accuracy, &row.measured);
        writeln!(
            out,
            "| `{}` | {:.4} | {:.4} | {} | {:.2} | {:.0} | {} | {:.1} | {} | {} | {:.1} |",
            row.name,
            a.float,
            a.integer,
            a.samples,
            m.prove_s,
            m.peak_mb,
            grouped(m.proof_bytes as u64),
            m.verify_ms,
            grouped(m.gas),
            grouped(m.model_bytes as u64),
            m.keys_s
        )
        .unwrap();
    }
    out += "\n## Circuits, and what `verilens estimate` said before\n\n";
    out += "| model | rows used | of | advice | fixed | contracts | estimated s | measured / estimated | estimated MB | measured / estimated |\n";
    out += "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for row in rows {
        let m = &row.measured;
        writeln!(
            out,
            "| `{}` | {} | 2^{} | {} | {} | {} | {:.2} | {:.2} | {:.0} | {:.2} |",
            row.name,
            grouped(m.rows as u64),
            m.k,
            m.advice,
            m.fixed,
            m.contracts,
            m.estimated_s,
            m.prove_s / m.estimated_s,
            m.estimated_mb,
            m.peak_mb / m.estimated_mb
        )
        .unwrap();
    }
    out += "\n## Budgets\n\n| model | seconds | measured | MB | measured |\n| --- | ---: | ---: | ---: | ---: |\n";
    for (name, seconds, memory) in BUDGETS {
        let Some(row) = rows.iter().find(|r| r.name == name) else {
            continue;
        };
        let memory = memory.map_or_else(|| "–".into(), |mb| format!("{mb:.0}"));
        writeln!(
            out,
            "| `{name}` | {seconds:.1} | {:.2} | {memory} | {:.0} |",
            row.measured.prove_s, row.measured.peak_mb
        )
        .unwrap();
    }
    out += "\nA model with more than one contract keeps its key in contracts of their own, which costs gas. Estimates are of proving time and of \
            peak memory; [decision 6](decisions/0006-networks.md) says what a network's circuit is made of.\n";
    out
}
