//! What each value weighs in the sum of all equations, once `β` is known.
use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};

use super::{
    terms::{Block, Geometric, Term},
    Network,
};
use crate::{error::CircuitError, field::from_i64, stop::Stop};

/// Weights between two questions whether to go on.
const STEPS: usize = 1 << 16;

/// `G_j = Σ_i A_ij·β^i` for every value, by its power of `τ`.
///
/// # Errors
/// Only that nobody wants them any more.
pub fn values(network: &Network, beta: Fr, stop: Stop<'_>) -> Result<Vec<Fr>, CircuitError> {
    let last = network.vectors.iter().map(|v| v.tau as usize + v.padded());
    let mut weights = vec![Fr::zero(); last.max().unwrap_or(0)];
    for term in &network.matrix {
        add(&mut weights, term, beta, stop)?;
    }
    Ok(weights)
}

fn add(weights: &mut [Fr], term: &Term, beta: Fr, stop: Stop<'_>) -> Result<(), CircuitError> {
    stop.check()?;
    let block: Vec<Fr> = match &term.block {
        Block::Constant(c) => vec![from_i64(*c)],
        Block::Dense {
            weights, columns, ..
        } => {
            let columns = (*columns).max(1);
            let rows = weights.chunks(columns).enumerate();
            rows.map(|(i, row)| {
                stop.check_at(i, (STEPS / columns).max(1))?;
                let sum = row.iter().rev();
                Ok(sum.fold(Fr::zero(), |sum, w| sum * beta + from_i64(*w)))
            })
            .collect::<Result<_, CircuitError>>()?
        }
        Block::Diagonal(list) => {
            let mut power = Fr::one();
            list.iter()
                .map(|w| {
                    let weight = power * from_i64(*w);
                    power *= beta;
                    weight
                })
                .collect()
        }
        // Constants have no values.
        Block::Vector(_) => Vec::new(),
    };
    for place in &term.uses {
        stop.check()?;
        let first = beta.pow([place.beta]) * Fr::from(2).pow([u64::from(place.shift)]);
        let steps: Vec<(Geometric, Fr)> = place
            .sums
            .iter()
            .map(|g| (*g, beta.pow([g.beta]) * Fr::from(g.ratio)))
            .collect();
        spread(&steps, place.tau as usize, first, &mut |at, weight| {
            for (slot, own) in weights.iter_mut().skip(at).zip(&block) {
                *slot += weight * own;
            }
        });
    }
    Ok(())
}

/// Calls `f` for every place of a box, with its position and power of `β`.
fn spread(steps: &[(Geometric, Fr)], at: usize, weight: Fr, f: &mut dyn FnMut(usize, Fr)) {
    let Some(((sum, factor), rest)) = steps.split_first() else {
        return f(at, weight);
    };
    let mut weight = weight;
    for i in 0..sum.n as usize {
        spread(rest, at + i * sum.tau as usize, weight, f);
        weight *= factor;
    }
}
