//! The halo2 circuit: a compiled layout and, when proving, a witness.
use std::sync::Mutex;

use halo2_proofs::{
    circuit::{Cell, Layouter, Region, SimpleFloorPlanner, Value},
    halo2curves::{bn256::Fr, ff::PrimeField},
    plonk::{Circuit, ConstraintSystem, Error},
};
use verilens_model::Execution;

use crate::{
    authenticity::{AuthOutputs, OriginWitness},
    compile::Compiled,
    config::{Config, GateSet, PUBLIC},
    error::CircuitError,
    field::from_ark,
    layout::{CellRef, ChallengeValues, Challenges, Col, Trace},
    model::PlacedModel,
    stop::Stop,
};

/// The private values of a statement. Wiped on drop, never printed.
pub struct Witness<'a> {
    /// Capture, issuer and holder, or what opens an input's word; `payload_digest` is computed here and ignored.
    pub authenticity: OriginWitness,
    /// Bytes of the graph's inputs, in the graph's order.
    pub tensors: Vec<&'a [u8]>,
    /// The model run on them.
    pub execution: &'a Execution,
    /// Blinding of the output commitment; unused when outputs are revealed.
    pub blinding: Fr,
    /// Instance word 6.
    pub signal: Fr,
}

/// A statement circuit; without a trace it serves key generation.
pub struct StatementCircuit<'a> {
    compiled: &'a Compiled,
    trace: Option<Mutex<Trace>>,
    tampered: Vec<(CellRef, Fr)>,
}

impl<'a> StatementCircuit<'a> {
    /// The circuit without a witness.
    pub fn blank(compiled: &'a Compiled) -> Self {
        Self {
            compiled,
            trace: None,
            tampered: Vec::new(),
        }
    }

    /// The circuit with a witness, and its instance words.
    pub fn new(
        compiled: &'a Compiled,
        witness: &Witness<'_>,
    ) -> Result<(Self, Vec<Fr>), CircuitError> {
        Self::new_until(compiled, witness, Stop::NEVER)
    }

    /// As [`StatementCircuit::new`], for as long as it is wanted.
    pub fn new_until(
        compiled: &'a Compiled,
        witness: &Witness<'_>,
        stop: Stop<'_>,
    ) -> Result<(Self, Vec<Fr>), CircuitError> {
        let (trace, instance) = compiled.first_phase_until(witness, stop)?;
        Ok((
            Self {
                compiled,
                trace: Some(Mutex::new(trace)),
                tampered: Vec::new(),
            },
            instance,
        ))
    }

    /// Overwrites cells, for tests of what a cheating prover can do: first-phase cells before the second
    /// phase is computed from them, second-phase cells after.
    #[doc(hidden)]
    pub fn tamper(&mut self, cells: impl IntoIterator<Item = (CellRef, Fr)>) {
        self.tampered.extend(cells);
    }

    fn assign(&self, config: &Config, trace: &Trace, region: &mut Region<'_, Fr>, phase: u8) {
        let network = self.compiled.network().is_some();
        for col in Col::all(network).filter(|c| c.phase(network) == phase) {
            let column = config.columns.advice(col);
            let values = trace.column(col).iter().take(self.compiled.usable);
            for (row, value) in values.enumerate() {
                region.assign_advice(column, row, Value::known(*value));
            }
        }
    }
}

/// A filled circuit on its way through the phases of a proof.
pub struct Filling<'a> {
    compiled: &'a Compiled,
    trace: Trace,
    tampered: Vec<(CellRef, Fr)>,
}

impl<'a> StatementCircuit<'a> {
    /// The circuit's trace, to be completed phase by phase; `None` without a witness.
    pub fn into_filling(self) -> Option<Filling<'a>> {
        let mut trace = self.trace?.into_inner().ok()?;
        tamper(
            &mut trace,
            &self.tampered,
            0,
            self.compiled.network().is_some(),
        );
        Some(Filling {
            compiled: self.compiled,
            trace,
            tampered: self.tampered,
        })
    }
}

impl Filling<'_> {
    /// Number of phases.
    pub fn phases(&self) -> u8 {
        self.compiled.phases()
    }

    /// Fills phase `phase`, from 1 on; `challenges` are the values by challenge index, zero if not drawn yet.
    /// Once it is not wanted any more it gives up, with a part filled.
    pub fn fill(
        &mut self,
        phase: u8,
        challenges: &[Fr],
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        let config = Config::detached(self.compiled.gates()).0;
        let values = config.challenges.pick(challenges);
        let values = values.ok_or_else(|| CircuitError::Witness {
            field: "challenges",
            expected: "one value for each of the circuit's challenges".into(),
        })?;
        self.compiled
            .fill_until(phase, &mut self.trace, &values, stop)?;
        let network = self.compiled.network().is_some();
        tamper(&mut self.trace, &self.tampered, phase, network);
        Ok(())
    }

    /// All columns at full height.
    pub fn columns_mut(&mut self) -> &mut [Vec<Fr>] {
        self.trace.columns_mut()
    }

    /// Gives the columns away; wiping them is then the caller's to do.
    pub fn into_columns(self) -> Vec<Vec<Fr>> {
        self.trace.into_columns()
    }
}

fn tamper(trace: &mut Trace, cells: &[(CellRef, Fr)], phase: u8, network: bool) {
    for (cell, value) in cells {
        if cell.col.phase(network) == phase {
            trace.set(cell.col, cell.row, *value);
        }
    }
}

fn challenge_values(region: &Region<'_, Fr>, challenges: &Challenges) -> Option<ChallengeValues> {
    let get = |challenge| {
        let mut found = None;
        region.get_challenge(challenge).map(|v| found = Some(v));
        found
    };
    Some(ChallengeValues {
        beta: get(challenges.beta)?,
        lambda: get(challenges.lambda)?,
        delta: get(challenges.delta)?,
        epsilon: get(challenges.epsilon)?,
        lookup: get(challenges.lookup)?,
        // Not drawn yet in the second phase.
        tau: challenges.tau.and_then(get).unwrap_or_else(Fr::zero),
    })
}

impl Circuit<Fr> for StatementCircuit<'_> {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = GateSet;

    fn params(&self) -> GateSet {
        self.compiled.gates().clone()
    }

    fn without_witnesses(&self) -> Self {
        Self::blank(self.compiled)
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, params: GateSet) -> Config {
        Config::configure(meta, &params)
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Config {
        Config::configure(meta, &GateSet::default())
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        let plan = &self.compiled.plan;
        layouter.assign_region(
            || "statement",
            |mut region| {
                for (column, row, value) in &plan.fixed {
                    region.assign_fixed(*column, *row, *value);
                }
                for (selector, row) in &plan.selectors {
                    selector.enable(&mut region, *row)?;
                }
                for (from, to) in &plan.copies {
                    let cell = |c: &CellRef| Cell {
                        row_offset: c.row,
                        column: config.columns.advice(c.col).into(),
                    };
                    region.constrain_equal(cell(from), cell(to));
                }
                let Some(trace) = &self.trace else {
                    return Ok(());
                };
                let mut trace = trace.lock().map_err(|_| Error::Synthesis)?;
                let network = self.compiled.network().is_some();
                tamper(&mut trace, &self.tampered, 0, network);
                self.assign(&config, &trace, &mut region, 0);
                for phase in 1..self.compiled.phases() {
                    region.next_phase();
                    if let Some(challenges) = challenge_values(&region, &config.challenges) {
                        self.compiled.fill(phase, &mut trace, &challenges);
                        tamper(&mut trace, &self.tampered, phase, network);
                        self.assign(&config, &trace, &mut region, phase);
                    }
                }
                Ok(())
            },
        )
    }
}

impl Compiled {
    /// Fills the first phase; returns the trace and the instance words.
    pub fn first_phase(&self, witness: &Witness<'_>) -> Result<(Trace, Vec<Fr>), CircuitError> {
        self.first_phase_until(witness, Stop::NEVER)
    }

    /// As [`Compiled::first_phase`], for as long as it is wanted.
    pub fn first_phase_until(
        &self,
        witness: &Witness<'_>,
        stop: Stop<'_>,
    ) -> Result<(Trace, Vec<Fr>), CircuitError> {
        let network = self.network().is_some();
        let mut trace = Trace::new(1 << self.k, network);
        self.check_tensors(witness)?;
        for (layouts, bytes) in self.pixels.iter().zip(&witness.tensors) {
            for placed in layouts {
                stop.check()?;
                placed.fill_bytes(&mut trace, bytes);
            }
        }
        let (output_words, count) = match &self.model {
            PlacedModel::Signs(signs) => {
                signs.fill(&mut trace, witness, self.gates().base, stop)?
            }
            PlacedModel::Network(network) => {
                network.fill(&mut trace, witness, &self.statement, stop)?
            }
        };
        let payload = self.payload_list(&witness.tensors);
        let mut lists: Vec<&[Fr]> = vec![payload.as_slice()];
        // Large enough from the start: a list that grows leaves its old values behind.
        let mut committed = Private::with_room(output_words.len() + 3);
        committed.extend([Fr::from(output_words.len() as u64 + 2), Fr::from(count)]);
        if let Some(blinding) = self.blinding {
            trace.set(blinding.col, blinding.row, witness.blinding);
            committed.extend_from_slice(&output_words);
            committed.push(witness.blinding);
            lists.push(&committed);
        }
        let digests = self.sponges.fill(&mut trace, &lists, stop)?;
        stop.check()?;

        let authenticity = witness.authenticity.with_payload_digest(digests[0]);
        let config = Config::detached(self.gates()).0;
        let AuthOutputs {
            issuer_root, mark, ..
        } = config
            .authenticity
            .fill(&self.authenticity, &mut trace, &authenticity)?;
        let mut instance = vec![
            from_ark(&self.statement.visibility.statement_word()),
            self.statement.model_digest,
            authenticity.schema(),
            issuer_root,
            mark,
            authenticity.scope(),
            witness.signal,
            Fr::from(authenticity.not_before()),
        ];
        if self.blinding.is_some() {
            instance.push(digests[1]);
        } else {
            instance.push(Fr::from(count));
            instance.extend_from_slice(&output_words);
        }
        for (row, word) in instance.iter().enumerate() {
            trace.set(PUBLIC, row, *word);
        }
        stop.check()?;
        self.lookup.fill_multiplicities(&mut trace);
        Ok((trace, instance))
    }

    fn check_tensors(&self, witness: &Witness<'_>) -> Result<(), CircuitError> {
        let inputs = &self.statement.graph.inputs;
        let lens = inputs.iter().map(|i| i.shape.iter().product::<usize>());
        if witness.tensors.len() != inputs.len()
            || lens.zip(&witness.tensors).any(|(n, t)| n != t.len())
        {
            return Err(CircuitError::Witness {
                field: "tensors",
                expected: "the model's input shapes".into(),
            });
        }
        Ok(())
    }

    /// The payload sponge's elements, the length first.
    fn payload_list(&self, tensors: &[&[u8]]) -> Private {
        let mut list = Private::zeros(self.payload.len + 1);
        list[0] = Fr::from(self.payload.len as u64);
        for (index, value) in &self.payload.constants {
            list[index + 1] = from_ark(value);
        }
        for tensor in &self.payload.tensors {
            let Some(bytes) = tensors.get(tensor.spec_index) else {
                continue;
            };
            for (slot, chunk) in list[tensor.first_word + 1..]
                .iter_mut()
                .zip(bytes.chunks(31))
            {
                let mut repr = <Fr as PrimeField>::Repr::default();
                repr.as_mut()[..chunk.len()].copy_from_slice(chunk);
                // 31 bytes are always below the modulus.
                *slot = Option::from(Fr::from_repr(repr)).unwrap_or_else(Fr::zero);
            }
        }
        list
    }

    /// Number of phases.
    pub fn phases(&self) -> u8 {
        2 + u8::from(self.network().is_some())
    }

    /// Fills a phase after the first.
    pub fn fill(&self, phase: u8, trace: &mut Trace, challenges: &ChallengeValues) {
        // Nothing else can stop it.
        let _ = self.fill_until(phase, trace, challenges, Stop::NEVER);
    }

    /// As [`Compiled::fill`], for as long as it is wanted.
    ///
    /// # Errors
    /// Only [`CircuitError::Cancelled`]: then a part is filled.
    pub fn fill_until(
        &self,
        phase: u8,
        trace: &mut Trace,
        challenges: &ChallengeValues,
        stop: Stop<'_>,
    ) -> Result<(), CircuitError> {
        if let (1, PlacedModel::Network(network)) = (phase, &self.model) {
            network.fill_weights(trace, challenges, stop)?;
        }
        if phase == 1 {
            self.lookup.fill(trace, challenges, stop)?;
        }
        if phase + 1 < self.phases() {
            return Ok(());
        }
        for placed in self.pixels.iter().flatten() {
            placed.fill(trace, challenges, stop)?;
        }
        match &self.model {
            PlacedModel::Signs(signs) => {
                signs.fill_sums(trace, challenges, self.gates().base, stop)?;
            }
            PlacedModel::Network(network) => network.fill_sums(trace, challenges, stop)?,
        }
        self.sponges.boxes().fill(trace, challenges, stop)?;
        self.program.fill(trace, challenges, stop)
    }
}

/// Field elements of the witness outside of its trace: wiped on drop. Room is made beforehand, for what a growing list leaves behind
/// is not wiped.
pub(crate) struct Private(Vec<Fr>);

impl Private {
    /// Takes over a list that never grew.
    pub(crate) fn new(values: Vec<Fr>) -> Self {
        Self(values)
    }

    /// Zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        Self(vec![Fr::zero(); len])
    }

    /// Nothing yet, with room for so many.
    pub(crate) fn with_room(room: usize) -> Self {
        Self(Vec::with_capacity(room))
    }
}

impl std::ops::Deref for Private {
    type Target = Vec<Fr>;

    fn deref(&self) -> &Vec<Fr> {
        &self.0
    }
}

impl std::ops::DerefMut for Private {
    fn deref_mut(&mut self) -> &mut Vec<Fr> {
        &mut self.0
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(values: &mut [Fr]) {
    for value in values.iter_mut() {
        *value = Fr::zero();
    }
    std::hint::black_box(&*values);
}
