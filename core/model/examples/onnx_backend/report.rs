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
    excepted: BTreeMap<String, &'static str>,
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
                Outcome::Excepted(reason) => {
                    row.excepted.insert(test.to_owned(), reason);
                }
                Outcome::Failed(reason) => row.failed.push(format!("{test}: {reason}")),
            }
        }
    }

    /// Tests of executor `i` that passed, were refused, are exceptions, and failed.
    fn totals(&self, i: usize) -> [usize; 4] {
        let rows = self.rows.values().filter_map(|r| r.get(i)).map(Row::counts);
        rows.fold([0; 4], |sum, row| std::array::from_fn(|k| sum[k] + row[k]))
    }

    pub fn failed(&self) -> bool {
        (0..self.executors.len()).any(|i| self.totals(i)[3] > 0)
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for (operator, rows) in &self.rows {
            for (executor, row) in self.executors.iter().zip(rows) {
                let _ = writeln!(out, "{operator:40} {executor:10} {}", words(row.counts()));
                for (reason, count) in &row.refused {
                    let _ = writeln!(out, "    refused {count}: {reason}");
                }
                for (test, reason) in &row.excepted {
                    let _ = writeln!(out, "    exception {test}: {reason}");
                }
                for failure in &row.failed {
                    let _ = writeln!(out, "    FAILED {failure}");
                }
            }
        }
        for (i, executor) in self.executors.iter().enumerate() {
            let _ = writeln!(out, "{executor}: {}", words(self.totals(i)));
        }
        out
    }

    /// For the documentation.
    pub fn markdown(&self) -> String {
        let mut out = String::from(include_str!("operators.head.md"));
        let _ = writeln!(out, "## Totals\n");
        for (i, executor) in self.executors.iter().enumerate() {
            let _ = writeln!(out, "- {executor}: {}", words(self.totals(i)));
        }
        let _ = write!(out, "\n## Operators\n\n| operator |");
        for executor in &self.executors {
            let _ = write!(out, " {executor}: passed | refused |");
        }
        let _ = writeln!(
            out,
            " what the passed tests had private | refused because |"
        );
        let columns = " ---: | ---: |".repeat(self.executors.len());
        let _ = writeln!(out, "| --- |{columns} --- | --- |");
        let mut refused: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (operator, rows) in &self.rows {
            let Some(first) = rows.first() else {
                continue;
            };
            let reasons: Vec<&str> = first.refused.keys().map(String::as_str).collect();
            let reasons = reasons.join("; ");
            if first.counts()[1] == first.counts().iter().sum::<usize>() {
                refused.entry(reasons).or_default().push(operator);
                continue;
            }
            let _ = write!(out, "| {operator} |");
            for row in rows {
                let [passed, refused, ..] = row.counts();
                let _ = write!(out, " {passed} | {refused} |");
            }
            let bindings: Vec<&str> = first.passed.keys().map(|b| b.words()).collect();
            let _ = writeln!(out, " {} | {reasons} |", bindings.join("; "));
        }
        let _ = writeln!(out, "\n## Refused altogether\n");
        for (reason, operators) in refused {
            let _ = writeln!(out, "- {}: {reason}.", operators.join(", "));
        }
        let _ = writeln!(
            out,
            "\n## Exceptions\n\nTests that expect another answer than this project gives.\n"
        );
        for (test, reason) in self.rows.values().flatten().flat_map(|r| &r.excepted) {
            let _ = writeln!(out, "- `{test}`: {reason}.");
        }
        out
    }
}

impl Row {
    /// Passed, refused, excepted, failed.
    fn counts(&self) -> [usize; 4] {
        [
            self.passed.values().sum(),
            self.refused.values().sum(),
            self.excepted.len(),
            self.failed.len(),
        ]
    }
}

fn words([passed, refused, excepted, failed]: [usize; 4]) -> String {
    format!("{passed:4} passed, {refused:3} refused, {excepted} exceptions, {failed} failed")
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
