//! What the prover holds about a circuit: made from a compiled statement, without running halo2's key generation.
//!
//! halo2's own `keygen_vk` gives the same verifying key, byte for byte (a test compares them); it synthesises the circuit and keeps
//! every column in several forms, where a plan of fixed cells and copies is all that is needed.
use halo2_proofs::{
    halo2curves::{
        bn256::{Fr, G1Affine, G1},
        ff::{Field, FromUniformBytes},
        group::Curve,
    },
    plonk::{permutation, Any, ConstraintSystem, VerifyingKey as HaloKey},
};
use rayon::prelude::*;
use sha2::{Digest, Sha512};
use verilens_circuit::{compile::Compiled, config::Config, layout::Plan};
use verilens_verifier::{Description, VerifyingKey};

use super::{
    cosets::KeyValues,
    domain::Domain,
    halo2_domain,
    permutation::{Cycles, Labels, Sigma},
    tape::Tape,
};
use crate::{
    commit::{multi_scalar_mul, Params},
    describe::{describe, folded, Labels as KeyLabels, SrsPoints},
    error::ProverError,
    transcript::coordinates,
    work::{cost, Meter, Work},
};

/// A circuit's proving key. It holds nothing secret, and follows from the model and the SRS.
pub(crate) struct CircuitKey {
    verifying: VerifyingKey,
    halo2: HaloKey<G1Affine>,
    pub(super) domain: Domain,
    pub(super) tape: Tape,
    /// Coefficients of the fixed columns.
    pub(super) fixed: Vec<Vec<Fr>>,
    pub(super) sigma: Sigma,
    /// Coefficients of the permutation's polynomials.
    pub(super) sigma_polys: Vec<Vec<Fr>>,
    /// Values on the first cosets, kept for proofs to come.
    pub(super) cached: Vec<KeyValues>,
}

/// Fixed cells, selectors and cycles of a plan.
struct Assembly {
    system: ConstraintSystem<Fr>,
    fixed: Vec<Vec<Fr>>,
    selectors: Vec<Vec<bool>>,
    cycles: Cycles,
    columns: usize,
}

impl Assembly {
    fn new(compiled: &Compiled, work: &Work<'_>) -> Result<Self, ProverError> {
        /// Cells between two questions whether to go on.
        const STEPS: usize = 1 << 16;
        let (config, system) = Config::detached(compiled.gates());
        let rows = 1usize << compiled.k();
        let plan: &Plan = compiled.plan();
        let outside = || ProverError::Halo2("a cell outside of the columns".into());
        // Column by column: hundreds of megabytes are not touched at once.
        let columns = (0..system.num_fixed_columns()).map(|_| {
            work.check()?;
            Ok(vec![Fr::ZERO; rows])
        });
        let mut fixed = columns.collect::<Result<Vec<_>, ProverError>>()?;
        for (step, (column, row, value)) in plan.fixed.iter().enumerate() {
            if step.is_multiple_of(STEPS) {
                work.check()?;
            }
            let cell = fixed.get_mut(column.index()).and_then(|c| c.get_mut(*row));
            *cell.ok_or_else(outside)? = *value;
        }
        let mut selectors = vec![vec![false; rows]; system.num_selectors()];
        for (selector, row) in &plan.selectors {
            let cell = selectors
                .get_mut(selector.index())
                .and_then(|s| s.get_mut(*row));
            *cell.ok_or_else(outside)? = true;
        }
        work.check()?;
        let wired = system.permutation().get_columns();
        let place = |col| {
            let column = config.columns.advice(col);
            wired.iter().position(|w| {
                w.index() == column.index() && matches!(w.column_type(), Any::Advice(_))
            })
        };
        let mut cycles = Cycles::new(wired.len(), rows);
        for (step, (a, b)) in plan.copies.iter().enumerate() {
            if step.is_multiple_of(STEPS) {
                work.check()?;
            }
            let (Some(left), Some(right)) = (place(a.col), place(b.col)) else {
                return Err(outside());
            };
            if !cycles.join((left, a.row), (right, b.row)) {
                return Err(outside());
            }
        }
        Ok(Self {
            columns: wired.len(),
            system,
            fixed,
            selectors,
            cycles,
        })
    }
}

/// A compiled statement's constraint system, selectors combined as in its key.
pub(crate) fn system(compiled: &Compiled) -> Result<ConstraintSystem<Fr>, ProverError> {
    let assembly = Assembly::new(compiled, &Work::silent())?;
    Ok(assembly.system.compress_selectors(assembly.selectors).0)
}

/// The points of a key: what costs most in deriving it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commitments {
    /// To the fixed columns.
    pub(crate) fixed: Vec<G1Affine>,
    /// To the permutation's polynomials.
    pub(crate) sigma: Vec<G1Affine>,
    /// To all columns, folded; none if they are not.
    pub(crate) folded: Vec<G1Affine>,
}

/// What a key is derived from.
pub(crate) struct Origin<'a> {
    pub(crate) compiled: &'a Compiled,
    pub(crate) params: &'a Params,
    pub(crate) srs: &'a SrsPoints,
    pub(crate) labels: &'a KeyLabels,
    /// Columns in each commitment; 1 is halo2's key.
    pub(crate) fold: u8,
}

impl CircuitKey {
    /// Derives the key of a compiled statement and its commitments.
    pub(crate) fn derive(
        origin: &Origin<'_>,
        work: &Work<'_>,
    ) -> Result<(Self, Commitments), ProverError> {
        let derived = Self::derive_from(origin, None, work)?;
        // Only given commitments can be wrong.
        derived.ok_or(ProverError::Degenerate)
    }

    /// As [`CircuitKey::derive`], with the commitments of an earlier derivation, which cost one multiplication to check. `None` if they
    /// are not this key's.
    pub(crate) fn derive_known(
        origin: &Origin<'_>,
        known: Commitments,
        work: &Work<'_>,
    ) -> Result<Option<Self>, ProverError> {
        Ok(Self::derive_from(origin, Some(known), work)?.map(|(key, _)| key))
    }

    fn derive_from(
        origin: &Origin<'_>,
        known: Option<Commitments>,
        work: &Work<'_>,
    ) -> Result<Option<(Self, Commitments)>, ProverError> {
        let Origin {
            compiled,
            params,
            fold,
            ..
        } = *origin;
        let Assembly {
            system,
            mut fixed,
            selectors,
            cycles,
            columns,
        } = Assembly::new(compiled, work)?;
        work.check()?;
        // The degree before selectors are combined: combining keeps within it.
        let halo2_domain = halo2_domain::without_tables(system.degree() as u32, compiled.k());
        work.check()?;
        let (system, combined) = system.compress_selectors(selectors.clone());
        fixed.extend(combined);
        work.check()?;

        let pieces = halo2_domain.get_quotient_poly_degree();
        let domain = Domain::new(compiled.k(), pieces);
        work.check()?;
        let sigma = cycles.finish();
        let mut sigma_polys = sigma.values(&Labels::new(&domain, columns), work)?;
        let counts = [fixed.len(), sigma_polys.len()];
        let groups = (fixed.len() + sigma_polys.len()).div_ceil(usize::from(fold.max(1)));
        let groups = if fold > 1 { groups } else { 0 };
        work.check()?;

        let rows = domain.size();
        let mut units = cost::transforms(fixed.len() + sigma_polys.len(), rows);
        let full = cost::commitment(rows * usize::from(fold.max(1)));
        let columns = || fixed.iter().chain(&sigma_polys);
        if known.is_some() {
            units += full;
        } else {
            units += columns().map(|c| cost::column(c)).sum::<u64>() + full * groups as u64;
        }
        work.replan(0, units);
        let (fixed_points, sigma_points) = match &known {
            Some(known) => {
                if counts != [known.fixed.len(), known.sigma.len()] || groups != known.folded.len()
                {
                    return Ok(None);
                }
                (known.fixed.clone(), known.sigma.clone())
            }
            None => (
                commit(params, &fixed, work)?,
                commit(params, &sigma_polys, work)?,
            ),
        };
        let halo2 = HaloKey::from_parts(
            halo2_domain,
            fixed_points.clone(),
            permutation::VerifyingKey::from_commitments(sigma_points.clone()),
            system,
            selectors,
            true,
        );
        let mut verifying = describe(&halo2, origin.srs, origin.labels)?;
        fixed
            .par_iter_mut()
            .chain(&mut sigma_polys)
            .for_each(|values| {
                if !work.stopped() {
                    domain.interpolate(values, work);
                    work.add(cost::transforms(1, rows));
                }
            });
        work.check()?;
        let columns: Vec<&[Fr]> = fixed
            .iter()
            .chain(&sigma_polys)
            .map(Vec::as_slice)
            .collect();
        let commitments = match known {
            Some(known) => {
                let meter = Meter { work, units: full };
                if !known.open_to(&columns, fold, params, meter)? {
                    return Ok(None);
                }
                known
            }
            None => {
                let mut folded = Vec::with_capacity(groups);
                for group in columns.chunks(fold.into()).take(groups) {
                    let meter = Meter { work, units: full };
                    folded.push(params.coefficients_within(&interleave(group, fold), meter));
                    work.check()?;
                }
                Commitments {
                    fixed: fixed_points,
                    sigma: sigma_points,
                    folded: normalize(&folded),
                }
            }
        };
        if fold > 1 {
            verifying = folded(&verifying, fold, &commitments.folded)?;
        }
        let key = Self {
            tape: Tape::new(verifying.description()),
            verifying,
            halo2,
            domain,
            fixed,
            sigma,
            sigma_polys,
            cached: Vec::new(),
        };
        Ok(Some((key, commitments)))
    }

    /// Computes the key's values on all cosets, once for all proofs to come.
    pub(crate) fn cache_cosets(&mut self) {
        self.cached = self
            .domain
            .cosets()
            .iter()
            .map(|coset| {
                let work = Work::silent();
                let mut values = KeyValues::new(self, &work).ok()?;
                values.fill(self, coset, &work);
                Some(values)
            })
            .collect::<Option<_>>()
            // Nobody can stop it.
            .unwrap_or_default();
    }

    /// The verifier's key.
    pub(crate) fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// halo2's form of it.
    pub(crate) fn halo2(&self) -> &HaloKey<G1Affine> {
        &self.halo2
    }

    pub(super) fn description(&self) -> &Description {
        self.verifying.description()
    }
}

impl Commitments {
    /// Whether these are the commitments to columns given by their coefficients: one random linear combination of all of them,
    /// weighted by powers of a hash of the points, so that wrong ones pass with probability below 2^-230 a guess.
    fn open_to(
        &self,
        columns: &[&[Fr]],
        fold: u8,
        params: &Params,
        meter: Meter<'_>,
    ) -> Result<bool, ProverError> {
        let points: Vec<G1Affine> = [&self.fixed, &self.sigma, &self.folded]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        let mut hasher = Sha512::new_with_prefix(b"verilens known commitments");
        for point in &points {
            hasher.update(coordinates(point).unwrap_or_default().as_flattened());
        }
        let weight = Fr::from_uniform_bytes(&hasher.finalize().into());
        let mut weights = std::iter::successors(Some(Fr::ONE), |power| Some(*power * weight));
        let rows = columns.iter().map(|c| c.len()).max().unwrap_or(0);
        let mut sum = vec![Fr::ZERO; rows * usize::from(fold.max(1))];
        let mut powers = Vec::with_capacity(points.len());
        for column in columns {
            meter.work.check()?;
            let power = weights.next().unwrap_or(Fr::ZERO);
            add_scaled(&mut sum, 1, column, power);
            powers.push(power);
        }
        for group in columns.chunks(fold.max(1).into()).take(self.folded.len()) {
            let power = weights.next().unwrap_or(Fr::ZERO);
            for (place, column) in group.iter().enumerate() {
                let places = sum.get_mut(place..).unwrap_or(&mut []);
                add_scaled(places, fold.into(), column, power);
            }
            powers.push(power);
        }
        meter.work.check()?;
        let expected = params.coefficients_within(&sum, meter);
        meter.work.check()?;
        Ok(points.len() == powers.len() && multi_scalar_mul(&powers, &points) == expected)
    }
}

/// Adds a weighted column to every `step`-th place.
fn add_scaled(sum: &mut [Fr], step: usize, column: &[Fr], weight: Fr) {
    sum.par_chunks_mut(1024 * step)
        .zip(column.par_chunks(1024))
        .for_each(|(to, from)| {
            for (to, from) in to.iter_mut().step_by(step).zip(from) {
                *to += weight * from;
            }
        });
}

fn commit(
    params: &Params,
    columns: &[Vec<Fr>],
    work: &Work<'_>,
) -> Result<Vec<G1Affine>, ProverError> {
    let points: Vec<G1> = columns
        .par_iter()
        .map(|values| {
            let units = cost::column(values);
            params.values_within(values, Meter { work, units })
        })
        .collect();
    work.check()?;
    Ok(normalize(&points))
}

fn normalize(points: &[G1]) -> Vec<G1Affine> {
    let mut affine = vec![G1Affine::default(); points.len()];
    G1::batch_normalize(points, &mut affine);
    affine
}

/// `Σ X^i·columns[i](X^fold)`.
pub(super) fn interleave(columns: &[&[Fr]], fold: u8) -> Vec<Fr> {
    let fold = usize::from(fold);
    let len = columns.iter().map(|column| column.len()).max().unwrap_or(0);
    let mut sum = vec![Fr::ZERO; fold * len];
    for (i, column) in columns.iter().enumerate() {
        for (to, from) in sum.iter_mut().skip(i).step_by(fold).zip(*column) {
            *to = *from;
        }
    }
    sum
}
