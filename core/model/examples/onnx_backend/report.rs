//! The table.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::bind::Binding;
use crate::run::Outcome;

/// Counts for one operator and one executor.
#[derive(Default)]
struct Row {
    passed: BTreeMap<Binding, usize>,
    refused: BTreeMap<String, usize>,
    failed: Vec<String>,
}

/// All outcomes.
pub struct Report {
    executors: Vec<&'static str>,
    rows: BTreeMap<String, Vec<Row>>,
}

impl Report {
    pub fn new(executors: Vec<&'static str>) -> Self {
        Self {
            executors,
            rows: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, operator: &str, test: &str, outcomes: Vec<Outcome>) {
        let rows = self.rows.entry(operator.to_owned()).or_default();
        rows.resize_with(self.executors.len(), Row::default);
        for (row, outcome) in rows.iter_mut().zip(outcomes) {
            match outcome {
                Outcome::Passed(binding) => *row.passed.entry(binding).or_default() += 1,
                Outcome::Refused(reason) => *row.refused.entry(short(&reason)).or_default() += 1,
                Outcome::Failed(reason) => row.failed.push(format!("{test}: {reason}")),
            }
        }
    }

    /// Passed, refused and failed tests of executor `i`.
    fn totals(&self, i: usize) -> (usize, usize, usize) {
        let rows = self.rows.values().filter_map(|r| r.get(i));
        rows.fold((0, 0, 0), |(p, r, f), row| {
            let (passed, refused): (usize, usize) =
                (row.passed.values().sum(), row.refused.values().sum());
            (p + passed, r + refused, f + row.failed.len())
        })
    }

    pub fn failed(&self) -> bool {
        (0..self.executors.len()).any(|i| self.totals(i).2 > 0)
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (operator, rows) in &self.rows {
            for (executor, row) in self.executors.iter().zip(rows) {
                let (passed, refused): (usize, usize) =
                    (row.passed.values().sum(), row.refused.values().sum());
                let _ = writeln!(
                    out,
                    "{operator:40} {executor:10} {passed:4} passed {refused:4} refused {:4} failed",
                    row.failed.len()
                );
                for (reason, count) in &row.refused {
                    let _ = writeln!(out, "    refused {count}: {reason}");
                }
                for failure in &row.failed {
                    let _ = writeln!(out, "    FAILED {failure}");
                }
            }
        }
        for (i, executor) in self.executors.iter().enumerate() {
            let (passed, refused, failed) = self.totals(i);
            let _ = writeln!(
                out,
                "{executor}: {passed} passed, {refused} refused, {failed} failed"
            );
        }
        out
    }

    /// For the documentation.
    pub fn markdown(&self) -> String {
        let mut out = String::from(include_str!("operators.head.md"));
        for (i, executor) in self.executors.iter().enumerate() {
            let (passed, refused, failed) = self.totals(i);
            let _ = writeln!(
                out,
                "- {executor}: {passed} passed, {refused} refused, {failed} failed."
            );
        }
        let _ = write!(out, "\n| operator |");
        for executor in &self.executors {
            let _ = write!(out, " {executor}: passed | refused | failed |");
        }
        let _ = writeln!(out, " what may be private | refused because |");
        let _ = writeln!(
            out,
            "| --- |{} --- | --- |",
            " --- | --- | --- |".repeat(self.executors.len())
        );
        let mut unsupported = Vec::new();
        for (operator, rows) in &self.rows {
            let Some(first) = rows.first() else {
                continue;
            };
            if first.passed.is_empty() && first.failed.is_empty() {
                let reasons: Vec<&str> = first.refused.keys().map(String::as_str).collect();
                unsupported.push((operator, reasons));
                continue;
            }
            let _ = write!(out, "| {operator} |");
            for row in rows {
                let (passed, refused): (usize, usize) =
                    (row.passed.values().sum(), row.refused.values().sum());
                let _ = write!(out, " {passed} | {refused} | {} |", row.failed.len());
            }
            let words: Vec<&str> = first.passed.keys().map(|b| b.words()).collect();
            let reasons: Vec<&str> = first.refused.keys().map(String::as_str).collect();
            let _ = writeln!(out, " {} | {} |", words.join("; "), reasons.join("; "));
        }
        let _ = writeln!(out, "\n## Refused altogether\n");
        let mut by_reason: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (operator, reasons) in unsupported {
            by_reason
                .entry(reasons.join("; "))
                .or_default()
                .push(operator);
        }
        for (reason, operators) in by_reason {
            let _ = writeln!(out, "- {}: {reason}.", operators.join(", "));
        }
        out
    }
}

/// The reason alone, without the node and its shapes.
fn short(reason: &str) -> String {
    let reason = match reason.strip_prefix("node `") {
        Some(rest) => rest.split_once("`: ").map_or(rest, |r| r.1),
        None => reason,
    };
    let reason = match reason.split_once(": ") {
        Some((head, rest)) if head.contains(" on ") => rest,
        _ => reason,
    };
    reason.replace('|', "/")
}
