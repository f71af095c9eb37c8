//! `demo iris-upgrade`: a private iris code from a signed private image, and the upgrade to a new model without a
//! second visit to the camera. Everything goes through real files.
pub mod assets;
mod picture;
mod report;
pub mod world;

use std::path::{Path, PathBuf};

use verilens_prover::{Keys, ProverError};
use verilens_statement::{
    field::{parse_word, to_bytes},
    Error, Fr,
};

use crate::{
    error::{CliError, Result},
    files,
    memory::peak_mb,
    output::{print, print_json, rounded},
    progress::{Reporter, INSECURE},
    registry::{Refusal, Registry},
};
pub use report::CircuitSize;
use report::{Report, Story};
use world::{word, Round, World, SCHEMA};

/// The address that benefits, and the one that a thief would like instead.
const MINE: &str = "0x52908400098527886e0f7030069857d2e4169ee7";
const OTHER: &str = "0xde709f2102306220921060314715629080e2fb77";

/// Runs the demo.
pub fn run(json: bool, keep: Option<PathBuf>, image: Option<PathBuf>) -> Result<()> {
    let temporary = match &keep {
        Some(folder) => {
            files::folder(folder)?;
            let mut entries = std::fs::read_dir(folder).map_err(CliError::io(folder))?;
            if entries.next().is_some() {
                return Err(CliError::Refused(format!(
                    "{}: expected an empty folder",
                    folder.display()
                )));
            }
            None
        }
        None => {
            let folder = tempfile::Builder::new().prefix("verilens-demo-").tempdir();
            Some(folder.map_err(CliError::io(&std::env::temp_dir()))?)
        }
    };
    let folder = match (&temporary, &keep) {
        (Some(folder), _) => folder.path(),
        (None, Some(folder)) => folder.as_path(),
        (None, None) => Path::new("."),
    };
    let story = {
        let reporter = Reporter::new();
        reporter.say(INSECURE);
        tell(folder, image.as_deref(), &reporter)?
    };
    let pictures = match temporary {
        Some(temporary) => {
            let folder = temporary.keep();
            clear_but_pictures(&folder)?;
            folder
        }
        None => folder.to_owned(),
    };
    let report = story.report();
    if json {
        print_json(&report)?;
    } else {
        print(&story.text(&pictures, keep.is_some()))?;
    }
    if report.all_good() && story.codes_agree() {
        Ok(())
    } else {
        Err(CliError::Refused(
            "demo: something did not go as it must; see above".into(),
        ))
    }
}

/// Removes secrets, keys and all other files of the demo.
fn clear_but_pictures(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder).map_err(CliError::io(folder))? {
        let path = entry.map_err(CliError::io(folder))?.path();
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(&path)
        } else if path.extension().is_some_and(|e| e == "png") {
            Ok(())
        } else {
            std::fs::remove_file(&path)
        };
        removed.map_err(CliError::io(&path))?;
    }
    Ok(())
}

fn tell(folder: &Path, image: Option<&Path>, reporter: &Reporter) -> Result<Story> {
    let world = World::new(folder, image, reporter)?;
    let mine = parse_word(MINE, "signal")?;

    // The first code.
    let v1 = world.import("v1", assets::IRIS_V1)?;
    let v2 = world.import("v2", assets::IRIS_V2)?;
    let srs = world.make_srs(&[&v1, &v2])?;
    let (keys, keygen_s) = world.derive("v1", &v1, &srs)?;
    let size = CircuitSize::of(&keys);
    reporter.step("setting up the registry");
    let mut registry = Registry::new(word(SCHEMA), world.not_before, world.issuers.root())?;
    let enrol = registry.open("demo/enrol/v1", keys.verifying())?;
    let first = world.round("v1", &keys, enrol, mine)?;
    drop(keys);
    let first_accepted = registry.submit(&first.proof).is_ok();

    // The upgrade: a new model, the same capture file, no camera and no issuer.
    reporter.say("upgrade: a second public model, the same capture");
    let (keys, upgrade_keygen_s) = world.derive("v2", &v2, &srs)?;
    reporter.step("the registry accepts the new model");
    let upgrade = registry.open("demo/upgrade/v2", keys.verifying())?;
    let second = world.round("v2", &keys, upgrade, mine)?;
    // Before anything of this scope is accepted, so that nothing but the changed word can be the reason.
    let redirect_refused = redirected(&mut registry, &second)?;
    let upgrade_accepted = registry.submit(&second.proof).is_ok();
    let double_use_refused = used_twice(&world, &keys, &mut registry, &second, upgrade)?;
    let foreign_issuer_refused = foreign(&world, &keys, &mut registry, upgrade, mine)?;
    let accepted = registry.accepted();
    Ok(Story {
        first_accepted,
        upgrade_accepted,
        accepted,
        cost: registry.cost(),
        keygen_s: [keygen_s, upgrade_keygen_s],
        size,
        redirect_refused,
        double_use_refused,
        foreign_issuer_refused,
        peak_mb: peak_mb(),
        threads: rayon::current_num_threads(),
        rounds: [first, second],
    })
}

/// A thief copies the proof and puts another address in.
fn redirected(registry: &mut Registry, round: &Round) -> Result<bool> {
    let mut stolen = round.proof.clone();
    let other = parse_word(OTHER, "signal")?;
    match stolen.words.get_mut(6) {
        Some(signal) => *signal = to_bytes(&other),
        None => return Ok(false),
    }
    Ok(matches!(
        registry.submit(&stolen),
        Err(Refusal::Invalid(CliError::InvalidProof(_)))
    ))
}

/// The holder tries again in the same scope: with the same proof, and with a fresh one for another address.
fn used_twice(
    world: &World<'_>,
    keys: &Keys,
    registry: &mut Registry,
    round: &Round,
    scope: Fr,
) -> Result<bool> {
    world
        .reporter
        .say("attack: the same capture twice in one scope");
    let again = matches!(registry.submit(&round.proof), Err(Refusal::AlreadyUsed));
    let capture = files::capture(&world.folder.join("capture.vlc"))?;
    let fresh = world.prove(
        keys,
        &capture,
        &world.issuers,
        scope,
        parse_word(OTHER, "signal")?,
    )?;
    Ok(again && matches!(registry.submit(&fresh.proof), Err(Refusal::AlreadyUsed)))
}

/// Somebody signs captures with a key of their own.
fn foreign(
    world: &World<'_>,
    keys: &Keys,
    registry: &mut Registry,
    scope: Fr,
    signal: Fr,
) -> Result<bool> {
    world.reporter.say("attack: an issuer outside the set");
    let (set, capture) = world.foreign()?;
    let unprovable = matches!(
        world.prove(keys, &capture, &world.issuers, scope, signal),
        Err(CliError::Prover(ProverError::Statement(
            Error::UnknownIssuer
        )))
    );
    let proved = world.prove(keys, &capture, &set, scope, signal)?;
    let refused = matches!(registry.submit(&proved.proof), Err(Refusal::UnknownIssuers));
    Ok(unprovable && refused)
}

impl Story {
    fn report(&self) -> Report {
        let [first, second] = &self.rounds;
        Report {
            verified: first.verified && self.first_accepted,
            prove_s: rounded(first.prove_s),
            verify_ms: rounded(first.verify_ms),
            proof_bytes: first.proof.bytes.len(),
            peak_rss_mb: self.peak_mb,
            keygen_s: rounded(self.keygen_s[0]),
            k: self.size.k,
            advice_columns: self.size.advice,
            fixed_columns: self.size.fixed,
            threads: self.threads,
            upgrade_verified: second.verified && self.upgrade_accepted,
            double_use_refused: self.double_use_refused,
            redirect_refused: self.redirect_refused,
            foreign_issuer_refused: self.foreign_issuer_refused,
            gas: self.cost.map(|cost| cost.verify_gas),
            contract_bytes: self.cost.map(|cost| cost.contract_bytes),
        }
    }

    /// Whether both codes are open-iris' own (true for an image that open-iris was not asked about).
    fn codes_agree(&self) -> bool {
        self.rounds
            .iter()
            .all(|r| r.equal_bits.is_none_or(|equal| equal == r.bits))
    }
}
