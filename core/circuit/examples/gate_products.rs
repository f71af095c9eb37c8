//! Products that each gate adds to the quotient: `cargo run --release -p verilens-circuit --example gate_products`
use std::collections::HashSet;

use halo2_proofs::{halo2curves::bn256::Fr, plonk::Expression};
use verilens_circuit::config::{Config, GateSet};

fn products(e: &Expression<Fr>, seen: &mut HashSet<String>) -> usize {
    match e {
        Expression::Product(a, b) => {
            if !seen.insert(e.identifier()) {
                return 0;
            }
            1 + products(a, seen) + products(b, seen)
        }
        Expression::Scaled(a, _) => {
            if !seen.insert(e.identifier()) {
                return 0;
            }
            1 + products(a, seen)
        }
        Expression::Sum(a, b) => {
            if !seen.insert(e.identifier()) {
                return 0;
            }
            products(a, seen) + products(b, seen)
        }
        Expression::Negated(a) => products(a, seen),
        _ => 0,
    }
}

fn main() {
    let (_, meta) = Config::detached(&GateSet {
        strides: vec![2],
        base: 9840,
        ..GateSet::default()
    });
    let mut seen = HashSet::new();
    let mut total = 0;
    for gate in meta.gates() {
        let count: usize = gate
            .polynomials()
            .iter()
            .map(|p| products(p, &mut seen))
            .sum();
        println!(
            "{count:5} {} ({} polynomials)",
            gate.name(),
            gate.polynomials().len()
        );
        total += count;
    }
    println!("{total:5} in all, degree {}", meta.degree());
}
