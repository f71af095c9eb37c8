//! A label that came from a committed image by a named model; the image stays with its publisher.
//!
//! `cargo run --release -p verilens-examples --example content_provenance`
use std::process::ExitCode;

use verilens_examples::{
    content_provenance::{check, open, picture, public_model, visibility, Claim, Publisher},
    error::{Error, Result},
    setup,
    show::{heading, program, refused, say, short, short_bytes, timed, Stages},
    trained::{answer, Trained},
};

/// When the image was committed to.
const COMMITTED: u64 = 1_767_225_600;
/// Held-out images.
const IMAGE: usize = 5;
const OTHER_IMAGE: usize = 6;
const WIDTH: usize = 28;

fn main() -> ExitCode {
    program(
        "Content provenance: what a model says about an image that is not shown.",
        story,
    )
}

fn story() -> Result<()> {
    heading("Public: the model, the reference string, the keys");
    let trained = timed("model `lenet5` imported and quantised", || {
        Trained::load("lenet5")
    })?;
    let model = public_model(&trained)?;
    say(format_args!(
        "model digest {}",
        short_bytes(&model.field_digest())
    ));
    let srs = timed("reference string, for this example only", || {
        setup::srs(&[(&model, visibility())])
    })?;
    let keys = timed("keys", || setup::keys(&model, visibility(), &srs, &Stages))?;
    let key = keys.verifying();

    heading("On the day of the photograph: a commitment");
    let rows = trained.rows()?;
    let image = |i: usize| trained.bytes(rows.get(i).map_or(&[], Vec::as_slice));
    let publisher = Publisher::commit(&model, image(IMAGE)?, COMMITTED)?;
    let commitment = publisher.commitment()?;
    say(format_args!(
        "everyone sees: commitment {}",
        short(&commitment)
    ));

    heading("Later, in an article: what the model sees in that photograph");
    let label = answer(model.graph(), &image(IMAGE)?)?;
    let claim = Claim {
        article: "news.example/2026/house-number".into(),
        label: u64::try_from(label).map_err(|_| Error::Accepted("a negative label".into()))?,
    };
    let proved = timed("proved by the publisher", || {
        publisher.prove(&keys, &claim, &Stages)
    })?;
    timed("checked by a reader", || {
        check(key, commitment, &claim, &proved.proof)
    })?;
    say(format_args!(
        "the reader knows: model {} sees a {} in the image under {}",
        short_bytes(&model.field_digest()),
        claim.label,
        short(&commitment)
    ));

    heading("To a journalist: the opening");
    let file = publisher.opening_file();
    let opened = open(&model, commitment, &file)?;
    say(format_args!(
        "the journalist sees the image, {} bytes, and runs the model: {}",
        opened.image.len(),
        opened.label
    ));
    println!("{}", picture(&opened.image, WIDTH));

    heading("What does not work");
    let other = Claim {
        label: (claim.label + 1) % 10,
        ..claim.clone()
    };
    refused(
        "another label with the same proof",
        check(key, commitment, &other, &proved.proof),
    )?;
    let lie = timed("the model run for a claim that it does not support", || {
        publisher.prove(&keys, &other, &Stages)
    })?;
    refused(
        "a claim that its own proof contradicts",
        check(key, commitment, &other, &lie.proof),
    )?;
    let substitute = Publisher::commit(&model, image(OTHER_IMAGE)?, COMMITTED)?;
    let proof = timed("proved about another image", || {
        substitute.prove(&keys, &claim, &Stages)
    })?
    .proof;
    refused(
        "another image in place of the committed one",
        check(key, commitment, &claim, &proof),
    )?;
    refused(
        "another image shown to the journalist",
        open(&model, commitment, &substitute.opening_file()),
    )
}
