//! A network's equations written out, entry by entry.
use std::collections::BTreeMap;

use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};
use verilens_circuit::{
    chip::network::{Format, Limbs},
    field::from_i64,
    layout::{CellRef, Col, Trace},
    network::{
        terms::{Block, Term},
        Network, Vector,
    },
    probe::Probe,
};

/// Coefficients by power of `β` and power of `τ`.
pub type Entries = BTreeMap<(u64, u64), Fr>;

/// The coefficients of a sum of terms, one by one.
pub fn expand(terms: &[Term]) -> Entries {
    let mut entries = Entries::new();
    for term in terms {
        let block: Vec<(u64, u64, i64)> = match &term.block {
            Block::Constant(c) => vec![(0, 0, *c)],
            Block::Dense { weights, columns } => (0u64..)
                .zip(weights)
                .map(|(i, w)| (i % *columns as u64, i / *columns as u64, *w))
                .collect(),
            Block::Diagonal(weights) => (0u64..).zip(weights).map(|(i, w)| (i, i, *w)).collect(),
            Block::Vector(weights) => (0u64..).zip(weights).map(|(i, w)| (i, 0, *w)).collect(),
        };
        for place in &term.uses {
            let shift = Fr::from(2).pow([u64::from(place.shift)]);
            let mut places = vec![(place.beta, place.tau, shift)];
            for sum in &place.sums {
                places = places
                    .iter()
                    .flat_map(|&(beta, tau, factor)| {
                        let mut factor = factor;
                        (0..sum.n).map(move |i| {
                            let at = (beta + i * sum.beta, tau + i * sum.tau, factor);
                            factor *= Fr::from(sum.ratio);
                            at
                        })
                    })
                    .collect();
            }
            for (beta, tau, factor) in places {
                for &(b, t, w) in &block {
                    *entries.entry((beta + b, tau + t)).or_insert(Fr::zero()) +=
                        factor * from_i64(w);
                }
            }
        }
    }
    entries.retain(|_, w| *w != Fr::zero());
    entries
}

/// The left side of each of a value's equations, as cells with factors.
pub fn left(network: &Network, vector: &Vector, value: CellRef) -> Vec<Vec<(CellRef, Fr)>> {
    let Col::Full(lane) = value.col else {
        panic!("values stand in full cells")
    };
    let byte = |i: usize| CellRef::new(Col::Byte(2 * lane + i), value.row);
    let (divisor, base) = (network.divisor(vector), Fr::from(network.base));
    let limbs: &[usize] = match vector.format {
        Format::Free | Format::Output => return vec![vec![(value, Fr::one())]],
        Format::Product => return [0, 1].map(|i| vec![(byte(i), Fr::one())]).to_vec(),
        Format::Table(Limbs::One) => &[1],
        Format::Table(Limbs::Two) => &[1, 3],
        Format::Table(Limbs::Four) => &[1, 3, 5, 7],
    };
    let mut side = vec![(byte(0), divisor)];
    let mut power = Fr::one();
    for &limb in limbs {
        side.push((byte(limb), power));
        power *= base;
    }
    vec![side]
}

/// Equations of a trace that do not hold: what they belong to, and the power of `β`.
pub fn violations(network: &Network, probe: &Probe<'_>, trace: &Trace) -> Vec<String> {
    let mut values: BTreeMap<u64, Fr> = BTreeMap::new();
    let mut sides: BTreeMap<u64, (String, Fr)> = BTreeMap::new();
    for (number, vector) in network.vectors.iter().enumerate() {
        for at in 0..vector.padded() {
            let cell = probe.value(number, at).unwrap();
            let clash = values.insert(vector.tau + at as u64, trace.at(cell));
            assert_eq!(clash, None, "two values at one power of τ");
            if matches!(vector.content, verilens_circuit::network::Content::Input(_)) {
                continue;
            }
            let own = vector.beta + (at * vector.format.equations()) as u64;
            for (side, beta) in left(network, vector, cell).iter().zip(own..) {
                let sum = side.iter().map(|(c, f)| *f * trace.at(*c));
                let sum = sum.fold(Fr::zero(), |a, b| a + b);
                let name = format!("{:?} {number} of {}, value {at}", vector.format, vector.len);
                let clash = sides.insert(beta, (name, sum));
                assert_eq!(clash, None, "two equations at one power of β");
            }
        }
    }
    let mut right: BTreeMap<u64, Fr> = BTreeMap::new();
    for ((beta, tau), weight) in expand(&network.matrix) {
        let value = values.get(&tau).expect("a value at every power in use");
        *right.entry(beta).or_insert(Fr::zero()) += weight * value;
    }
    for ((beta, tau), weight) in expand(&network.constants) {
        assert_eq!(tau, 0);
        *right.entry(beta).or_insert(Fr::zero()) += weight;
    }
    let stray = right.keys().filter(|beta| !sides.contains_key(beta));
    assert_eq!(stray.count(), 0, "equations without a left side");
    sides
        .into_iter()
        .filter(|(beta, (_, sum))| right.get(beta).copied().unwrap_or(Fr::zero()) != *sum)
        .map(|(beta, (name, _))| format!("{name}: equation {beta}"))
        .collect()
}
