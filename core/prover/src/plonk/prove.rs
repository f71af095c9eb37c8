//! One proof, in the order of halo2's protocol (the halo2 book, "Protocol description"), so that halo2's verifier accepts it
//! as ours does.
//!
//! What differs from halo2's prover, none of which a verifier can tell: columns come from a filled trace instead of
//! a synthesised circuit; the quotient is computed coset by coset and its pieces are blinded; the random polynomial has
//! two coefficients, as many as are ever revealed of it; all randomness comes from the caller's generator; and whatever
//! depends on the witness is wiped.
use halo2_proofs::{
    halo2curves::{
        bn256::{Fr, G1Affine, G1},
        ff::Field,
        group::Curve,
    },
    transcript::{Transcript, TranscriptWrite},
};
use rand_core::{CryptoRng, RngCore};
use rayon::prelude::*;
use verilens_circuit::field::from_ark;
use verilens_verifier::{plan::Commitment, ColumnKind};

use super::{
    cosets::Polynomials,
    domain::evaluate,
    key::CircuitKey,
    opening,
    permutation::Labels,
    quotient::{quotient, Challenges, Pieces},
    secret::Secret,
    units::Units,
};
use crate::{
    commit::Params,
    error::ProverError,
    progress::Stage,
    transcript::KeccakWriter,
    work::{cost, Meter, Work},
};

/// A witness that fills its columns phase by phase.
pub(crate) trait Columns {
    /// Fills the columns of a phase; `challenges` holds those drawn so far, by index, and zeros.
    fn advance(&mut self, phase: u8, challenges: &[Fr], work: &Work<'_>)
        -> Result<(), ProverError>;

    /// All advice columns, each of the circuit's full height; rows that blind are overwritten.
    fn columns(&mut self) -> &mut [Vec<Fr>];

    /// Gives the columns away.
    fn into_columns(self) -> Vec<Vec<Fr>>;
}

/// Makes a proof for one instance column or none.
pub(crate) fn create_proof<W: Columns, R: RngCore + CryptoRng>(
    key: &CircuitKey,
    params: &Params,
    instances: &[&[Fr]],
    mut witness: W,
    rng: &mut R,
    work: &Work<'_>,
) -> Result<Vec<u8>, ProverError> {
    let description = key.description();
    let plan = key.verifying().plan();
    if !description.lookups.is_empty() {
        return Err(ProverError::Halo2(
            "built-in lookups are not supported".into(),
        ));
    }
    let domain = &key.domain;
    let rows = domain.size();
    let units = Units::of(key);
    // Rows behind this one are random; it holds the products' last values.
    let usable = rows - usize::from(description.blinding_factors) - 1;
    let mut transcript = KeccakWriter::new(&key.verifying().digest());
    transcript.common_scalar(from_ark(&description.transcript_repr))?;
    for value in instances.iter().copied().flatten() {
        transcript.common_scalar(*value)?;
    }

    work.enter(Stage::Commit)?;
    let mut phases = vec![Fr::ZERO; description.challenge_phases.len()];
    for phase in 0..plan.phases {
        witness.advance(phase, &phases, work)?;
        if phase > 0 {
            work.step(units.fill)?;
        }
        let in_phase = |of: &u8| *of == phase;
        let columns = witness.columns();
        for (column, _) in columns
            .iter_mut()
            .zip(&description.advice_phases)
            .filter(|(_, of)| in_phase(of))
        {
            for cell in column.iter_mut().skip(usable) {
                *cell = Fr::random(&mut *rng);
            }
        }
        let due: Vec<&[Fr]> = columns
            .iter()
            .zip(&description.advice_phases)
            .filter(|(_, of)| in_phase(of))
            .map(|(column, _)| column.as_slice())
            .collect();
        write_commitments(params, &due, units.advice, &mut transcript, work)?;
        for (challenge, _) in phases
            .iter_mut()
            .zip(&description.challenge_phases)
            .filter(|(_, of)| in_phase(of))
        {
            *challenge = squeeze(&mut transcript);
        }
    }
    let mut advice: Vec<Secret> = witness
        .into_columns()
        .into_iter()
        .map(Secret::new)
        .collect();
    let mut instance: Vec<Secret> = instances
        .iter()
        .map(|words| {
            let mut column = Secret::zeros(rows);
            column
                .iter_mut()
                .zip(*words)
                .for_each(|(cell, word)| *cell = *word);
            column
        })
        .collect();

    let _theta = squeeze(&mut transcript);
    let (beta, gamma) = (squeeze(&mut transcript), squeeze(&mut transcript));
    work.check()?;
    let mut products = permutation_products(key, &advice, &instance, usable, [beta, gamma], work)?;
    for product in &mut products {
        for cell in product.iter_mut().skip(usable + 1) {
            *cell = Fr::random(&mut *rng);
        }
    }
    let due: Vec<&[Fr]> = products.iter().map(|p| &**p).collect();
    write_commitments(params, &due, units.product, &mut transcript, work)?;
    let random = Secret::new(vec![Fr::random(&mut *rng), Fr::random(&mut *rng)]);
    transcript.write_point(params.commit_coefficients(&random).to_affine())?;

    work.enter(Stage::Quotient)?;
    let y = squeeze(&mut transcript);
    advice
        .par_iter_mut()
        .chain(&mut products)
        .chain(&mut instance)
        .for_each(|values| {
            if !work.stopped() {
                domain.interpolate(values, work);
                work.add(units.interpolate);
            }
        });
    work.check()?;
    let polynomials = Polynomials {
        advice: &advice,
        instance: &instance,
        products: &products,
    };
    let challenges = Challenges {
        phases,
        beta,
        gamma,
        y,
    };
    let pieces = quotient(key, &polynomials, &challenges, rng, work)?;
    let meter = Meter {
        work,
        units: units.piece,
    };
    let points: Vec<G1> = pieces
        .low
        .par_iter()
        .zip(pieces.top.par_iter())
        .map(|(low, top)| params.coefficients_within(low, meter) + params.power_of_size() * top)
        .collect();
    work.check()?;
    write_points(&points, &mut transcript)?;

    work.enter(Stage::Open)?;
    let x = squeeze(&mut transcript);
    let combined = combine(&pieces, x.pow_vartime([rows as u64]));
    drop(pieces);
    let mut openings: Vec<(&[Fr], i32)> = Vec::with_capacity(plan.evals + 1);
    let last = -(i32::from(description.blinding_factors) + 1);
    for query in &description.advice_queries {
        openings.push((at(&advice, query.column.into())?, query.rotation));
    }
    for query in &description.fixed_queries {
        let fixed = key
            .fixed
            .get(usize::from(query.column))
            .ok_or(ProverError::Degenerate)?;
        openings.push((fixed, query.rotation));
    }
    openings.push((&random, 0));
    openings.extend(key.sigma_polys.iter().map(|sigma| (sigma.as_slice(), 0)));
    for (number, product) in products.iter().enumerate() {
        openings.extend([(&**product, 0), (&**product, 1)]);
        if number + 1 < products.len() {
            openings.push((product, last));
        }
    }
    openings.push((&combined, 0));
    let values: Vec<Fr> = openings
        .par_iter()
        .map(|(polynomial, rotation)| {
            if work.stopped() {
                return Fr::ZERO;
            }
            work.add(units.evaluation);
            evaluate(polynomial, x * domain.rotate(*rotation))
        })
        .collect();
    work.check()?;
    for value in values.iter().take(plan.evals) {
        transcript.write_scalar(*value)?;
    }
    let proof_polynomials: Vec<&[Fr]> = {
        let mut list: Vec<&[Fr]> = vec![&[]; plan.points];
        let mut put = |position: usize, polynomial| {
            if let Some(slot) = list.get_mut(position) {
                *slot = polynomial;
            }
        };
        for (point, polynomial) in plan.advice_points.iter().zip(&advice) {
            put(*point, &**polynomial);
        }
        for (number, product) in products.iter().enumerate() {
            put(plan.product_points + number, product);
        }
        put(plan.random_point, &random);
        list
    };
    let source = Opened {
        key,
        proof: &proof_polynomials,
        quotient: &combined,
    };
    let points = opening::Points {
        domain,
        plan,
        x,
        values: &values,
    };
    opening::open(params, &points, &source, &units, &mut transcript, work)?;
    Ok(transcript.finalize())
}

/// Units of work of [`create_proof`].
pub(crate) fn proof_units(key: &CircuitKey) -> u64 {
    Units::of(key).total
}

/// The polynomials that are opened.
struct Opened<'a> {
    key: &'a CircuitKey,
    proof: &'a [&'a [Fr]],
    quotient: &'a [Fr],
}

impl<'a> opening::Source<'a> for Opened<'a> {
    fn proof(&self, commitment: Commitment) -> &'a [Fr] {
        match commitment {
            Commitment::Proof(i) => self.proof.get(i).copied().unwrap_or(&[]),
            Commitment::Quotient => self.quotient,
            Commitment::Key(_) => &[],
        }
    }

    fn key(&self, index: usize) -> Vec<&'a [Fr]> {
        let fold = usize::from(self.key.description().fold);
        let columns = self.key.fixed.iter().chain(&self.key.sigma_polys);
        let group = columns.skip(index * fold).take(fold);
        group.map(Vec::as_slice).collect()
    }
}

fn squeeze(transcript: &mut KeccakWriter) -> Fr {
    *transcript.squeeze_challenge_scalar::<()>()
}

fn at(list: &[Secret], index: usize) -> Result<&[Fr], ProverError> {
    list.get(index).map(|s| &**s).ok_or(ProverError::Degenerate)
}

fn permutation_products(
    key: &CircuitKey,
    advice: &[Secret],
    instance: &[Secret],
    usable: usize,
    challenges: [Fr; 2],
    work: &Work<'_>,
) -> Result<Vec<Secret>, ProverError> {
    let description = key.description();
    let columns = description
        .permutation
        .iter()
        .map(|column| match column.kind {
            ColumnKind::Advice => at(advice, column.column.into()),
            ColumnKind::Instance => at(instance, column.column.into()),
            ColumnKind::Fixed => Err(ProverError::Halo2(
                "copies of fixed cells are not supported".into(),
            )),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let labels = Labels::new(&key.domain, columns.len());
    let chunk = description.chunk_len();
    work.check()?;
    key.sigma
        .products(&labels, &columns, (chunk, usable), challenges, work)
}

fn write_commitments(
    params: &Params,
    columns: &[&[Fr]],
    planned: u64,
    transcript: &mut KeccakWriter,
    work: &Work<'_>,
) -> Result<(), ProverError> {
    let costs: Vec<u64> = columns.iter().map(|values| cost::column(values)).collect();
    work.replan(planned * columns.len() as u64, costs.iter().sum());
    let points: Vec<G1> = columns
        .par_iter()
        .zip(costs)
        .map(|(values, units)| params.values_within(values, Meter { work, units }))
        .collect();
    work.check()?;
    write_points(&points, transcript)
}

fn write_points(points: &[G1], transcript: &mut KeccakWriter) -> Result<(), ProverError> {
    let mut affine = vec![G1Affine::default(); points.len()];
    G1::batch_normalize(points, &mut affine);
    for point in affine {
        transcript.write_point(point)?;
    }
    Ok(())
}

/// `Σ x^(n·m)·h_m`, n + 1 coefficients.
fn combine(pieces: &Pieces, xn: Fr) -> Secret {
    let rows = pieces.low.first().map_or(0, |piece| piece.len());
    let mut sum = Secret::zeros(rows + 1);
    let mut power = Fr::ONE;
    for (low, top) in pieces.low.iter().zip(pieces.top.iter()) {
        for (to, from) in sum.iter_mut().zip(low.iter().chain([top])) {
            *to += power * from;
        }
        power *= xn;
    }
    sum
}
