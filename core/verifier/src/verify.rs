//! From instance and proof bytes to one linear claim about the key's and the proof's points.
//!
//! The order of commitments, challenges and evaluations is that of halo2's PLONKish protocol
//! (the halo2 book, "Protocol description"), with advice in phases and instances absorbed as
//! scalars.

use alloc::vec;
use alloc::vec::Vec;

use ark_bn254::{Fr, G1Affine};
use ark_ff::{AdditiveGroup, Field};

use crate::batch::check;
use crate::codec::scalar_from_bytes;
use crate::expression::{at, LeafValues};
use crate::key::{ColumnKind, Description, VerifyingKey, DELTA};
use crate::proof::Proof;
use crate::shplonk::{self, Claim};
use crate::transcript::ProofReader;
use crate::Error;

/// Checks a proof for instance columns given as scalars.
///
/// # Errors
/// Says why the proof is refused; [`Error::Pairing`] if it is well formed and false.
pub fn verify(key: &VerifyingKey, instances: &[&[Fr]], proof: &[u8]) -> Result<(), Error> {
    check(key, &[claim(key, instances, proof)?], &[Fr::ONE])
}

/// Checks a proof for the words of all instance columns, one column after the other, each word 32
/// bytes big-endian.
///
/// # Errors
/// Those of [`verify`], and [`Error::InstanceWord`] for a word that is not below r.
pub fn verify_words(key: &VerifyingKey, words: &[[u8; 32]], proof: &[u8]) -> Result<(), Error> {
    check(key, &[claim_words(key, words, proof)?], &[Fr::ONE])
}

/// Checks a proof file: for this key, and true for the words in it.
///
/// # Errors
/// Those of [`verify_words`], and [`Error::OtherKey`].
pub fn verify_proof(key: &VerifyingKey, proof: &Proof) -> Result<(), Error> {
    check(key, &[claim_proof(key, proof)?], &[Fr::ONE])
}

pub(crate) fn claim_proof(key: &VerifyingKey, proof: &Proof) -> Result<Claim, Error> {
    if proof.key_digest != key.digest() {
        return Err(Error::OtherKey);
    }
    claim_words(key, &proof.words, &proof.bytes)
}

pub(crate) fn claim_words(
    key: &VerifyingKey,
    words: &[[u8; 32]],
    proof: &[u8],
) -> Result<Claim, Error> {
    let lens = &key.description().instance_lens;
    let total = lens.iter().map(|len| u64::from(*len)).sum();
    if words.len() as u64 != total {
        return Err(Error::InstanceLength {
            column: 0,
            expected: total,
            found: words.len() as u64,
        });
    }
    let mut scalars = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        let index = index as u64;
        scalars.push(scalar_from_bytes(word).ok_or(Error::InstanceWord { index })?);
    }
    let mut rest = scalars.as_slice();
    let mut columns = Vec::with_capacity(lens.len());
    for len in lens {
        let field = "instance";
        let (column, tail) = rest
            .split_at_checked(*len as usize)
            .ok_or(Error::Position { field })?;
        columns.push(column);
        rest = tail;
    }
    claim(key, &columns, proof)
}

/// The drawn challenges, in the order of their drawing.
struct Challenges {
    phases: Vec<Fr>,
    theta: Fr,
    beta: Fr,
    gamma: Fr,
    y: Fr,
    x: Fr,
}

/// Values at the evaluation point that the verifier computes itself.
struct Domain {
    xn: Fr,
    l_0: Fr,
    l_last: Fr,
    /// 1 - l_last - l_blind.
    active: Fr,
    instance: Vec<Fr>,
}

pub(crate) fn claim(key: &VerifyingKey, instances: &[&[Fr]], proof: &[u8]) -> Result<Claim, Error> {
    let (description, plan) = (key.description(), key.plan());
    check_shape(key, instances, proof)?;

    let mut reader = ProofReader::new(&key.digest(), proof);
    reader.absorb_scalar(&description.transcript_repr);
    for value in instances.iter().copied().flatten() {
        reader.absorb_scalar(value);
    }

    let mut points = Vec::with_capacity(plan.points + 2);
    let mut phases = vec![Fr::ZERO; description.challenge_phases.len()];
    for phase in 0..plan.phases {
        for _ in description.advice_phases.iter().filter(|p| **p == phase) {
            points.push(reader.point("advice commitment")?);
        }
        let due = description.challenge_phases.iter().zip(&mut phases);
        for (_, challenge) in due.filter(|(p, _)| **p == phase) {
            *challenge = reader.challenge();
        }
    }
    let theta = reader.challenge();
    for _ in plan.permuted_points..plan.product_points {
        points.push(reader.point("permuted lookup commitment")?);
    }
    let (beta, gamma) = (reader.challenge(), reader.challenge());
    for _ in plan.product_points..plan.lookup_points {
        points.push(reader.point("permutation product commitment")?);
    }
    for _ in plan.lookup_points..plan.random_point {
        points.push(reader.point("lookup product commitment")?);
    }
    points.push(reader.point("random polynomial commitment")?);
    let y = reader.challenge();
    for _ in plan.quotient_points..plan.points {
        points.push(reader.point("quotient commitment")?);
    }
    let x = reader.challenge();
    let mut evals = Vec::with_capacity(plan.evals + 1);
    for _ in 0..plan.evals {
        evals.push(reader.scalar("evaluation")?);
    }
    let challenges = Challenges {
        phases,
        theta,
        beta,
        gamma,
        y,
        x,
    };
    let domain = Domain::new(description, instances, x)?;
    evals.push(quotient(key, &challenges, &domain, &evals)?);
    shplonk::claim(key, reader, points, &evals, x, domain.xn)
}

fn check_shape(key: &VerifyingKey, instances: &[&[Fr]], proof: &[u8]) -> Result<(), Error> {
    let lens = &key.description().instance_lens;
    if instances.len() != lens.len() {
        return Err(Error::InstanceColumns {
            expected: lens.len() as u64,
            found: instances.len() as u64,
        });
    }
    for (column, (values, len)) in instances.iter().zip(lens).enumerate() {
        if values.len() as u64 != u64::from(*len) {
            return Err(Error::InstanceLength {
                column: column as u64,
                expected: (*len).into(),
                found: values.len() as u64,
            });
        }
    }
    let expected = key.plan().proof_len();
    if proof.len() != expected {
        return Err(Error::ProofLength {
            expected: expected as u64,
            found: proof.len() as u64,
        });
    }
    Ok(())
}

/// omega^rotation, for either sign.
pub(crate) fn rotate(omega: Fr, rotation: i32, rows: u64) -> Fr {
    omega.pow([i64::from(rotation).rem_euclid(rows as i64) as u64])
}

impl Domain {
    /// Lagrange evaluations L_i(X) = omega^i (X^n - 1) / (n (X - omega^i)), all with one inversion.
    fn new(key: &Description, instances: &[&[Fr]], x: Fr) -> Result<Self, Error> {
        let (rows, omega) = (key.rows(), key.omega());
        let xn = x.pow([rows]);
        let vanishing = xn - Fr::ONE;
        if vanishing == Fr::ZERO || x == Fr::ZERO {
            return Err(Error::Degenerate { name: "x" });
        }
        // Rows 0, -1, …, -(blinding + 1) at x, then the instance words at each queried rotation.
        let blinding = usize::from(key.blinding_factors);
        let omega_inv = rotate(omega, -1, rows);
        let mut numerators = Vec::new();
        let mut power = Fr::ONE;
        for _ in 0..blinding + 2 {
            numerators.push((x, power));
            power *= omega_inv;
        }
        let column_of = |column: u16| {
            let field = "instance queries";
            let column = instances.get(usize::from(column)).copied();
            column.ok_or(Error::Position { field })
        };
        for query in &key.instance_queries {
            let point = x * rotate(omega, query.rotation, rows);
            let mut power = Fr::ONE;
            for _ in column_of(query.column)? {
                numerators.push((point, power));
                power *= omega;
            }
        }
        let mut lagrange: Vec<Fr> = numerators
            .iter()
            .map(|(point, power)| (*point - power) * Fr::from(rows))
            .collect();
        ark_ff::batch_inversion(&mut lagrange);
        for (value, (_, power)) in lagrange.iter_mut().zip(&numerators) {
            *value *= *power * vanishing;
        }

        let field = "Lagrange values";
        let (own, mut rest) = lagrange
            .split_at_checked(blinding + 2)
            .ok_or(Error::Position { field })?;
        let mut instance = Vec::with_capacity(key.instance_queries.len());
        for query in &key.instance_queries {
            let words = column_of(query.column)?;
            let (values, tail) = rest
                .split_at_checked(words.len())
                .ok_or(Error::Position { field })?;
            instance.push(words.iter().zip(values).map(|(w, l)| *w * l).sum());
            rest = tail;
        }
        let outside: Fr = own.iter().skip(1).sum();
        Ok(Self {
            xn,
            l_0: at(own, 0, field)?,
            l_last: at(own, blinding + 1, field)?,
            active: Fr::ONE - outside,
            instance,
        })
    }
}

/// The value at x that the quotient must have: all constraints, folded by y, over x^n - 1.
fn quotient(
    key: &VerifyingKey,
    challenges: &Challenges,
    domain: &Domain,
    evals: &[Fr],
) -> Result<Fr, Error> {
    let (description, plan) = (key.description(), key.plan());
    let field = "evaluations";
    let (advice, rest) = evals
        .split_at_checked(plan.fixed_evals)
        .ok_or(Error::Position { field })?;
    let leaves = LeafValues {
        advice,
        fixed: rest,
        instance: &domain.instance,
        challenges: &challenges.phases,
    };
    let nodes = description.program.evaluate(leaves)?;
    let mut folded = Fold {
        y: challenges.y,
        value: Fr::ZERO,
    };
    for gate in &description.gates {
        folded.push(at(&nodes, (*gate).into(), "gates")?);
    }
    permutation(key, challenges, domain, evals, &leaves, &mut folded)?;
    let eval = |i: usize| at(evals, i, field);
    let compress = |side: &[u16]| {
        side.iter().try_fold(Fr::ZERO, |acc, node| {
            Ok::<_, Error>(acc * challenges.theta + at(&nodes, (*node).into(), "lookups")?)
        })
    };
    for (i, lookup) in description.lookups.iter().enumerate() {
        let first = plan.lookup_evals + 5 * i;
        let (product, next) = (eval(first)?, eval(first + 1)?);
        let (input, previous, table) = (eval(first + 2)?, eval(first + 3)?, eval(first + 4)?);
        folded.push(domain.l_0 * (Fr::ONE - product));
        folded.push(domain.l_last * (product.square() - product));
        let left = next * (input + challenges.beta) * (table + challenges.gamma);
        let right = product
            * (compress(&lookup.inputs)? + challenges.beta)
            * (compress(&lookup.tables)? + challenges.gamma);
        folded.push((left - right) * domain.active);
        folded.push(domain.l_0 * (input - table));
        folded.push((input - table) * (input - previous) * domain.active);
    }
    let inverse = (domain.xn - Fr::ONE).inverse();
    Ok(folded.value * inverse.ok_or(Error::Degenerate { name: "x" })?)
}

struct Fold {
    y: Fr,
    value: Fr,
}

impl Fold {
    fn push(&mut self, constraint: Fr) {
        self.value = self.value * self.y + constraint;
    }
}

fn permutation(
    key: &VerifyingKey,
    challenges: &Challenges,
    domain: &Domain,
    evals: &[Fr],
    leaves: &LeafValues<'_>,
    folded: &mut Fold,
) -> Result<(), Error> {
    let (description, plan) = (key.description(), key.plan());
    let eval = |i: usize| at(evals, i, "evaluations");
    let products = &plan.product_evals;
    let (Some(first), Some(last)) = (products.first(), products.last()) else {
        return Ok(());
    };
    folded.push(domain.l_0 * (Fr::ONE - eval(*first)?));
    let value = eval(*last)?;
    folded.push(domain.l_last * (value.square() - value));
    for (previous, product) in products.iter().zip(products.iter().skip(1)) {
        folded.push(domain.l_0 * (eval(*product)? - eval(*previous + 2)?));
    }
    let mut label = challenges.beta * challenges.x;
    let mut sigma = plan.sigma_evals;
    let chunks = description.permutation.chunks(description.chunk_len());
    for (columns, product) in chunks.zip(products) {
        let mut left = eval(*product + 1)?;
        let mut right = eval(*product)?;
        for (index, column) in columns.iter().enumerate() {
            let values = match column.kind {
                ColumnKind::Advice => leaves.advice,
                ColumnKind::Fixed => leaves.fixed,
                ColumnKind::Instance => leaves.instance,
            };
            let query = description
                .current_query(column.kind, column.column)
                .ok_or(Error::MissingQuery {
                    index: index as u64,
                })?;
            let value = at(values, query, "permutation")? + challenges.gamma;
            left *= value + challenges.beta * eval(sigma)?;
            right *= value + label;
            label *= DELTA;
            sigma += 1;
        }
        folded.push((left - right) * domain.active);
    }
    Ok(())
}

/// Points of the key in the order of [`Claim::key_scalars`]: its commitments, the G1 generator.
pub(crate) fn key_points(key: &Description) -> impl Iterator<Item = G1Affine> + '_ {
    key.commitments.iter().copied().chain([key.g1])
}
