//! SHPLONK ([ePrint 2020/081](https://eprint.iacr.org/2020/081)), the prover's side: many polynomials opened at many points by
//! two commitments. What is opened where is the verifier's own plan.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::Field},
    transcript::{Transcript, TranscriptWrite},
};
use rayon::prelude::*;
use verilens_verifier::plan::{Commitment, Plan};

use super::{
    domain::{evaluate, Domain},
    secret::Secret,
};
use crate::{commit::Params, error::ProverError, transcript::KeccakWriter};
use halo2_proofs::halo2curves::group::Curve;

/// One set of openings, folded by y.
struct Folded {
    /// Its points.
    points: Vec<Fr>,
    /// `Σ y^j·p_j`.
    polynomial: Secret,
    /// Coefficients of the polynomial of least degree with the same values at the points.
    remainder: Vec<Fr>,
}

/// Opens everything in the plan. `polynomial` finds a commitment's coefficients; `values[e]` is evaluation e, the
/// quotient's the last.
pub(super) fn open<'a>(
    params: &Params,
    domain: &Domain,
    plan: &Plan,
    x: Fr,
    polynomial: impl Fn(Commitment) -> &'a [Fr] + Sync,
    values: &[Fr],
    transcript: &mut KeccakWriter,
) -> Result<(), ProverError> {
    let squeeze = |transcript: &mut KeccakWriter| *transcript.squeeze_challenge_scalar::<()>();
    let (y, v) = (squeeze(transcript), squeeze(transcript));
    let folded: Vec<Folded> = plan
        .sets
        .iter()
        .map(|set| {
            let points: Vec<Fr> = set
                .rotations
                .iter()
                .map(|r| x * domain.rotate(*r))
                .collect();
            let members: Vec<&[Fr]> = set
                .openings
                .iter()
                .map(|o| polynomial(o.commitment))
                .collect();
            let mut at_points = vec![Fr::ZERO; points.len()];
            for opening in set.openings.iter().rev() {
                for (sum, eval) in at_points.iter_mut().zip(&opening.evals) {
                    *sum = *sum * y + values.get(*eval).copied().unwrap_or(Fr::ZERO);
                }
            }
            Folded {
                remainder: interpolate(&points, &at_points),
                polynomial: fold(&members, y),
                points,
            }
        })
        .collect();

    // q = Σ v^i·(f_i − r_i)/Z_i
    let quotients: Vec<Secret> = folded
        .par_iter()
        .map(|set| {
            let mut rest = Secret::new(set.polynomial.to_vec());
            for (coefficient, r) in rest.iter_mut().zip(&set.remainder) {
                *coefficient -= r;
            }
            for point in &set.points {
                divide(&mut rest, *point);
            }
            rest
        })
        .collect();
    let members: Vec<&[Fr]> = quotients.iter().map(|q| &**q).collect();
    let quotient = fold(&members, v);
    drop(quotients);
    let commitment = params.commit_coefficients(&quotient);
    transcript.write_point(commitment.to_affine())?;
    let u = squeeze(transcript);

    // L = Σ v^i·Z_(T∖S_i)(u)·(f_i − r_i(u)) − Z_T(u)·q, over (X − u)·Z_(T∖S_0)(u)
    let all: Vec<Fr> = plan
        .rotations
        .iter()
        .map(|r| x * domain.rotate(*r))
        .collect();
    let vanish = |points: &[Fr]| points.iter().fold(Fr::ONE, |acc, p| acc * (u - p));
    let outside = |set: &Folded| {
        let others: Vec<Fr> = all
            .iter()
            .filter(|p| !set.points.contains(p))
            .copied()
            .collect();
        vanish(&others)
    };
    let mut linear = Secret::zeros(quotient.len().max(1));
    let mut constant = Fr::ZERO;
    let mut power = Fr::ONE;
    let mut terms: Vec<(Fr, &[Fr])> = Vec::new();
    for set in &folded {
        let weight = power * outside(set);
        constant += weight * evaluate(&set.remainder, u);
        terms.push((weight, &set.polynomial));
        power *= v;
    }
    terms.push((-vanish(&all), &quotient));
    combine(&terms, &mut linear);
    if let Some(first) = linear.first_mut() {
        *first -= constant;
    }
    divide(&mut linear, u);
    let scale = folded.first().map_or(Fr::ONE, outside);
    // u is random, so it is none of the points but with negligible probability.
    let scale = Option::<Fr>::from(scale.invert()).ok_or(ProverError::Degenerate)?;
    linear.par_chunks_mut(1024).for_each(|chunk| {
        chunk.iter_mut().for_each(|c| *c *= scale);
    });
    let commitment = params.commit_coefficients(&linear);
    transcript.write_point(commitment.to_affine())?;
    Ok(())
}

/// `Σ base^j·members[j]`.
fn fold(members: &[&[Fr]], base: Fr) -> Secret {
    let terms: Vec<(Fr, &[Fr])> = std::iter::successors(Some(Fr::ONE), |power| Some(*power * base))
        .zip(members.iter().copied())
        .collect();
    let len = members.iter().map(|m| m.len()).max().unwrap_or(0);
    let mut sum = Secret::zeros(len);
    combine(&terms, &mut sum);
    sum
}

/// Adds `Σ weight·polynomial` to `sum`; coefficients that `sum` has no place for are ignored.
fn combine(terms: &[(Fr, &[Fr])], sum: &mut [Fr]) {
    const CHUNK: usize = 512;
    sum.par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(chunk, sums)| {
            for (weight, polynomial) in terms {
                let rest = polynomial.get(chunk * CHUNK..).unwrap_or(&[]);
                if *weight == Fr::ONE {
                    sums.iter_mut().zip(rest).for_each(|(s, c)| *s += c);
                } else {
                    sums.iter_mut()
                        .zip(rest)
                        .for_each(|(s, c)| *s += *weight * c);
                }
            }
        });
}

/// Divides by `X − root`, in place; the remainder is dropped and the highest place becomes zero.
fn divide(coefficients: &mut [Fr], root: Fr) {
    let mut carried = Fr::ZERO;
    for coefficient in coefficients.iter_mut().rev() {
        let next = *coefficient + carried * root;
        *coefficient = carried;
        carried = next;
    }
}

/// Coefficients of the polynomial of degree below `points.len()` with the given values.
fn interpolate(points: &[Fr], values: &[Fr]) -> Vec<Fr> {
    let mut sum = vec![Fr::ZERO; points.len()];
    for (i, (point, value)) in points.iter().zip(values).enumerate() {
        let mut basis = vec![Fr::ONE];
        let mut divisor = Fr::ONE;
        for other in points
            .iter()
            .enumerate()
            .filter(|(j, _)| *j != i)
            .map(|(_, other)| other)
        {
            divisor *= *point - other;
            basis.push(Fr::ZERO);
            let mut below = Fr::ZERO;
            for slot in &mut basis {
                let old = *slot;
                *slot = below - old * other;
                below = old;
            }
        }
        // Rotations are distinct modulo n, so points are.
        let scale = *value * divisor.invert().unwrap_or(Fr::ZERO);
        for (slot, coefficient) in sum.iter_mut().zip(basis) {
            *slot += coefficient * scale;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolation_and_division() {
        let points: Vec<Fr> = [3, 5, 11].map(Fr::from).to_vec();
        let polynomial: Vec<Fr> = (1..8u64).map(|i| Fr::from(i).cube()).collect();
        let values: Vec<Fr> = points.iter().map(|p| evaluate(&polynomial, *p)).collect();
        let remainder = interpolate(&points, &values);
        assert_eq!(remainder.len(), 3);
        for (point, value) in points.iter().zip(&values) {
            assert_eq!(evaluate(&remainder, *point), *value);
        }
        let mut quotient = polynomial.clone();
        quotient
            .iter_mut()
            .zip(&remainder)
            .for_each(|(c, r)| *c -= r);
        for point in &points {
            divide(&mut quotient, *point);
        }
        let x = Fr::from(1234);
        let vanishing = points.iter().fold(Fr::ONE, |acc, p| acc * (x - p));
        assert_eq!(
            evaluate(&quotient, x) * vanishing + evaluate(&remainder, x),
            evaluate(&polynomial, x)
        );
    }

    #[test]
    fn folding_takes_lengths_as_they_are() {
        let (a, b) = (vec![Fr::from(1); 3], vec![Fr::from(2); 600]);
        let sum = fold(&[&a, &b], Fr::from(10));
        assert_eq!(sum.len(), 600);
        assert_eq!((sum[2], sum[3]), (Fr::from(21), Fr::from(20)));
    }
}
