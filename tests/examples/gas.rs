//! What a proof costs in a contract, measured with real proofs in a real EVM; writes `docs/gas.md`.
//!
//! `cargo run --release -p verilens-tests --example gas` measures and writes; with `-- --check` it writes nothing and fails if the
//! iris statement is over budget.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use verilens_prover::{keys::compile, progress::Silent, srs::Srs, Keys, Request};
use verilens_solidity::{
    abi::{address, uint, word_at, Word},
    calldata::encode_proof,
    evm::{
        arguments, Address, Chain, Registry, Verdict, Verifier, SPEC, UPGRADE, UPGRADE_MANY,
        VERIFY, VERIFY_MANY,
    },
    scope::{action_id, scope, signal},
    Package,
};
use verilens_statement::{
    Capture, CaptureContent, Fr, OutputMode, SignatureScheme::EddsaBabyJubJubPoseidon,
};
use verilens_tests::scene::{issuer_keys, Scene, CAPTURED_AT, SCHEMA};
use verilens_verifier::Proof;

const BUDGET: u64 = 600_000;
const AIM: u64 = 400_000;
const MAX_CODE: usize = 24_576;
/// What the proofs are for.
const ACTION: &str = "enrol";
const BATCHES: [usize; 4] = [1, 2, 4, 8];
/// Price of a transaction that does nothing.
const BASE: u64 = 21_000;

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// 12345 as `12,345`.
fn grouped(n: impl TryInto<u64>) -> String {
    let digits = n.try_into().unwrap_or_default().to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Everything about one statement.
struct Measured {
    name: &'static str,
    rows: u32,
    /// Bytes of call data, and how many of them are zero.
    data: (usize, usize),
    /// Points of the proof and of the key.
    points: (usize, usize),
    total: u64,
    stages: Vec<u64>,
    code: usize,
    batches: Vec<u64>,
    upgrade: u64,
    upgrades: Vec<u64>,
    stored: u64,
    stored_code: usize,
    key_contracts: usize,
}

impl Measured {
    fn data_price(&self) -> u64 {
        let (bytes, zeros) = self.data;
        (16 * (bytes - zeros) + 4 * zeros) as u64
    }

    /// What EIP-7623 asks at least.
    fn floor(&self) -> u64 {
        let (bytes, zeros) = self.data;
        BASE + (40 * (bytes - zeros) + 10 * zeros) as u64
    }

    /// What no stage is to blame for.
    fn rest(&self) -> u64 {
        let stages: u64 = self.stages.iter().sum();
        self.total - BASE - self.data_price() - stages
    }

    fn stage(&self, name: &str) -> u64 {
        let position = Package::STAGES.iter().position(|stage| *stage == name);
        self.stages[position.expect("a stage")]
    }
}

fn gas(verifier: &Verifier, function: &str, proof: &[u8], words: &[Word]) -> u64 {
    let outcome = verifier.ask(function, proof, words).unwrap();
    let gas = outcome.gas_used;
    assert_eq!(Verdict::from(outcome), Verdict::Holds(true));
    gas
}

/// A chain with a registry that accepts nothing yet, at an address that proofs can name.
fn chain() -> (Chain, Registry) {
    let mut chain = Chain::default();
    chain.set_timestamp(CAPTURED_AT + 24 * 60 * 60);
    let registry = Registry::deploy_for_tests(&mut chain).unwrap();
    (chain, registry)
}

/// Accepts what the proofs are about.
fn open(verifier: &mut Verifier, registry: &Registry, words: &[Word]) {
    let [model, schema, root] = [1, 2, 3].map(|i| words[i]);
    for (function, arguments) in [
        ("acceptRoot(uint256)", vec![root]),
        ("acceptModel(uint256,uint256)", vec![schema, model]),
        ("acceptVerifier(address)", vec![address(verifier.address)]),
        (
            "openAction(bytes32,uint256,uint256,uint64)",
            vec![action_id(ACTION), schema, model, uint(u64::MAX.into())],
        ),
    ] {
        let done = registry.as_owner(&mut verifier.chain, function, &arguments);
        assert!(done.unwrap().success(), "{function}");
    }
}

/// What the registry charges for proofs that it has not seen.
fn registered(
    verifier: &Verifier,
    registry: Address,
    function: &str,
    (proofs, words): (Vec<u8>, Vec<Word>),
) -> u64 {
    let mut chain = verifier.chain.clone();
    let data = arguments(function, &proofs, &words);
    let done = chain.call(chain.account(1), registry, &data).unwrap();
    assert!(done.success(), "{function}: {done:?}");
    done.gas_used
}

/// Proofs about captures of one eye, for as many beneficiaries.
fn prove(keys: &Keys, scene: &mut Scene, scope: Fr, count: u64) -> Vec<Proof> {
    let tensors = scene.capture.content().tensors().to_vec();
    let holder = scene.holder.id();
    let mut proof = |i| {
        eprintln!("proof {} of {count}", i + 1);
        let mut rng = ChaCha20Rng::seed_from_u64(i);
        let time = CAPTURED_AT + i;
        let content = CaptureContent::new(SCHEMA, tensors.clone(), holder, time, &mut rng);
        scene.capture = Capture::sign(&issuer_keys()[1], content.unwrap()).unwrap();
        let request = Request {
            scope,
            signal: signal(Chain::default().account(i)),
            ..scene.request()
        };
        keys.prove(&request, &mut rng, &Silent).unwrap().proof
    };
    (0..count).map(&mut proof).collect()
}

fn measure(name: &'static str) -> Measured {
    eprintln!("iris {name}: keys");
    let mut scene = Scene::iris(name);
    let mode = OutputMode::Committed;
    let rows = compile(&scene.bundle, EddsaBabyJubJubPoseidon, mode)
        .unwrap()
        .k();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let srs = Srs::generate_insecure_for_tests(rows, &mut rng).unwrap();
    let scheme = EddsaBabyJubJubPoseidon;
    let keys = Keys::derive(&scene.bundle, &srs, scheme, mode, &Silent).unwrap();
    let key = keys.verifying();

    let most = BATCHES.into_iter().max().unwrap_or(1) as u64;
    let (chain, registry) = chain();
    let scope = scope(chain.chain_id(), registry.address, &action_id(ACTION));
    let proofs = prove(&keys, &mut scene, scope, most);
    let joined = |count: usize| -> (Vec<u8>, Vec<Word>) {
        let proofs = &proofs[..count];
        let bytes = proofs.iter().flat_map(|p| encode_proof(key, p).unwrap());
        let words = proofs.iter().flat_map(|p| p.words.clone());
        (bytes.collect(), words.collect())
    };

    eprintln!("iris {name}: contracts");
    let mut verifier = Verifier::deploy_on(chain, &Package::new(key).unwrap()).unwrap();
    open(&mut verifier, &registry, &proofs[0].words);
    let profiled = Verifier::deploy(&Package::profiled(key).unwrap()).unwrap();
    let package = Package::with_stored_key(key).unwrap();
    let stored = Verifier::deploy(&package).unwrap();
    let (proof, words) = joined(1);
    let data = arguments(VERIFY, &proof, &words);
    let output = profiled.ask(VERIFY, &proof, &words).unwrap().output;
    let left: Vec<u64> = (0..=Package::STAGES.len())
        .map(|i| word_at(&output, i).unwrap())
        .map(|word| u64::from_be_bytes(*word.last_chunk().unwrap()))
        .collect();
    Measured {
        name,
        rows,
        data: (data.len(), data.iter().filter(|byte| **byte == 0).count()),
        points: (
            key.plan().points + 2,
            key.description().commitments.len() + 1,
        ),
        total: gas(&verifier, VERIFY, &proof, &words),
        stages: left.windows(2).map(|gas| gas[0] - gas[1]).collect(),
        code: verifier.code_bytes(),
        batches: BATCHES
            .iter()
            .map(|count| {
                let (proofs, words) = joined(*count);
                gas(&verifier, VERIFY_MANY, &proofs, &words)
            })
            .collect(),
        upgrade: registered(&verifier, registry.address, UPGRADE, joined(1)),
        upgrades: BATCHES
            .iter()
            .map(|count| registered(&verifier, registry.address, UPGRADE_MANY, joined(*count)))
            .collect(),
        stored: gas(&stored, VERIFY, &proof, &words),
        stored_code: stored.code_bytes(),
        key_contracts: package.key_contracts(),
    }
}

/// One row of a table: a name, then a cell for each statement.
fn row(out: &mut String, name: &str, all: &[Measured], cell: impl Fn(&Measured) -> String) {
    write!(out, "| {name} |").unwrap();
    for measured in all {
        write!(out, " {} |", cell(measured)).unwrap();
    }
    out.push('\n');
}

fn head(out: &mut String, name: &str, all: &[Measured]) {
    row(out, name, all, |m| format!("iris {}", m.name));
    writeln!(out, "| --- |{}", " ---: |".repeat(all.len())).unwrap();
}

fn report(all: &[Measured]) -> String {
    let mut out = format!(
        "# What a proof costs in a contract\n\n\
         Written by `cargo run --release -p verilens-tests --example gas`, with real proofs of the iris statement (one eye, EdDSA, \
         committed output). Budget: {} gas and {} bytes of code; aim: {} gas.\n\n\
         ## One proof in a transaction\n\n",
        grouped(BUDGET),
        grouped(MAX_CODE as u64),
        grouped(AIM),
    );
    head(&mut out, "gas", all);
    let stage = |name: &'static str| move |m: &Measured| grouped(m.stage(name));
    row(&mut out, "base price", all, |_| grouped(BASE));
    row(&mut out, "call data", all, |m| grouped(m.data_price()));
    row(&mut out, "dispatch and memory", all, |m| grouped(m.rest()));
    for (name, stage_name) in [
        ("checks of every value (range, curve)", "checks"),
        ("transcript (Keccak)", "transcript"),
        ("domain (Lagrange values, inversions)", "domain"),
        ("constraints (gates, permutation)", "constraints"),
        ("MSM: points of the proof", "openings"),
        ("MSM: points of the key", "key"),
        ("pairing", "pairing"),
    ] {
        row(&mut out, name, all, stage(stage_name));
    }
    row(&mut out, "**all**", all, |m| {
        format!("**{}**", grouped(m.total))
    });

    out.push_str("\n## Sizes\n\n");
    head(&mut out, "", all);
    row(&mut out, "rows", all, |m| format!("2^{}", m.rows));
    row(&mut out, "bytes of deployed code", all, |m| {
        grouped(m.code as u64)
    });
    row(&mut out, "bytes of call data", all, |m| {
        grouped(m.data.0 as u64)
    });
    row(&mut out, "… of them zero", all, |m| {
        grouped(m.data.1 as u64)
    });
    row(&mut out, "points of the proof", all, |m| {
        m.points.0.to_string()
    });
    row(&mut out, "points of the key", all, |m| {
        m.points.1.to_string()
    });

    out.push_str("\n## Batches\n\nGas per proof if one transaction brings several to `verifyMany`: all share the base price, the key's \
                  points and the pairing.\n\n");
    head(&mut out, "proofs", all);
    for (i, count) in BATCHES.into_iter().enumerate() {
        row(&mut out, &count.to_string(), all, |m| {
            grouped(m.batches[i] / count as u64)
        });
    }

    out.push_str(
        "\n## Through the registry\n\nWhat `EmbeddingRegistry` charges for a proof that it has not seen: its checks, a nullifier, a record and an \
         event for each.\n\n",
    );
    head(&mut out, "gas per proof", all);
    row(&mut out, "`upgrade`", all, |m| grouped(m.upgrade));
    for (i, count) in BATCHES.into_iter().enumerate() {
        row(&mut out, &format!("`upgradeMany` of {count}"), all, |m| {
            grouped(m.upgrades[i] / count as u64)
        });
    }

    out.push_str(
        "\n## The key in a contract of its own\n\nA key too large for a verifier's code is kept as the code of further contracts. The iris \
         keys are not; if they were:\n\n",
    );
    head(&mut out, "", all);
    row(&mut out, "gas of one proof", all, |m| grouped(m.stored));
    row(&mut out, "bytes of the verifier's code", all, |m| {
        grouped(m.stored_code as u64)
    });
    row(&mut out, "key contracts", all, |m| {
        m.key_contracts.to_string()
    });

    let floor = all.iter().map(Measured::floor).max().unwrap_or_default();
    let (solc, revm) = versions();
    write!(
        out,
        "\n## How this was measured\n\n\
         - EVM: revm {revm}, rules of {SPEC:?}. A transaction from an account to the verifier itself, all of its gas; a contract that passes \
         a proof on pays for its own call and copy on top.\n\
         - Compiler: solc {solc}, optimiser on with 200 runs, EVM version Cancun, without the IR pipeline.\n\
         - The split comes from a second contract, the same but for marks that keep `gas()` between the stages. What they cost themselves, 8 \
         gas each, is in the stages; dispatch and memory are what is left of the transaction without marks.\n\
         - Call data costs 16 gas a byte, 4 if it is zero. The floor price of EIP-7623, at most {} gas here, is lower than what the \
         check costs, so it does not count.\n\
         - Proofs are of fixed seeds. Another proof has other zero bytes and costs some dozens of gas more or less.\n",
        grouped(floor),
    )
    .unwrap();
    out
}

/// Of solc and revm, as pinned.
fn versions() -> (String, String) {
    let read = |path: &str| std::fs::read_to_string(workspace().join(path)).unwrap_or_default();
    let after = |text: &str, mark: &str| {
        let rest = text.split_once(mark).map_or("", |(_, rest)| rest);
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    (
        after(&read("tests/js/package.json"), "\"solc\": \""),
        after(&read("Cargo.lock"), "name = \"revm\"\nversion = \""),
    )
}

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let all: Vec<Measured> = ["v1", "v2"].into_iter().map(measure).collect();
    let text = report(&all);
    print!("{text}");
    if !check {
        std::fs::write(workspace().join("docs/gas.md"), &text).unwrap();
        return ExitCode::SUCCESS;
    }
    for m in &all {
        if m.total > BUDGET || m.code > MAX_CODE {
            eprintln!("iris {} is over budget", m.name);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
