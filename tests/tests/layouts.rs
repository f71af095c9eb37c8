//! The iris models' layouts: as long as they stay, keys made earlier stay valid and 2^14 rows hold version 1.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
use sha2::{Digest, Sha256};
use verilens_circuit::config::Config;
use verilens_model::ModelBundle;
use verilens_prover::keys::compile;
use verilens_statement::{OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon};
use verilens_tests::scene::iris_bundle;

/// k, rows, advice and fixed columns, and a digest of all fixed cells, selectors, copies and gates.
fn layout(bundle: &ModelBundle) -> String {
    let compiled = compile(bundle, EddsaBabyJubJubPoseidon, OutputMode::Committed).unwrap();
    let size = compiled.size();
    let plan = compiled.plan();
    let (_, meta) = Config::detached(compiled.gates());
    let mut hash = Sha256::new();
    hash.update(format!("{:?}", plan.fixed));
    hash.update(format!("{:?}", plan.selectors));
    hash.update(format!("{:?}", plan.copies));
    hash.update(format!("{:?}", meta.pinned()));
    let digest: String = hash
        .finalize()
        .iter()
        .take(8)
        .map(|b| format!("{b:02x}"))
        .collect();
    format!(
        "2^{} rows, {} used, {} advice, {} fixed: {digest}",
        size.k, size.rows, size.advice, size.fixed
    )
}

#[test]
fn layouts_stay() {
    let frozen = include_bytes!("../frozen/model.vlm");
    let frozen = ModelBundle::decode(frozen).unwrap();
    let v1 = layout(&iris_bundle("v1"));
    let v3 = layout(&iris_bundle("v3"));
    let found = [layout(&frozen), v1, v3, layout(&iris_bundle("v3_mask"))];
    let expected = [
        "2^12 rows, 3196 used, 22 advice, 19 fixed: f38d893c21add2d6",
        "2^14 rows, 16360 used, 22 advice, 19 fixed: 699523eb1a158c90",
        "2^15 rows, 26901 used, 22 advice, 19 fixed: 4f812c60e22c025d",
        "2^16 rows, 53459 used, 22 advice, 19 fixed: ea5d55ffe8c41a41",
    ];
    assert_eq!(found.each_ref().map(String::as_str), expected);
}
