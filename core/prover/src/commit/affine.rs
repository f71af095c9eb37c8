//! Additions of many affine points that share one field inversion.
//!
//! One addition then costs five multiplications, one squaring and a share of the inversion
//! (Montgomery's trick); a mixed Jacobian addition costs eleven. BN254's G1 has odd prime order,
//! so no point has y = 0: y = 0 marks the identity, and 2y never vanishes.

use halo2_proofs::halo2curves::bn256::{Fq, G1Affine};

/// The identity, as halo2curves stores it: both coordinates zero.
pub(crate) const IDENTITY: G1Affine = G1Affine {
    x: Fq::zero(),
    y: Fq::zero(),
};

/// Whether `p` is the identity (variable time).
#[inline]
pub(crate) fn is_identity(p: &G1Affine) -> bool {
    p.y == Fq::zero()
}

/// Scratch for batches of additions; reused to spare allocations.
#[derive(Default)]
pub(crate) struct Adder {
    /// The denominator of each slope.
    denominators: Vec<Fq>,
    /// The numerator times the product of all earlier denominators, later the slope.
    slopes: Vec<Fq>,
    /// Results that the chord formula can't give: (pair, sum).
    exceptions: Vec<(usize, G1Affine)>,
    product: Fq,
}

impl Adder {
    fn begin(&mut self) {
        self.denominators.clear();
        self.slopes.clear();
        self.exceptions.clear();
        self.product = Fq::one();
    }

    #[inline]
    fn push_slope(&mut self, numerator: Fq, denominator: Fq) {
        self.slopes.push(self.product * numerator);
        self.denominators.push(denominator);
        self.product *= denominator;
    }

    #[inline]
    fn push_pair(&mut self, a: &G1Affine, b: &G1Affine) {
        let dx = b.x - a.x;
        if dx != Fq::zero() && !is_identity(a) && !is_identity(b) {
            self.push_slope(b.y - a.y, dx);
        } else {
            self.push_exceptional_pair(a, b);
        }
    }

    #[cold]
    fn push_exceptional_pair(&mut self, a: &G1Affine, b: &G1Affine) {
        let sum = if is_identity(a) {
            *b
        } else if is_identity(b) {
            *a
        } else if a.y == b.y {
            self.push_double(a);
            return;
        } else {
            IDENTITY
        };
        self.exceptions.push((self.slopes.len(), sum));
        self.push_slope(Fq::zero(), Fq::one());
    }

    #[inline]
    fn push_double(&mut self, a: &G1Affine) {
        let xx = a.x * a.x;
        self.push_slope(xx + xx + xx, a.y + a.y);
    }

    /// Turns `slopes` into the slopes proper.
    fn solve(&mut self) {
        // Every denominator is nonzero by construction, so the product has an inverse.
        let mut inverse = self.product.invert().unwrap_or(Fq::zero());
        for (slope, denominator) in self.slopes.iter_mut().zip(&self.denominators).rev() {
            *slope *= inverse;
            inverse *= denominator;
        }
    }

    /// Folds consecutive runs of points, `lengths[i]` points each, to one point a run, in place.
    ///
    /// `lengths` must add up to `points.len()` with no zero in it. Afterwards `points` holds one sum per run (perhaps the
    /// identity) and `lengths` is all ones. `spare` is scratch.
    pub(crate) fn fold_runs(
        &mut self,
        points: &mut Vec<G1Affine>,
        spare: &mut Vec<G1Affine>,
        lengths: &mut [u32],
    ) {
        debug_assert_eq!(
            lengths.iter().map(|l| *l as usize).sum::<usize>(),
            points.len()
        );
        while lengths.iter().any(|length| *length > 1) {
            self.begin();
            let mut rest = points.as_slice();
            for length in lengths.iter() {
                let (run, tail) = rest.split_at(*length as usize);
                rest = tail;
                for pair in run.chunks_exact(2) {
                    if let [a, b] = pair {
                        self.push_pair(a, b);
                    }
                }
            }
            self.solve();

            spare.clear();
            let mut rest = points.as_slice();
            let mut slopes = self.slopes.iter();
            let mut exceptions = self.exceptions.iter().peekable();
            let mut index = 0;
            for length in lengths.iter_mut() {
                let (run, tail) = rest.split_at(*length as usize);
                rest = tail;
                let pairs = run.chunks_exact(2);
                let odd = pairs.remainder();
                for (pair, slope) in pairs.zip(&mut slopes) {
                    if let [a, b] = pair {
                        let sum = match exceptions.next_if(|(at, _)| *at == index) {
                            Some((_, sum)) => *sum,
                            None => third_point(a, &b.x, slope),
                        };
                        spare.push(sum);
                    }
                    index += 1;
                }
                spare.extend_from_slice(odd);
                *length = length.div_ceil(2);
            }
            std::mem::swap(points, spare);
        }
    }

    /// `lanes[i] += others[i]` for every i.
    pub(crate) fn add_each(&mut self, lanes: &mut [G1Affine], others: &[G1Affine]) {
        debug_assert_eq!(lanes.len(), others.len());
        self.begin();
        for (a, b) in lanes.iter().zip(others) {
            self.push_pair(a, b);
        }
        self.solve();
        for ((a, b), slope) in lanes.iter_mut().zip(others).zip(&self.slopes) {
            *a = third_point(a, &b.x, slope);
        }
        for (at, sum) in &self.exceptions {
            if let Some(lane) = lanes.get_mut(*at) {
                *lane = *sum;
            }
        }
    }

    /// `lanes[i] *= 2` for every i.
    pub(crate) fn double_each(&mut self, lanes: &mut [G1Affine]) {
        self.begin();
        for a in lanes.iter() {
            if is_identity(a) {
                self.exceptions.push((self.slopes.len(), IDENTITY));
                self.push_slope(Fq::zero(), Fq::one());
            } else {
                self.push_double(a);
            }
        }
        self.solve();
        for (a, slope) in lanes.iter_mut().zip(&self.slopes) {
            let x = a.x;
            *a = third_point(a, &x, slope);
        }
        for (at, sum) in &self.exceptions {
            if let Some(lane) = lanes.get_mut(*at) {
                *lane = *sum;
            }
        }
    }
}

/// The negated third point on the line of `slope` through `a` and a point with abscissa `bx`.
#[inline]
fn third_point(a: &G1Affine, bx: &Fq, slope: &Fq) -> G1Affine {
    let x = *slope * slope - a.x - bx;
    let y = *slope * (a.x - x) - a.y;
    G1Affine { x, y }
}

#[cfg(test)]
mod tests {
    use super::*;
    use halo2_proofs::halo2curves::bn256::{Fr, G1};
    use halo2_proofs::halo2curves::group::Curve;
    use proptest::prelude::*;

    fn point(k: i64) -> G1Affine {
        let m = Fr::from(k.unsigned_abs());
        (G1::generator() * if k < 0 { -m } else { m }).to_affine()
    }

    proptest! {
        // Multiples from a tiny range: equal, opposite and zero points meet in most runs.
        #[test]
        fn folding_adds(runs in prop::collection::vec(prop::collection::vec(-3i64..4, 1..12), 0..8)) {
            let mut lengths: Vec<u32> = runs.iter().map(|r| r.len() as u32).collect();
            let mut points: Vec<_> = runs.iter().flatten().map(|k| point(*k)).collect();
            Adder::default().fold_runs(&mut points, &mut Vec::new(), &mut lengths);
            let expected: Vec<_> = runs.iter().map(|r| point(r.iter().sum())).collect();
            prop_assert_eq!(points, expected);
            prop_assert!(lengths.iter().all(|l| *l == 1));
        }

        #[test]
        fn lanes_add_and_double(pairs in prop::collection::vec((-3i64..4, -3i64..4), 0..12)) {
            let mut lanes: Vec<_> = pairs.iter().map(|(a, _)| point(*a)).collect();
            let others: Vec<_> = pairs.iter().map(|(_, b)| point(*b)).collect();
            let mut adder = Adder::default();
            adder.add_each(&mut lanes, &others);
            adder.double_each(&mut lanes);
            let expected: Vec<_> = pairs.iter().map(|(a, b)| point(2 * (a + b))).collect();
            prop_assert_eq!(lanes, expected);
        }
    }
}
