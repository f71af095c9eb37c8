//! What the prover holds about a circuit: made from a compiled statement, without running halo2's key generation.
//!
//! halo2's own `keygen_vk` gives the same verifying key, byte for byte (a test compares them); it synthesises the circuit and keeps
//! every column in several forms, where a plan of fixed cells and copies is all that is needed.
use halo2_proofs::{
    halo2curves::{
        bn256::{Fr, G1Affine, G1},
        ff::Field,
        group::Curve,
    },
    plonk::{permutation, Any, ConstraintSystem, VerifyingKey as HaloKey},
    poly::EvaluationDomain,
};
use rayon::prelude::*;
use verilens_circuit::{compile::Compiled, config::Config, layout::Plan};
use verilens_verifier::{Description, VerifyingKey};

use super::{
    cosets::KeyValues,
    domain::Domain,
    permutation::{Cycles, Labels, Sigma},
    tape::Tape,
};
use crate::{
    commit::Params,
    describe::{describe, folded, Labels as KeyLabels, SrsPoints},
    error::ProverError,
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
    fn new(compiled: &Compiled) -> Result<Self, ProverError> {
        let (config, system) = Config::detached(compiled.gates());
        let rows = 1usize << compiled.k();
        let plan: &Plan = compiled.plan();
        let outside = || ProverError::Halo2("a cell outside of the columns".into());
        let mut fixed = vec![vec![Fr::ZERO; rows]; system.num_fixed_columns()];
        for (column, row, value) in &plan.fixed {
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
        let wired = system.permutation().get_columns();
        let place = |col| {
            let column = config.columns.advice(col);
            wired.iter().position(|w| {
                w.index() == column.index() && matches!(w.column_type(), Any::Advice(_))
            })
        };
        let mut cycles = Cycles::new(wired.len(), rows);
        for (a, b) in &plan.copies {
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
    let assembly = Assembly::new(compiled)?;
    Ok(assembly.system.compress_selectors(assembly.selectors).0)
}

impl CircuitKey {
    /// Derives the key of a compiled statement, `fold` of its columns in each commitment; 1 is halo2's key.
    pub(crate) fn derive(
        compiled: &Compiled,
        params: &Params,
        srs: &SrsPoints,
        labels: &KeyLabels,
        fold: u8,
    ) -> Result<Self, ProverError> {
        let Assembly {
            system,
            mut fixed,
            selectors,
            cycles,
            columns,
        } = Assembly::new(compiled)?;
        // The degree before selectors are combined: combining keeps within it.
        let halo2_domain = EvaluationDomain::new(system.degree() as u32, compiled.k());
        let (system, combined) = system.compress_selectors(selectors.clone());
        fixed.extend(combined);
        let fixed_commitments = commit(params, &fixed);

        let pieces = halo2_domain.get_quotient_poly_degree();
        let domain = Domain::new(compiled.k(), pieces);
        let sigma = cycles.finish();
        let mut sigma_polys = sigma.values(&Labels::new(&domain, columns));
        let sigma_commitments = commit(params, &sigma_polys);
        let halo2 = HaloKey::from_parts(
            halo2_domain,
            fixed_commitments,
            permutation::VerifyingKey::from_commitments(sigma_commitments),
            system,
            selectors,
            true,
        );
        let mut verifying = describe(&halo2, srs, labels)?;
        fixed
            .par_iter_mut()
            .chain(&mut sigma_polys)
            .for_each(|values| domain.interpolate(values));
        if fold > 1 {
            let columns: Vec<&[Fr]> = fixed
                .iter()
                .chain(&sigma_polys)
                .map(Vec::as_slice)
                .collect();
            let points: Vec<G1> = columns
                .chunks(fold.into())
                .map(|group| params.commit_coefficients(&interleave(group, fold)))
                .collect();
            verifying = folded(&verifying, fold, &normalize(&points))?;
        }
        Ok(Self {
            tape: Tape::new(verifying.description()),
            verifying,
            halo2,
            domain,
            fixed,
            sigma,
            sigma_polys,
            cached: Vec::new(),
        })
    }

    /// Computes the key's values on all cosets, once for all proofs to come.
    pub(crate) fn cache_cosets(&mut self) {
        self.cached = self
            .domain
            .cosets()
            .iter()
            .map(|coset| {
                let mut values = KeyValues::new(self);
                values.fill(self, coset);
                values
            })
            .collect();
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

fn commit(params: &Params, columns: &[Vec<Fr>]) -> Vec<G1Affine> {
    let points: Vec<G1> = columns
        .par_iter()
        .map(|values| params.commit_values(values))
        .collect();
    normalize(&points)
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
