//! A cheating prover of a network: cells, public words and the look-ups' counts, changed together.
use std::collections::{BTreeMap, BTreeSet};

use halo2_proofs::halo2curves::bn256::Fr;
use verilens_circuit::{
    compile::FIXED_WORDS,
    field::{from_i64, small_i64},
    layout::{CellRef, Col, Trace},
    network::{Content, Division, Network, Vector},
};

use super::Scene;

pub const LOOKUP: &str = "tables: edges / sum is zero";
pub const COPY: &str = "copy";

pub struct Cheat<'a> {
    scene: &'a Scene,
    pub trace: Trace,
    cells: BTreeSet<CellRef>,
    words: BTreeMap<usize, Fr>,
}

impl<'a> Cheat<'a> {
    pub fn new(scene: &'a Scene) -> Self {
        Self {
            scene,
            trace: scene.trace(),
            cells: BTreeSet::new(),
            words: BTreeMap::new(),
        }
    }

    pub fn network(&self) -> &'a Network {
        self.scene.compiled.network().unwrap()
    }

    /// The only vector that is so.
    pub fn find(&self, like: impl Fn(&Vector) -> bool) -> usize {
        let all: Vec<usize> = (0..self.network().vectors.len())
            .filter(|&v| like(&self.network().vectors[v]))
            .collect();
        assert_eq!(all.len(), 1, "vectors {all:?}");
        all[0]
    }

    pub fn division(&self, vector: usize) -> &'a Division {
        match &self.network().vectors[vector].content {
            Content::Function(_, division) => division,
            other => panic!("{other:?} is no function"),
        }
    }

    pub fn value(&self, vector: usize, at: usize) -> CellRef {
        self.scene.compiled.probe().value(vector, at).unwrap()
    }

    /// Quotient and limbs, or factors.
    pub fn sides(&self, vector: usize, at: usize) -> Vec<CellRef> {
        self.scene.compiled.probe().sides(vector, at)
    }

    pub fn small(&self, cell: CellRef) -> i64 {
        small_i64(&self.trace.at(cell)).unwrap()
    }

    pub fn set(&mut self, cell: CellRef, value: Fr) {
        self.trace.set(cell.col, cell.row, value);
        self.cells.insert(cell);
    }

    pub fn add(&mut self, cell: CellRef, by: i64) {
        let value = self.trace.at(cell) + from_i64(by);
        self.set(cell, value);
    }

    /// One look-up more, or less, of an entry; nothing if there is no such entry.
    pub fn count(&mut self, function: usize, argument: Fr, by: i64) {
        let functions = &self.network().functions;
        let before: usize = functions[..function].iter().map(|f| f.values.len()).sum();
        let index = small_i64(&argument)
            .and_then(|a| usize::try_from(a - functions[function].first).ok())
            .filter(|&i| i < functions[function].values.len());
        if let Some(index) = index {
            let cell = self.scene.compiled.probe().multiplicity(before + index);
            self.add(cell, by);
        }
    }

    /// Another remainder, or limb of one, from 0.
    pub fn limb(&mut self, vector: usize, at: usize, limb: usize, value: Fr) {
        let cell = self.sides(vector, at)[1 + limb];
        let range = self.division(vector).range;
        self.count(range, self.trace.at(cell), -1);
        self.count(range, value, 1);
        self.set(cell, value);
    }

    /// The whole remainder.
    pub fn remainder(&self, vector: usize, at: usize) -> i128 {
        let base = i128::from(self.network().base);
        let limbs = self.sides(vector, at).into_iter().skip(1).rev();
        limbs.fold(0, |sum, cell| sum * base + i128::from(self.small(cell)))
    }

    /// Another remainder: as many low limbs as fit, and the rest, whatever it is, in the one of this number.
    pub fn put_remainder(&mut self, vector: usize, at: usize, rest: usize, remainder: i128) {
        let base = i128::from(self.network().base);
        let last = self.sides(vector, at).len() - 2;
        let mut left = remainder;
        let mut limbs = vec![0; last + 1];
        for limb in (0..=last).filter(|&l| l != rest) {
            let power = base.pow(limb as u32);
            limbs[limb] = (remainder.rem_euclid(power * base)) / power;
            left -= limbs[limb] * power;
        }
        let power = base.pow(rest as u32);
        assert_eq!(left % power, 0);
        limbs[rest] = left / power;
        for (limb, value) in limbs.into_iter().enumerate() {
            self.limb(vector, at, limb, from_i64(i64::try_from(value).unwrap()));
        }
    }

    /// Another quotient, and the value that belongs to it if there is one.
    pub fn quotient(&mut self, vector: usize, at: usize, quotient: Fr) {
        let function = self.division(vector).function;
        let cell = self.sides(vector, at)[0];
        self.count(function, self.trace.at(cell), -1);
        self.count(function, quotient, 1);
        self.set(cell, quotient);
        let value = small_i64(&quotient).and_then(|q| self.network().functions[function].at(q));
        if let Some(value) = value {
            self.set(self.value(vector, at), from_i64(value));
        }
    }

    /// An output's word, in its cell and in public.
    pub fn shows(&mut self, output: usize, at: usize, word: Fr) {
        let outputs = &self.network().outputs;
        self.set(self.value(outputs[output].vector, at), word);
        let before = outputs[..output]
            .iter()
            .map(|o| self.network().vectors[o.vector].len);
        let public = FIXED_WORDS + before.sum::<usize>() + at;
        self.words.insert(public, word);
    }

    /// Shows the value of a vector that the only output hands on.
    pub fn shows_value(&mut self, vector: usize, at: usize) {
        let value = self.trace.at(self.value(vector, at));
        self.shows(0, at, value);
    }

    pub fn changes(&self) -> Vec<(CellRef, Fr)> {
        let cells = self.cells.iter();
        cells.map(|&cell| (cell, self.trace.at(cell))).collect()
    }

    /// Everything that is changed, the cells that show public words too.
    pub fn all_changes(&self) -> Vec<(CellRef, Fr)> {
        let probe = self.scene.compiled.probe();
        let words = self.words.iter().map(|(&w, &v)| (probe.public(w), v));
        self.changes().into_iter().chain(words).collect()
    }

    #[track_caller]
    pub fn fails(&self, what: &str, expected: &[&str]) {
        let words: Vec<(usize, Fr)> = self.words.iter().map(|(&w, &v)| (w, v)).collect();
        let expected: BTreeSet<String> = expected.iter().map(|s| (*s).to_owned()).collect();
        let found = self.scene.failures_for(&self.changes(), &words);
        assert_eq!(found, expected, "{what}");
    }
}

/// The weight of a value.
pub fn weight_of(value: CellRef) -> CellRef {
    match value.col {
        Col::Full(lane) => CellRef::new(Col::Weight(lane), value.row),
        other => panic!("no value stands in {other:?}"),
    }
}
