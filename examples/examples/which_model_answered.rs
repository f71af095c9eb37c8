//! An API whose answers show which model gave them, and what happens to one that serves a smaller model.
//!
//! `cargo run --release -p verilens-examples --example which_model_answered`
use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use tokio::{net::TcpListener, runtime::Runtime};
use verilens_examples::{
    error::Result,
    show::{heading, program, refused, say, short_bytes, timed, Stages},
    trained::Trained,
    which_model_answered::{serve, Client, Conduct, Deployed, Service},
};

/// A held-out row of the data.
const ROW: usize = 3;

fn main() -> ExitCode {
    program("Which model answered? An API that has to show it.", story)
}

/// Starts an API on a free port of this machine.
fn start(runtime: &Runtime, service: Arc<Service>) -> Result<SocketAddr> {
    let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
    let address = listener.local_addr()?;
    runtime.spawn(serve(listener, service));
    Ok(address)
}

fn story() -> Result<()> {
    heading("Published once: a model, and the key that its answers are checked with");
    let good = Arc::new(timed(
        "`diagnosis_mlp`, the model that is paid for",
        || Deployed::new("diagnosis_mlp", &Stages),
    )?);
    let small = Arc::new(timed("`logistic`, which is smaller", || {
        Deployed::new("logistic", &Stages)
    })?);
    let published = good.published.clone();
    say(format_args!(
        "digest of {}: {}; of {}: {}",
        published.name,
        short_bytes(&published.model.field_digest()),
        small.published.name,
        short_bytes(&small.published.model.field_digest())
    ));

    let runtime = Runtime::new()?;
    let row = Trained::load("diagnosis_mlp")?.rows()?.swap_remove(ROW);
    let ask = |served: &Arc<Deployed>, conduct| -> Result<_> {
        let service = Service::new(published.clone(), served.clone(), conduct);
        let client = Client::new(published.clone(), start(&runtime, service)?);
        Ok(client.ask(&row))
    };

    heading("An honest API");
    let checked = timed("asked, answered, proved and checked over HTTP", || {
        ask(&good, Conduct::Honest)
    })??;
    say(format_args!(
        "label {} (0 malignant, 1 benign), by model {}; the proof has {} bytes",
        checked.label,
        short_bytes(&checked.model_digest),
        checked.proof_bytes
    ));

    heading("APIs that are not");
    for (what, served, conduct) in [
        (
            "serves the smaller model, and names the published one",
            &small,
            Conduct::OtherModel,
        ),
        (
            "also writes the published model into the proof",
            &small,
            Conduct::Relabelled,
        ),
        ("answers about another input", &good, Conduct::OtherInput),
        (
            "says another label than its proof",
            &good,
            Conduct::OtherLabel,
        ),
        (
            "forges the label in the proof too",
            &good,
            Conduct::ForgedLabel,
        ),
        (
            "sends the answer to another question",
            &good,
            Conduct::OtherQuestion,
        ),
    ] {
        refused(what, ask(served, conduct)?)?;
    }
    runtime.shutdown_background();
    Ok(())
}
