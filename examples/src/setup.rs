//! A reference string and keys.
use rand_core::OsRng;
use verilens_model::ModelBundle;
use verilens_prover::{estimate_for, srs::Srs, Keys, Progress, ProverError};
use verilens_statement::Visibility;

/// A reference string that is large enough for all of these. **For examples only**: whoever makes one can forge proofs. Real keys rest on a
/// public ceremony, [`Srs::import_ptau`].
///
/// # Errors
/// A model that is too large.
pub fn srs(statements: &[(&ModelBundle, Visibility)]) -> Result<Srs, ProverError> {
    let mut k = 1;
    for (bundle, visibility) in statements {
        k = k.max(estimate_for(bundle, *visibility)?.size.k);
    }
    Ok(Srs::generate_insecure_for_tests(k, &mut OsRng)?)
}

/// Keys of a model. Everyone derives the same ones from the same model and reference string.
///
/// # Errors
/// Those of [`Keys::derive_for`].
pub fn keys(
    bundle: &ModelBundle,
    visibility: Visibility,
    srs: &Srs,
    progress: &dyn Progress,
) -> Result<Keys, ProverError> {
    Keys::derive_for(bundle, srs, visibility, progress)
}
