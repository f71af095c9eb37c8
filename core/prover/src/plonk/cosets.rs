//! Every polynomial's values on one coset, with room for rotations.
use halo2_proofs::halo2curves::bn256::Fr;
use rayon::prelude::*;
use verilens_verifier::Description;

use super::{
    domain::{Coset, Domain},
    key::CircuitKey,
    secret::{wipe, Secret},
};
use crate::{
    error::ProverError,
    work::{cost, Work},
};

/// Coefficients of all polynomials that constraints read.
pub(super) struct Polynomials<'a> {
    pub(super) advice: &'a [Secret],
    pub(super) instance: &'a [Secret],
    pub(super) products: &'a [Secret],
}

/// Values on a coset with as many wrapped around at both ends as rotations reach. Its owner knows whether they are secret.
pub(super) struct Padded {
    values: Vec<Fr>,
    front: usize,
    rows: usize,
}

impl Padded {
    fn new(rows: usize, reach: Reach) -> Self {
        Self {
            values: vec![Fr::zero(); reach.back + rows + reach.ahead],
            front: reach.back,
            rows,
        }
    }

    fn fill(&mut self, domain: &Domain, coset: &Coset, coefficients: &[Fr], work: &Work<'_>) {
        let (front, rows) = (self.front, self.rows);
        if let Some(body) = self.values.get_mut(front..front + rows) {
            domain.evaluate(coefficients, coset, body, work);
        }
        self.wrap();
    }

    fn wrap(&mut self) {
        let (front, rows) = (self.front, self.rows);
        let ahead = self.values.len() - front - rows;
        self.values.copy_within(rows..rows + front, 0);
        self.values.copy_within(front..front + ahead, front + rows);
    }

    /// `len` values from `start + rotation` on; rotations are within reach.
    pub(super) fn rotated(&self, start: usize, rotation: i64, len: usize) -> &[Fr] {
        let from = (self.front + start) as i64 + rotation;
        usize::try_from(from)
            .ok()
            .and_then(|from| self.values.get(from..from + len))
            .unwrap_or(&[])
    }
}

/// How far rotations reach back and ahead.
#[derive(Clone, Copy)]
struct Reach {
    back: usize,
    ahead: usize,
}

impl Reach {
    fn of(key: &Description) -> Self {
        let queries = [
            &key.advice_queries,
            &key.fixed_queries,
            &key.instance_queries,
        ];
        let rotations = queries.into_iter().flatten().map(|q| i64::from(q.rotation));
        let last = i64::from(key.blinding_factors) + 1;
        let (mut back, mut ahead) = (last, last);
        for rotation in rotations {
            back = back.max(-rotation);
            ahead = ahead.max(rotation);
        }
        let limit = key.rows() as usize;
        Self {
            back: (back as usize).min(limit),
            ahead: (ahead as usize).min(limit),
        }
    }
}

/// Values of the polynomials that depend on the witness or the instance. Wiped on drop.
pub(super) struct Values {
    pub(super) advice: Vec<Padded>,
    pub(super) instance: Vec<Padded>,
    pub(super) products: Vec<Padded>,
}

impl Drop for Values {
    fn drop(&mut self) {
        for list in [&mut self.advice, &mut self.instance, &mut self.products] {
            list.iter_mut().for_each(|column| wipe(&mut column.values));
        }
    }
}

/// Values of the key's polynomials: the same for every proof, and public. They are several times as many as the secret ones, so a
/// cancelled proof that wiped them would take much longer to return.
pub(super) struct KeyValues {
    pub(super) fixed: Vec<Padded>,
    pub(super) sigma: Vec<Padded>,
    /// `L_0`.
    pub(super) first: Padded,
}

/// Room for so many columns; hundreds of megabytes are not touched at once.
fn room(key: &CircuitKey, count: usize, work: &Work<'_>) -> Result<Vec<Padded>, ProverError> {
    let (rows, reach) = (key.domain.size(), Reach::of(key.description()));
    let columns = (0..count).map(|_| {
        work.check()?;
        Ok(Padded::new(rows, reach))
    });
    columns.collect()
}

impl Values {
    /// Room for all of them.
    pub(super) fn new(
        key: &CircuitKey,
        polynomials: &Polynomials<'_>,
        work: &Work<'_>,
    ) -> Result<Self, ProverError> {
        Ok(Self {
            advice: room(key, polynomials.advice.len(), work)?,
            instance: room(key, polynomials.instance.len(), work)?,
            products: room(key, polynomials.products.len(), work)?,
        })
    }

    /// Computes them on a coset.
    pub(super) fn fill(
        &mut self,
        key: &CircuitKey,
        polynomials: &Polynomials<'_>,
        coset: &Coset,
        work: &Work<'_>,
    ) {
        for (list, from) in [
            (&mut self.advice, polynomials.advice),
            (&mut self.products, polynomials.products),
            (&mut self.instance, polynomials.instance),
        ] {
            list.par_iter_mut().zip(from).for_each(|(to, from)| {
                if !work.stopped() {
                    to.fill(&key.domain, coset, from, work);
                    work.add(cost::transforms(1, key.domain.size()));
                }
            });
        }
    }
}

impl KeyValues {
    /// Room for all of them.
    pub(super) fn new(key: &CircuitKey, work: &Work<'_>) -> Result<Self, ProverError> {
        Ok(Self {
            fixed: room(key, key.fixed.len(), work)?,
            sigma: room(key, key.sigma_polys.len(), work)?,
            first: Padded::new(key.domain.size(), Reach::of(key.description())),
        })
    }

    /// Computes them on a coset.
    pub(super) fn fill(&mut self, key: &CircuitKey, coset: &Coset, work: &Work<'_>) {
        let domain = &key.domain;
        for (list, from) in [
            (&mut self.fixed, &key.fixed),
            (&mut self.sigma, &key.sigma_polys),
        ] {
            list.par_iter_mut().zip(from).for_each(|(to, from)| {
                if !work.stopped() {
                    to.fill(domain, coset, from, work);
                    work.add(cost::transforms(1, domain.size()));
                }
            });
        }
        if work.stopped() {
            return;
        }
        let (front, rows) = (self.first.front, self.first.rows);
        if let Some(body) = self.first.values.get_mut(front..front + rows) {
            body.copy_from_slice(&domain.first_lagrange(coset));
        }
        self.first.wrap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_wraps() {
        let mut padded = Padded::new(8, Reach { back: 3, ahead: 2 });
        for i in 0..8 {
            padded.values[3 + i] = Fr::from(i as u64);
        }
        padded.wrap();
        let expect = |start, rotation, list: [u64; 2]| {
            assert_eq!(padded.rotated(start, rotation, 2), list.map(Fr::from));
        };
        expect(0, 0, [0, 1]);
        expect(0, -3, [5, 6]);
        expect(0, -1, [7, 0]);
        expect(6, 2, [0, 1]);
        expect(6, 1, [7, 0]);
    }
}
