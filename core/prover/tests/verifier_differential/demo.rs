//! A circuit that uses whatever of halo2 its parameters name: phases, lookups, copies, instance columns, degree.
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::halo2curves::bn256::Fr;
use halo2_proofs::halo2curves::ff::Field;
use halo2_proofs::plonk::{
    Advice, Challenge, Circuit, Column, ConstraintSystem, Error, Expression, FirstPhase, Fixed,
    Instance, SecondPhase, Selector, TableColumn, ThirdPhase,
};
use halo2_proofs::poly::Rotation;

pub const ROWS: usize = 40;

/// A circuit that uses what its parameters say. DEGREE above 3 adds a gate of that degree.
#[derive(Clone)]
pub struct Demo<
    const PHASES: usize,
    const LOOKUPS: bool,
    const COPIES: bool,
    const INSTANCES: usize,
    const DEGREE: usize,
> {
    pub instances: Vec<Vec<Fr>>,
}

#[derive(Clone)]
pub struct Config {
    a: Column<Advice>,
    b: Column<Advice>,
    e: Column<Advice>,
    p: Column<Advice>,
    later: Vec<Column<Advice>>,
    challenges: Vec<Challenge>,
    f: Column<Fixed>,
    instances: Vec<Column<Instance>>,
    gate: Selector,
    run: Selector,
    inner: Selector,
    public: Selector,
    looked_up: Selector,
    table: [TableColumn; 2],
}

impl<const P: usize, const L: bool, const C: bool, const I: usize, const D: usize> Circuit<Fr>
    for Demo<P, L, C, I, D>
{
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = ();

    fn without_witnesses(&self) -> Self {
        self.clone()
    }

    fn configure(meta: &mut ConstraintSystem<Fr>) -> Config {
        if D > 5 {
            meta.set_minimum_degree(D);
        }
        let (a, b) = (meta.advice_column(), meta.advice_column());
        let (e, p) = (meta.advice_column(), meta.advice_column());
        let (mut later, mut challenges) = (Vec::new(), Vec::new());
        if P > 1 {
            challenges.push(meta.challenge_usable_after(FirstPhase));
            later.push(meta.advice_column_in(SecondPhase));
            // Declared out of the order in which they are drawn.
            challenges.push(meta.challenge_usable_after(SecondPhase));
            challenges.push(meta.challenge_usable_after(FirstPhase));
        }
        if P > 2 {
            later.push(meta.advice_column_in(ThirdPhase));
        }
        let f = meta.fixed_column();
        let instances: Vec<_> = (0..I).map(|_| meta.instance_column()).collect();
        let [gate, run, inner, public] = [(); 4].map(|()| meta.selector());
        let looked_up = meta.complex_selector();
        let table = [meta.lookup_table_column(), meta.lookup_table_column()];
        meta.create_gate("square, power", |m| {
            let [a, b] = [a, b].map(|c| m.query_advice(c, Rotation::cur()));
            let f = m.query_fixed(f, Rotation::cur());
            let s = m.query_selector(gate);
            let power = (3..D.max(3)).fold(a.clone(), |acc, _| acc * a.clone());
            let extra = m.query_advice(e, Rotation(-3));
            let zero = Expression::Constant(Fr::ZERO);
            vec![
                s.clone() * (b - a.square() - f.clone()),
                // Never holds anything: f - f, but of full degree.
                s * (power * (f.clone() - f) + zero * extra * Fr::from(3)),
            ]
        });
        meta.create_gate("rotations", |m| {
            let s = m.query_selector(inner);
            let (now, before) = (
                m.query_advice(e, Rotation(0)),
                m.query_advice(e, Rotation(-1)),
            );
            let (ahead, behind) = (
                m.query_advice(a, Rotation(1)),
                m.query_advice(b, Rotation(-2)),
            );
            let fixed = m.query_fixed(f, Rotation(5));
            vec![s * (now - before * Fr::from(2) - ahead * behind - fixed)]
        });
        if P > 1 {
            let (challenges, later) = (challenges.clone(), later.clone());
            meta.create_gate("runs", |m| {
                let s = m.query_selector(run);
                let alpha = m.query_challenge(challenges[0]);
                let [c, c_before] = [0, -1].map(|r| m.query_advice(later[0], Rotation(r)));
                let a = m.query_advice(a, Rotation::cur());
                let [beta, delta] = [1, 2].map(|i| m.query_challenge(challenges[i]));
                let step = c.clone() - c_before * alpha.clone() - a;
                let mut gates = vec![
                    s.clone() * step.clone(),
                    s.clone() * step * (beta.clone() * Fr::from(3) - delta.clone()),
                ];
                if P > 2 {
                    let [d, d_before] = [0, -1].map(|r| m.query_advice(later[1], Rotation(r)));
                    gates.push(s * (d - d_before * beta - c * (alpha - delta)));
                }
                gates
            });
        }
        if I > 0 {
            let columns = instances.clone();
            meta.create_gate("public", |m| {
                let s = m.query_selector(public);
                let p = m.query_advice(p, Rotation::cur());
                let words = columns.iter().flat_map(|c| [0, 1, -2].map(|r| (*c, r)));
                let sum = words.fold(Expression::Constant(Fr::ZERO), |acc, (c, r)| {
                    acc * Fr::from(5) + m.query_instance(c, Rotation(r))
                });
                vec![s * (p - sum)]
            });
        }
        if C {
            for column in [a, b, p] {
                meta.enable_equality(column);
            }
            meta.enable_equality(f);
            for column in &instances {
                meta.enable_equality(*column);
            }
        }
        if L {
            meta.lookup("square", |m| {
                let q = m.query_selector(looked_up);
                let [a, b] = [a, b].map(|c| m.query_advice(c, Rotation::cur()));
                let f = m.query_fixed(f, Rotation::cur());
                vec![(q.clone() * a, table[0]), (q * (b - f), table[1])]
            });
            meta.lookup("small", |m| {
                let q = m.query_selector(looked_up);
                vec![(q * m.query_advice(a, Rotation(-1)), table[0])]
            });
        }
        Config {
            a,
            b,
            e,
            p,
            later,
            challenges,
            f,
            instances,
            gate,
            run,
            inner,
            public,
            looked_up,
            table,
        }
    }

    fn synthesize(&self, cfg: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        layouter.assign_table(
            || "squares",
            |mut table| {
                for i in 0..16usize {
                    let i_f = Fr::from(i as u64);
                    for (column, value) in cfg.table.iter().zip([i_f, i_f.square()]) {
                        table.assign_cell(|| "", *column, i, || Value::known(value))?;
                    }
                }
                Ok(())
            },
        )?;
        let a: Vec<Fr> = (0..ROWS as u64)
            .map(|i| Fr::from((i * 7 + 3) % 16))
            .collect();
        let f: Vec<Fr> = (0..ROWS as u64).map(|i| Fr::from(i * i)).collect();
        let b: Vec<Fr> = a.iter().zip(&f).map(|(a, f)| a.square() + f).collect();
        let word = |column: usize, row: i64| {
            let rows = 64i64;
            let at = row.rem_euclid(rows) as usize;
            self.instances[column].get(at).copied().unwrap_or(Fr::ZERO)
        };
        let third = layouter.assign_region(
            || "all",
            |mut region| {
                let (mut e, mut third) = (Fr::from(9), None);
                for i in 0..ROWS {
                    cfg.gate.enable(&mut region, i)?;
                    let b_cell = region.assign_advice(cfg.b, i, Value::known(b[i]));
                    let a_cell = region.assign_advice(cfg.a, i, Value::known(a[i]));
                    let f_cell = region.assign_fixed(cfg.f, i, f[i]);
                    if L && i > 0 {
                        cfg.looked_up.enable(&mut region, i)?;
                    }
                    if i >= 2 && i + 5 < ROWS {
                        cfg.inner.enable(&mut region, i)?;
                        e = e.double() + a[i + 1] * b[i - 2] + f[i + 5];
                    }
                    region.assign_advice(cfg.e, i, Value::known(e));
                    if I > 0 {
                        cfg.public.enable(&mut region, i)?;
                        let row = i as i64;
                        let words = (0..I).flat_map(|c| [0, 1, -2].map(|r| (c, row + r)));
                        let p = words.fold(Fr::ZERO, |acc, (c, r)| acc * Fr::from(5) + word(c, r));
                        region.assign_advice(cfg.p, i, Value::known(p));
                    } else {
                        region.assign_advice(cfg.p, i, Value::known(a[i]));
                        if C {
                            let p = region.assign_advice(cfg.p, i, Value::known(a[i]));
                            region.constrain_equal(p.cell(), a_cell.cell());
                        }
                    }
                    if i == 2 {
                        third = Some(a_cell.cell());
                    }
                    if C && i == 16 {
                        // a has period 16.
                        let first = region.assign_advice(cfg.a, 0, Value::known(a[0]));
                        region.constrain_equal(a_cell.cell(), first.cell());
                    }
                    if C && i == 1 {
                        region.constrain_equal(b_cell.cell(), b_cell.cell());
                        region.constrain_equal(f_cell, f_cell);
                    }
                }
                if P > 1 {
                    region.next_phase();
                    let alpha = region.get_challenge(cfg.challenges[0]);
                    let mut c = Value::known(Fr::from(5));
                    let mut kept = vec![c];
                    region.assign_advice(cfg.later[0], 0, c);
                    for (i, a) in a.iter().enumerate().skip(1) {
                        cfg.run.enable(&mut region, i)?;
                        c = c * alpha + Value::known(*a);
                        kept.push(c);
                        region.assign_advice(cfg.later[0], i, c);
                    }
                    if P > 2 {
                        let delta = region.get_challenge(cfg.challenges[2]);
                        region.next_phase();
                        let beta = region.get_challenge(cfg.challenges[1]);
                        let mut d = Value::known(Fr::from(6));
                        region.assign_advice(cfg.later[1], 0, d);
                        for (i, c) in kept.iter().enumerate().skip(1) {
                            d = d * beta + *c * (alpha - delta);
                            region.assign_advice(cfg.later[1], i, d);
                        }
                    }
                }
                Ok(third)
            },
        )?;
        if C && I > 0 && !self.instances[0].is_empty() {
            // The first word is a(2): see `fixture`.
            if let Some(cell) = third {
                layouter.constrain_instance(cell, cfg.instances[0], 0);
            }
        }
        Ok(())
    }
}
