//! SHPLONK ([ePrint 2020/081](https://eprint.iacr.org/2020/081)): many commitments opened at many
//! points, reduced to one claim e(L, tau G2) = e(R, G2).

use alloc::vec;
use alloc::vec::Vec;

use ark_bn254::{Fr, G1Affine};
use ark_ff::{AdditiveGroup, Field};

use crate::expression::at;
use crate::key::VerifyingKey;
use crate::plan::{Commitment, OpeningSet};
use crate::transcript::ProofReader;
use crate::verify::rotate;
use crate::Error;

/// One proof, reduced: it holds iff e(left, tau G2) = e(right, G2), where right is the sum of the
/// key's points times `key_scalars` and the proof's `points` times `scalars`.
pub(crate) struct Claim {
    pub(crate) key_scalars: Vec<Fr>,
    pub(crate) points: Vec<G1Affine>,
    pub(crate) scalars: Vec<Fr>,
    pub(crate) left: G1Affine,
}

/// Reads the end of the proof and folds all openings.
pub(crate) fn claim(
    key: &VerifyingKey,
    mut reader: ProofReader<'_>,
    mut points: Vec<G1Affine>,
    evals: &[Fr],
    x: Fr,
    xn: Fr,
) -> Result<Claim, Error> {
    let (description, plan) = (key.description(), key.plan());
    let (y, v) = (reader.challenge(), reader.challenge());
    let w = reader.point("opening commitment")?;
    let u = reader.challenge();
    let w_prime = reader.point("opening quotient")?;
    reader.finish()?;

    let mut sums = Sums::new(key, xn);
    let omega = description.omega();
    let spots: Vec<(i32, Fr)> = plan
        .rotations
        .iter()
        .map(|r| (*r, x * rotate(omega, *r, description.rows())))
        .collect();
    let weights = set_weights(&plan.sets, &spots, x, u)?;
    let (mut power_v, mut constant) = (Fr::ONE, Fr::ZERO);
    for (set, weight) in plan.sets.iter().zip(&weights) {
        let mut scale = power_v * weight.outside;
        for opening in &set.openings {
            sums.add(opening.commitment, scale)?;
            for (eval, lagrange) in opening.evals.iter().zip(&weight.lagrange) {
                constant += scale * lagrange * at(evals, *eval, "evaluations")?;
            }
            scale *= y;
        }
        power_v *= v;
    }
    let Sums {
        mut key_scalars,
        mut scalars,
        ..
    } = sums;
    key_scalars.push(-constant);
    let inside = weights.first().map_or(Fr::ONE, |weight| weight.inside);
    points.extend([w, w_prime]);
    scalars.extend([-inside, u]);
    Ok(Claim {
        key_scalars,
        points,
        scalars,
        left: w_prime,
    })
}

/// What u says about one set.
struct SetWeight {
    /// What each value counts for in the remainder at u: the Lagrange basis of the set's points, or powers of u.
    lagrange: Vec<Fr>,
    /// The set's modulus at u: the vanishing polynomial of its points, or u^fold − x.
    inside: Fr,
    /// That of all other points and of a folded set not this one, over the first set's.
    outside: Fr,
}

fn set_weights(
    sets: &[OpeningSet],
    spots: &[(i32, Fr)],
    x: Fr,
    u: Fr,
) -> Result<Vec<SetWeight>, Error> {
    let degenerate = || Error::Degenerate { name: "u" };
    let modulus = |set: &OpeningSet| u.pow([set.fold.into()]) - x;
    let folded = sets
        .iter()
        .find(|set| set.fold > 1)
        .map_or(Fr::ONE, modulus);
    let mut weights = Vec::with_capacity(sets.len());
    let mut first_outside = None;
    for set in sets {
        let mut points = Vec::with_capacity(set.rotations.len());
        let (mut inside, mut outside) = match set.fold {
            1 => (Fr::ONE, folded),
            _ => (folded, Fr::ONE),
        };
        for (rotation, point) in spots {
            if set.fold == 1 && set.rotations.binary_search(rotation).is_ok() {
                points.push(*point);
                inside *= u - point;
            } else {
                outside *= u - point;
            }
        }
        // Lagrange basis at u: inside / ((u - p) * prod over other points of (p - other)).
        let mut lagrange: Vec<Fr> = points
            .iter()
            .map(|p| {
                let others = points.iter().filter(|other| *other != p);
                others.fold(u - p, |acc, other| acc * (*p - other))
            })
            .collect();
        let inverse = match first_outside {
            None => {
                let inverse = outside.inverse().ok_or_else(degenerate)?;
                *first_outside.insert(inverse)
            }
            Some(inverse) => inverse,
        };
        // Zero only if u is one of the points.
        if inside == Fr::ZERO {
            return Err(degenerate());
        }
        if set.fold > 1 {
            let powers = core::iter::successors(Some(Fr::ONE), |power| Some(*power * u));
            lagrange = powers.take(set.fold.into()).collect();
        } else {
            ark_ff::batch_inversion_and_mul(&mut lagrange, &inside);
        }
        weights.push(SetWeight {
            lagrange,
            inside,
            outside: outside * inverse,
        });
    }
    Ok(weights)
}

/// Scalars of the final sum, by point.
struct Sums {
    key_scalars: Vec<Fr>,
    scalars: Vec<Fr>,
    quotient: usize,
    xn: Fr,
}

impl Sums {
    fn new(key: &VerifyingKey, xn: Fr) -> Self {
        let (description, plan) = (key.description(), key.plan());
        Self {
            key_scalars: vec![Fr::ZERO; description.commitments.len()],
            scalars: vec![Fr::ZERO; plan.points],
            quotient: plan.quotient_points,
            xn,
        }
    }

    fn add(&mut self, commitment: Commitment, scalar: Fr) -> Result<(), Error> {
        let slot = match commitment {
            Commitment::Proof(i) => self.scalars.get_mut(i),
            Commitment::Key(i) => self.key_scalars.get_mut(i),
            Commitment::Quotient => {
                let mut power = scalar;
                for slot in self.scalars.iter_mut().skip(self.quotient) {
                    *slot += power;
                    power *= self.xn;
                }
                return Ok(());
            }
        };
        let field = "openings";
        *slot.ok_or(Error::Position { field })? += scalar;
        Ok(())
    }
}
