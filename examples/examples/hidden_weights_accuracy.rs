//! A model whose weights nobody sees, and whose accuracy everybody can check.
//!
//! `cargo run --release -p verilens-examples --example hidden_weights_accuracy`
use std::process::ExitCode;

use verilens_examples::{
    error::Result,
    hidden_weights_accuracy::{check, visibility, Benchmark, Vendor, Weights},
    setup,
    show::{heading, program, refused, say, short, short_bytes, timed, Stages},
    trained::Trained,
};

/// What must be exceeded, in per cent.
const BAR: usize = 90;
/// When the vendor committed.
const COMMITTED: u64 = 1_767_225_600;
/// Features that the worse model does without.
const FORGOTTEN: std::ops::Range<usize> = 5..30;

fn main() -> ExitCode {
    program(
        "Hidden weights: more than 90 % right, says the proof, and nothing else.",
        story,
    )
}

fn story() -> Result<()> {
    heading("Public: two test sets, each a program about 31 hidden numbers");
    let trained = timed("`logistic`, the vendor's model", || {
        Trained::load("logistic")
    })?;
    let scale = trained.scale()?.clone();
    let samples: Vec<Vec<u8>> = trained
        .rows()?
        .iter()
        .map(|row| scale.encode(row))
        .collect();
    let labels = trained.labels()?;
    let half = samples.len() / 2;
    let (early, late) = samples.split_at(half);
    let (early_labels, late_labels) = labels.split_at(half);
    let first = Benchmark::new("the first test set", early, early_labels)?;
    let second = Benchmark::new("the second test set", late, late_labels)?;
    let mut tests = Vec::new();
    for benchmark in [&first, &second] {
        let program = benchmark.program(BAR)?;
        let srs = setup::srs(&[(&program, visibility())])?;
        let keys = timed(benchmark.name, || {
            setup::keys(&program, visibility(), &srs, &Stages)
        })?;
        say(format_args!(
            "  {} samples, program digest {}",
            benchmark.len(),
            short_bytes(&program.field_digest())
        ));
        tests.push((benchmark, program, keys));
    }
    let [(_, program, keys), (_, _, later_keys)] = tests.as_slice() else {
        return Ok(());
    };

    heading("The vendor commits to the weights, once");
    let weights = Weights::of(&trained, &scale)?;
    let vendor = Vendor::commit(program, &weights, COMMITTED)?;
    let commitment = vendor.commitment()?;
    say(format_args!(
        "everyone sees: commitment {}",
        short(&commitment)
    ));

    for (benchmark, _, keys) in &tests {
        heading(&format!("On {}", benchmark.name));
        let proved = timed("proved by the vendor", || vendor.prove(keys, &Stages))?;
        timed("checked by anyone", || {
            check(keys.verifying(), commitment, &proved.proof)
        })?;
        say(format_args!(
            "everyone knows: the model under {} is right on more than {BAR} % of {}",
            short(&commitment),
            benchmark.len()
        ));
        say(format_args!(
            "only the vendor knows: on {}",
            weights.right(benchmark)
        ));
    }

    heading("What does not work");
    let worse = weights.without(FORGOTTEN);
    let other = Vendor::commit(program, &worse, COMMITTED)?;
    let no = timed("proved for a worse model", || other.prove(keys, &Stages))?.proof;
    refused(
        &format!(
            "a worse model, right on {} of {}",
            worse.right(&first),
            first.len()
        ),
        check(keys.verifying(), other.commitment()?, &no),
    )?;
    let mut forged = no.clone();
    if let Some(bit) = forged.words.last_mut() {
        bit[31] = 1;
    }
    refused(
        "its answer changed to yes",
        check(keys.verifying(), other.commitment()?, &forged),
    )?;
    refused(
        "its proof under the good model's name",
        check(keys.verifying(), commitment, &no),
    )?;
    let yes = timed("proved for the good model", || vendor.prove(keys, &Stages))?.proof;
    refused(
        "the good model's proof under the worse one's name",
        check(keys.verifying(), other.commitment()?, &yes),
    )?;
    refused(
        "the proof on the first test set shown for the second",
        check(later_keys.verifying(), commitment, &yes),
    )
}
