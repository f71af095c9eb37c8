//! A contract that stops payments on the proof that a signed transaction looks like fraud.
//!
//! `npm ci --prefix tests/js` once, then `cargo run --release -p verilens-examples --features evm --example fraud_gate`
use std::process::ExitCode;

use verilens_examples::{
    error::{data, Result},
    fraud_gate::{public_model, trusted, visibility, Gate, Processor, Report, Watchdog},
    setup,
    show::{heading, program, refused, say, short_bytes, timed, Stages},
    trained::{answer, Trained},
};
use verilens_solidity::abi::Value;

/// When the transactions were made, and the time on the chain.
const AT: u64 = 1_767_225_600;
const NOW: u64 = AT + 600;
/// How old a transaction may be.
const MAX_AGE: u64 = 3600;
const PAY: &str = "pay(address,uint256)";

fn main() -> ExitCode {
    program(
        "A fraud gate: a contract that pauses itself on a proof.",
        story,
    )
}

fn story() -> Result<()> {
    heading("Public: the model, the reference string, the keys, the contracts");
    let trained = timed("model `fraud` imported and quantised", || {
        Trained::load("fraud")
    })?;
    let model = public_model(&trained)?;
    let srs = timed("reference string, for this example only", || {
        setup::srs(&[(&model, visibility())])
    })?;
    let keys = timed("keys", || setup::keys(&model, visibility(), &srs, &Stages))?;
    let (processor, stranger) = (Processor::new(), Processor::new());
    let processors = trusted(&[&processor])?;
    let mut gate = timed("contracts compiled by solc and deployed in an EVM", || {
        Gate::deploy(keys.verifying(), &processors.root(), MAX_AGE, NOW)
    })?;
    let [gate_bytes, verifier_bytes] = gate.code_bytes;
    say(format_args!(
        "FraudGate {gate_bytes} bytes, its verifier {verifier_bytes}; model digest {}",
        short_bytes(&model.field_digest())
    ));

    heading("Two transactions, signed by the payment processor");
    let watchdog = Watchdog::new();
    let rows = trained.rows()?;
    let samples = rows
        .iter()
        .map(|row| trained.bytes(row))
        .collect::<Result<Vec<_>>>()?;
    let find = |bit| {
        let found = samples
            .iter()
            .find(|s| answer(model.graph(), s).is_ok_and(|a| a == bit));
        found
            .cloned()
            .ok_or_else(|| data("held-out samples", "one of each kind"))
    };
    let (suspicious, usual) = (find(1)?, find(0)?);
    let capture = processor.sign(&model, suspicious.clone(), watchdog.id(), AT)?;
    let harmless = processor.sign(&model, usual, watchdog.id(), AT)?;
    let (customer, shop, reporter) = (gate.owner, gate.chain.account(3), gate.chain.account(5));
    let payment = [Value::address(shop), Value::uint(100)];
    gate.call(customer, PAY, &payment)?;
    say("payments work: 100 paid to a shop");

    heading("The watchdog proves that one of them is suspicious");
    let report = Report {
        scope: gate.scope(gate.address),
        reporter,
        not_before: AT,
    };
    let prove = |capture| watchdog.prove(&keys, capture, &processors, &report, &Stages);
    let proof = timed("proved", || prove(&capture))?;
    let anyone = gate.chain.account(7);
    let gas = gate.report(anyone, &proof)?;
    say(format_args!(
        "the contract checks the proof and pauses itself, for {gas} gas"
    ));
    say("it has not seen the transaction, its score, or who signed it for whom");
    refused("a payment now", gate.call(customer, PAY, &payment))?;

    heading("What does not work");
    refused(
        "anybody resumes payments",
        gate.call(anyone, "resume()", &[]),
    )?;
    gate.call(customer, "resume()", &[])?;
    say("the owner resumes payments");
    refused(
        "the same transaction stops them again",
        gate.report(anyone, &proof),
    )?;
    let no = timed("proved about the usual transaction", || prove(&harmless))?;
    refused(
        "a transaction that is not suspicious",
        gate.report(anyone, &no),
    )?;
    let mut forged = no.clone();
    if let Some(bit) = forged.words.last_mut() {
        bit[31] = 1;
    }
    refused("its bit changed", gate.report(anyone, &forged))?;
    let foreign = trusted(&[&stranger])?;
    let capture = stranger.sign(&model, suspicious, watchdog.id(), AT)?;
    let proof = timed("proved about a transaction that a stranger signed", || {
        watchdog.prove(&keys, &capture, &foreign, &report, &Stages)
    })?;
    refused(
        "a transaction that no processor signed",
        gate.report(anyone, &proof),
    )?;
    say(format_args!(
        "payments are {}",
        if gate.paused()? { "stopped" } else { "running" }
    ));
    Ok(())
}
