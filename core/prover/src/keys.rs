//! Keys of a statement: derived from the model bundle and the SRS, nothing else.
//!
//! A phone downloads a bundle and an SRS and makes the proving key itself; what travels is the verifying key, a few
//! kilobytes. Key generation has no randomness: the same bundle, mode and SRS give the same bytes everywhere.
use halo2_proofs::halo2curves::bn256::{Fr, G1Affine};
use verilens_circuit::{
    compile::{Compiled, Size, Statement},
    field::from_ark,
    stop::Stop,
};
use verilens_model::ModelBundle;
use verilens_statement::{OutputMode, SignatureScheme, Visibility};
use verilens_verifier::VerifyingKey;

use crate::{
    commit::Params,
    describe::{Labels, SrsPoints},
    error::ProverError,
    plonk::{CircuitKey, Origin},
    progress::{Progress, Stage},
    srs::Srs,
    transcript::scalar_to_bytes,
    work::{Meter, Work},
};

/// Everything that proving needs, for one model, visibility and SRS.
pub struct Keys {
    pub(crate) bundle: ModelBundle,
    pub(crate) compiled: Compiled,
    pub(crate) params: Params,
    pub(crate) circuit: CircuitKey,
}

/// A model's statement about a signed capture before any key is made.
pub fn compile(
    bundle: &ModelBundle,
    scheme: SignatureScheme,
    mode: OutputMode,
) -> Result<Compiled, ProverError> {
    compile_for(bundle, (scheme, mode).into())
}

/// A model's statement, whatever is public of it, before any key is made.
pub fn compile_for(bundle: &ModelBundle, visibility: Visibility) -> Result<Compiled, ProverError> {
    compile_within(bundle, visibility, &Work::silent())
}

/// As [`compile_for`], as a part of some work.
fn compile_within(
    bundle: &ModelBundle,
    visibility: Visibility,
    work: &Work<'_>,
) -> Result<Compiled, ProverError> {
    let digest = verilens_statement::field::from_bytes(&bundle.field_digest(), "model digest")?;
    work.check()?;
    let statement = Statement {
        graph: bundle.graph().clone(),
        model_digest: from_ark(&digest),
        visibility,
    };
    Ok(Compiled::new_until(statement, Stop::when(&work.asked()))?)
}

/// Units of work a cell of the layout.
const LAYOUT: u64 = 150;
/// Units of work a point and level when an SRS is trimmed.
const TRIM: u64 = 60_000;
/// Units of work a row that the rest takes at least.
const ASSEMBLY: u64 = 10_000;

/// Columns of the key that one commitment holds: what makes proofs cheap to check in a contract
/// (`docs/decisions/0005-folded-key.md`).
pub const FOLD: u8 = 4;

/// All that a circuit's key is derived from.
pub(crate) struct Blueprint {
    compiled: Compiled,
    params: Params,
    points: SrsPoints,
    labels: Labels,
    fold: u8,
}

impl Blueprint {
    /// Lays the circuit out and makes the parameters for its size.
    pub(crate) fn new(
        bundle: &ModelBundle,
        srs: &Srs,
        visibility: Visibility,
        fold: u8,
        work: &Work<'_>,
    ) -> Result<Self, ProverError> {
        work.enter(Stage::Layout)?;
        let compiled = compile_within(bundle, visibility, work)?;
        let k = compiled.k();
        if k > srs.k() {
            return Err(ProverError::SrsTooSmall {
                needed: k,
                available: srs.k(),
            });
        }
        work.enter(Stage::Keys)?;
        let cells = compiled.plan().fixed.len() + compiled.plan().copies.len();
        work.replan(0, cells as u64 * LAYOUT);
        let meter = Meter {
            work,
            units: if k < srs.k() {
                (u64::from(k) << k) * TRIM
            } else {
                0
            },
        };
        // What comes after is not planned yet, but as much at least.
        work.replan(0, 2 * meter.units + (ASSEMBLY << k));
        work.add(cells as u64 * LAYOUT);
        let params = Params::new_within(srs, k, meter)?;
        work.replan(meter.units + (ASSEMBLY << k), 0);
        Ok(Self {
            points: SrsPoints {
                g1: G1Affine::generator(),
                g2: srs.g2(),
                s_g2: srs.s_g2(),
            },
            labels: Labels {
                statement: scalar_to_bytes(&from_ark(&visibility.statement_word())),
                model_digest: bundle.field_digest(),
                srs_digest: srs.digest(),
                insecure_srs: srs.is_insecure(),
                instance_lens: vec![compiled.instance_words() as u32],
            },
            compiled,
            params,
            fold,
        })
    }

    /// What the circuit's key is derived from.
    pub(crate) fn origin(&self) -> Origin<'_> {
        Origin {
            compiled: &self.compiled,
            params: &self.params,
            srs: &self.points,
            labels: &self.labels,
            fold: self.fold,
        }
    }

    /// The labels.
    pub(crate) fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The keys, once the circuit's is there.
    pub(crate) fn keys(self, bundle: &ModelBundle, circuit: CircuitKey) -> Keys {
        Keys {
            bundle: bundle.clone(),
            compiled: self.compiled,
            params: self.params,
            circuit,
        }
    }
}

impl Keys {
    /// Derives the keys of a model, for proofs about signed captures.
    pub fn derive(
        bundle: &ModelBundle,
        srs: &Srs,
        scheme: SignatureScheme,
        mode: OutputMode,
        progress: &dyn Progress,
    ) -> Result<Self, ProverError> {
        Self::derive_for(bundle, srs, (scheme, mode).into(), progress)
    }

    /// Derives the keys of a model, for proofs in which this much is public.
    pub fn derive_for(
        bundle: &ModelBundle,
        srs: &Srs,
        visibility: Visibility,
        progress: &dyn Progress,
    ) -> Result<Self, ProverError> {
        Self::derive_with(bundle, srs, visibility, FOLD, progress)
    }

    /// Keys with another number of columns in a commitment, at most [`FOLD`]. With 1 proofs are halo2's, byte for byte in
    /// form, so that halo2's own verifier can be asked for its opinion.
    #[doc(hidden)]
    pub fn derive_folded(
        bundle: &ModelBundle,
        srs: &Srs,
        scheme: SignatureScheme,
        mode: OutputMode,
        fold: u8,
        progress: &dyn Progress,
    ) -> Result<Self, ProverError> {
        Self::derive_with(bundle, srs, (scheme, mode).into(), fold, progress)
    }

    fn derive_with(
        bundle: &ModelBundle,
        srs: &Srs,
        visibility: Visibility,
        fold: u8,
        progress: &dyn Progress,
    ) -> Result<Self, ProverError> {
        let work = Work::new(progress, 1);
        let plan = Blueprint::new(bundle, srs, visibility, fold, &work)?;
        let (circuit, _) = CircuitKey::derive(&plan.origin(), &work)?;
        let keys = plan.keys(bundle, circuit);
        work.finish()?;
        Ok(keys)
    }

    /// Keeps what is the same in every proof of these keys: a seventh of the proving time less, and its fixed and permutation
    /// columns at four times the rows more in memory (71 MB at 2^14 rows, 18 of which are needed anyway). For who proves more than once; a single proof gains nothing.
    pub fn cache_cosets(&mut self) {
        self.circuit.cache_cosets();
    }

    /// The key that verifiers need.
    pub fn verifying(&self) -> &VerifyingKey {
        self.circuit.verifying()
    }

    /// The model.
    pub fn bundle(&self) -> &ModelBundle {
        &self.bundle
    }

    /// Size of the circuit as proved: selectors combined.
    pub fn size(&self) -> Size {
        Size {
            fixed: self.circuit.halo2().cs().num_fixed_columns(),
            ..self.compiled.size()
        }
    }

    /// The compiled statement.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// The commitment parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// halo2's own verifying key, to compare verifiers with.
    #[doc(hidden)]
    pub fn halo2_key(&self) -> &halo2_proofs::plonk::VerifyingKey<G1Affine> {
        self.circuit.halo2()
    }

    /// What is public in the proofs of these keys.
    pub fn visibility(&self) -> Visibility {
        self.compiled.statement().visibility
    }

    /// The model digest, instance word 1.
    pub fn model_digest(&self) -> Fr {
        self.compiled.statement().model_digest
    }
}
