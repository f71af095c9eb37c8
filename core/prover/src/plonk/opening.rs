//! SHPLONK ([ePrint 2020/081](https://eprint.iacr.org/2020/081)), the prover's side: many polynomials opened at many points by
//! two commitments. What is opened where is the verifier's own plan.
use halo2_proofs::{
    halo2curves::{bn256::Fr, ff::Field},
    transcript::{Transcript, TranscriptWrite},
};
use rayon::prelude::*;
use verilens_verifier::plan::{Commitment, OpeningSet, Plan};

use super::{
    domain::{evaluate, Domain},
    key::interleave,
    secret::Secret,
    units::Units,
};
use crate::{
    commit::Params,
    error::ProverError,
    transcript::KeccakWriter,
    work::{Meter, Work},
};
use halo2_proofs::halo2curves::group::Curve;

/// What the polynomials of a set are opened modulo.
enum Modulus {
    /// The vanishing polynomial of points.
    Points(Vec<Fr>),
    /// `X^fold − x`.
    Power(usize, Fr),
}

impl Modulus {
    /// Its value.
    fn at(&self, u: Fr) -> Fr {
        match self {
            Self::Points(points) => points.iter().fold(Fr::ONE, |acc, p| acc * (u - p)),
            Self::Power(fold, x) => u.pow_vartime([*fold as u64]) - x,
        }
    }

    /// Divides a multiple of it, in place.
    fn divide(&self, coefficients: &mut [Fr]) {
        match self {
            Self::Points(points) => points.iter().for_each(|point| divide(coefficients, *point)),
            Self::Power(fold, x) => divide_by_power(coefficients, *fold, *x),
        }
    }
}

/// One set of openings, folded by y.
struct Folded {
    modulus: Modulus,
    /// `Σ y^j·p_j`.
    polynomial: Secret,
    /// Coefficients of its remainder.
    remainder: Vec<Fr>,
}

/// Finds the coefficients behind commitments.
pub(super) trait Source<'a>: Sync {
    /// A polynomial of the proof, or the combined quotient.
    fn proof(&self, commitment: Commitment) -> &'a [Fr];

    /// The columns of a commitment of the key, one if columns are not folded.
    fn key(&self, index: usize) -> Vec<&'a [Fr]>;
}

/// What is opened where.
pub(super) struct Points<'a> {
    pub(super) domain: &'a Domain,
    pub(super) plan: &'a Plan,
    pub(super) x: Fr,
    /// Evaluations by number, the quotient's the last.
    pub(super) values: &'a [Fr],
}

/// Opens everything in the plan.
pub(super) fn open<'a>(
    params: &Params,
    points: &Points<'_>,
    source: &impl Source<'a>,
    units: &Units,
    transcript: &mut KeccakWriter,
    work: &Work<'_>,
) -> Result<(), ProverError> {
    let Points {
        domain,
        plan,
        x,
        values,
    } = *points;
    let meter = Meter {
        work,
        units: units.opening,
    };
    let squeeze = |transcript: &mut KeccakWriter| *transcript.squeeze_challenge_scalar::<()>();
    let (y, v) = (squeeze(transcript), squeeze(transcript));
    let folded: Vec<Folded> = plan
        .sets
        .iter()
        .map(|set| {
            work.step(units.fold / plan.sets.len().max(1) as u64)?;
            Ok(if set.fold > 1 {
                fold_columns(set, x, y, source, values, work)
            } else {
                fold_openings(set, [x, y], domain, source, values, work)
            })
        })
        .collect::<Result<_, ProverError>>()?;
    work.check()?;

    // q = Σ v^i·(f_i − r_i)/Z_i
    let quotients: Vec<Secret> = folded
        .par_iter()
        .map(|set| {
            if work.stopped() {
                return Secret::zeros(0);
            }
            let mut rest = Secret::new(set.polynomial.to_vec());
            for (coefficient, r) in rest.iter_mut().zip(&set.remainder) {
                *coefficient -= r;
            }
            set.modulus.divide(&mut rest);
            rest
        })
        .collect();
    let members: Vec<&[Fr]> = quotients.iter().map(|q| &**q).collect();
    let quotient = fold(&members, v, work);
    work.check()?;
    drop(quotients);
    work.step(units.fold)?;
    let commitment = params.coefficients_within(&quotient, meter);
    work.check()?;
    transcript.write_point(commitment.to_affine())?;
    let u = squeeze(transcript);

    // L = Σ v^i·(Z/Z_i)(u)·(f_i − r_i(u)) − Z(u)·q, over (X − u)·(Z/Z_0)(u), where Z is the product over all points, and
    // the folded set's modulus.
    let all = plan.rotations.iter().map(|r| x * domain.rotate(*r));
    let all = Modulus::Points(all.collect()).at(u);
    let powers = folded.iter().filter_map(|set| match set.modulus {
        Modulus::Power(..) => Some(set.modulus.at(u)),
        Modulus::Points(_) => None,
    });
    let all = powers.fold(all, |product, value| product * value);
    // u is random, so it is none of the points but with negligible probability.
    let degenerate = || ProverError::Degenerate;
    let outside = |set: &Folded| -> Result<Fr, ProverError> {
        let inverse = Option::<Fr>::from(set.modulus.at(u).invert());
        Ok(all * inverse.ok_or_else(degenerate)?)
    };
    let mut linear = Secret::zeros(quotient.len().max(1));
    let mut constant = Fr::ZERO;
    let mut power = Fr::ONE;
    let mut terms: Vec<(Fr, &[Fr])> = Vec::new();
    for set in &folded {
        let weight = power * outside(set)?;
        constant += weight * evaluate(&set.remainder, u);
        terms.push((weight, &set.polynomial));
        power *= v;
    }
    terms.push((-all, &quotient));
    combine(&terms, &mut linear, work);
    work.check()?;
    if let Some(first) = linear.first_mut() {
        *first -= constant;
    }
    divide(&mut linear, u);
    let scale = folded.first().map_or(Ok(Fr::ONE), outside)?;
    let scale = Option::<Fr>::from(scale.invert()).ok_or_else(degenerate)?;
    linear.par_chunks_mut(1024).for_each(|chunk| {
        chunk.iter_mut().for_each(|c| *c *= scale);
    });
    work.check()?;
    let commitment = params.coefficients_within(&linear, meter);
    work.check()?;
    transcript.write_point(commitment.to_affine())?;
    Ok(())
}

/// A set of polynomials opened at points.
fn fold_openings<'a>(
    set: &OpeningSet,
    [x, y]: [Fr; 2],
    domain: &Domain,
    source: &impl Source<'a>,
    values: &[Fr],
    work: &Work<'_>,
) -> Folded {
    let points: Vec<Fr> = set
        .rotations
        .iter()
        .map(|r| x * domain.rotate(*r))
        .collect();
    let members: Vec<&[Fr]> = set
        .openings
        .iter()
        .map(|o| match o.commitment {
            Commitment::Key(i) => source.key(i).first().copied().unwrap_or(&[]),
            other => source.proof(other),
        })
        .collect();
    let mut at_points = vec![Fr::ZERO; points.len()];
    for opening in set.openings.iter().rev() {
        for (sum, eval) in at_points.iter_mut().zip(&opening.evals) {
            *sum = *sum * y + values.get(*eval).copied().unwrap_or(Fr::ZERO);
        }
    }
    Folded {
        remainder: interpolate(&points, &at_points),
        polynomial: fold(&members, y, work),
        modulus: Modulus::Points(points),
    }
}

/// The set of the key's commitments: column i of each is folded into place i modulo the fold.
fn fold_columns<'a>(
    set: &OpeningSet,
    x: Fr,
    y: Fr,
    source: &impl Source<'a>,
    values: &[Fr],
    work: &Work<'_>,
) -> Folded {
    let groups: Vec<Vec<&[Fr]>> = set
        .openings
        .iter()
        .map(|o| match o.commitment {
            Commitment::Key(i) => source.key(i),
            other => vec![source.proof(other)],
        })
        .collect();
    let mut remainder = vec![Fr::ZERO; set.fold.into()];
    for opening in set.openings.iter().rev() {
        for (i, sum) in remainder.iter_mut().enumerate() {
            let value = opening.evals.get(i).and_then(|eval| values.get(*eval));
            *sum = *sum * y + value.copied().unwrap_or(Fr::ZERO);
        }
    }
    let columns: Vec<Secret> = (0..set.fold.into())
        .map(|i: usize| {
            let at = |group: &Vec<&'a [Fr]>| group.get(i).copied().unwrap_or(&[]);
            fold(&groups.iter().map(at).collect::<Vec<_>>(), y, work)
        })
        .collect();
    let columns: Vec<&[Fr]> = columns.iter().map(|c| &**c).collect();
    Folded {
        modulus: Modulus::Power(set.fold.into(), x),
        polynomial: Secret::new(interleave(&columns, set.fold)),
        remainder,
    }
}

/// `Σ base^j·members[j]`; without meaning once the work is stopped.
fn fold(members: &[&[Fr]], base: Fr, work: &Work<'_>) -> Secret {
    let terms: Vec<(Fr, &[Fr])> = std::iter::successors(Some(Fr::ONE), |power| Some(*power * base))
        .zip(members.iter().copied())
        .collect();
    let len = members.iter().map(|m| m.len()).max().unwrap_or(0);
    let mut sum = Secret::zeros(len);
    combine(&terms, &mut sum, work);
    sum
}

/// Adds `Σ weight·polynomial` to `sum`; coefficients that `sum` has no place for are ignored. Chunks are left out once the work is
/// stopped.
fn combine(terms: &[(Fr, &[Fr])], sum: &mut [Fr], work: &Work<'_>) {
    const CHUNK: usize = 512;
    sum.par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(chunk, sums)| {
            if work.stopped() {
                return;
            }
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

/// Divides by `X^fold − x`, in place; the remainder is dropped and the highest places become zero.
fn divide_by_power(coefficients: &mut [Fr], fold: usize, x: Fr) {
    for i in (fold..coefficients.len()).rev() {
        let carried = coefficients.get(i).copied().unwrap_or(Fr::ZERO) * x;
        if let Some(below) = coefficients.get_mut(i - fold) {
            *below += carried;
        }
    }
    let len = coefficients.len();
    coefficients.rotate_left(fold.min(len));
    coefficients
        .iter_mut()
        .rev()
        .take(fold)
        .for_each(|c| *c = Fr::ZERO);
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
    fn division_by_a_power() {
        // Three columns of four: what is left modulo X^3 − x are their values at x.
        let columns: Vec<Vec<Fr>> = (1..4u64)
            .map(|i| (0..4).map(|j| Fr::from(i * 7 + j * j).cube()).collect())
            .collect();
        let columns: Vec<&[Fr]> = columns.iter().map(Vec::as_slice).collect();
        let whole = interleave(&columns, 3);
        let (x, u) = (Fr::from(99), Fr::from(1234));
        let remainder: Vec<Fr> = columns.iter().map(|c| evaluate(c, x)).collect();
        let mut quotient = whole.clone();
        for (c, r) in quotient.iter_mut().zip(&remainder) {
            *c -= r;
        }
        let modulus = Modulus::Power(3, x);
        modulus.divide(&mut quotient);
        assert_eq!(
            evaluate(&quotient, u) * modulus.at(u) + evaluate(&remainder, u),
            evaluate(&whole, u)
        );
    }

    #[test]
    fn folding_takes_lengths_as_they_are() {
        let (a, b) = (vec![Fr::from(1); 3], vec![Fr::from(2); 600]);
        let sum = fold(&[&a, &b], Fr::from(10), &Work::silent());
        assert_eq!(sum.len(), 600);
        assert_eq!((sum[2], sum[3]), (Fr::from(21), Fr::from(20)));
    }
}
