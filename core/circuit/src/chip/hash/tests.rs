use super::*;
use crate::{
    field::{from_ark, to_ark},
    testing::{chips, Table},
};
use verilens_statement::poseidon::{hash, hash5_plain, Domain};

struct Fixture {
    plan: Plan,
    trace: Trace,
    placed: PlacedHash,
    value: Fr,
}

fn fixture(domain: Fr, inputs: &[Fr]) -> Fixture {
    let chips = chips();
    let mut plan = Plan::default();
    let pins = &chips.authenticity.pin;
    let constants = pins.place_constants(&mut plan, 0);
    let chip = &chips.authenticity.hash;
    let placed = chip.place(&mut plan, 2, domain, inputs.len(), constants.zero);
    assert_eq!(placed.rows_used, HashChip::rows(inputs.len()));
    let mut trace = Trace::new(plan.rows() + 1, false);
    constants.fill(&mut trace);
    let value = chip.fill(&placed, &mut trace, inputs);
    assert_eq!(trace.at(placed.output), value);
    Fixture {
        plan,
        trace,
        placed,
        value,
    }
}

fn table(f: &mut Fixture) -> Table<'_> {
    Table {
        plan: &f.plan,
        trace: &mut f.trace,
        instance: Vec::new(),
    }
}

fn inputs(n: u64) -> Vec<Fr> {
    // p − 1 and 0 among them.
    [
        -Fr::one(),
        Fr::from(5),
        Fr::zero(),
        -Fr::from(7),
        Fr::from(1 << 40),
    ][..n as usize]
        .to_vec()
}

#[test]
fn agrees_with_the_statement_and_holds() {
    for arity in 1..=5u64 {
        let elements = inputs(arity);
        let a: Vec<_> = elements.iter().map(to_ark).collect();
        let domain = Domain::Nullifier;
        let expected = match a[..] {
            [p] => hash(domain, &[p]),
            [p, q] => hash(domain, &[p, q]),
            [p, q, r] => hash(domain, &[p, q, r]),
            [p, q, r, s] => hash(domain, &[p, q, r, s]),
            [p, q, r, s, t] => hash(domain, &[p, q, r, s, t]),
            _ => unreachable!(),
        };
        let mut f = fixture(from_ark(&domain.constant()), &elements);
        assert_eq!(f.value, from_ark(&expected), "arity {arity}");
        table(&mut f).holds();
    }
    let elements = inputs(5);
    let a: Vec<_> = elements.iter().map(to_ark).collect();
    let expected = hash5_plain(&a.try_into().unwrap());
    assert_eq!(fixture(Fr::zero(), &elements).value, from_ark(&expected));
}

#[test]
fn agrees_with_light_poseidon() {
    use light_poseidon::{Poseidon, PoseidonHasher};
    for arity in [2u64, 5] {
        let elements = inputs(arity);
        let a: Vec<_> = elements.iter().map(to_ark).collect();
        let expected = Poseidon::<ark_bn254::Fr>::new_circom(arity as usize)
            .unwrap()
            .hash(&a)
            .unwrap();
        assert_eq!(fixture(Fr::zero(), &elements).value, from_ark(&expected));
    }
}

/// Every state and square cell of every kind of row, at both widths.
#[test]
fn every_cell_of_a_round_is_guarded() {
    for (arity, width) in [(2, Width::W3), (5, Width::W6)] {
        let mut f = fixture(Fr::from(9), &inputs(arity));
        let t = width.t();
        let first = f.placed.first_round;
        let mut table = table(&mut f);
        let rows: Vec<_> = schedule(width).into_iter().map(|(kind, _)| kind).collect();
        let names = |kind: Round, what: &str, of: &[usize]| -> Vec<String> {
            let kind = match kind {
                Round::Full => "full round",
                Round::Partial => "partial round",
                Round::Turn => "turn",
            };
            of.iter()
                .map(|e| format!("poseidon{t}: {kind} / {what} {e}"))
                .collect()
        };
        // What a row says about its own element e, and about the state before it.
        let own = |kind: Round, e: usize| match (kind, e) {
            (Round::Full, _) | (Round::Partial, 0) => {
                [names(kind, "square", &[e]), names(kind, "mix", &[e])].concat()
            }
            (Round::Partial, _) => names(kind, "mix", &[e]),
            (Round::Turn, 0) => names(kind, "turn", &[0]),
            (Round::Turn, 1) => [names(kind, "square", &[1]), names(kind, "turn", &[5])].concat(),
            (Round::Turn, _) => names(kind, "turn", &[e - 1]),
        };
        let before = |kind: Round, e: usize| match kind {
            Round::Turn => names(kind, "turn", &[e]),
            _ => names(kind, "mix", &(0..t).collect::<Vec<_>>()),
        };
        for i in [1, 4, 5, 6, rows.len() / 2, rows.len()] {
            for e in 0..t {
                let mut expected = before(rows[i - 1], e);
                if let Some(kind) = rows.get(i) {
                    expected.extend(own(*kind, e));
                }
                let expected: Vec<_> = expected.iter().map(String::as_str).collect();
                table.bump(state_col(e), first + i, &expected);
            }
        }
        for (i, kind) in rows.iter().enumerate().filter(|(i, _)| i % 7 == 1) {
            let boxed = match kind {
                Round::Full => 0..t,
                Round::Partial => 0..1,
                Round::Turn => 1..2,
            };
            for e in boxed {
                let expected = own(*kind, e);
                let expected: Vec<_> = expected.iter().map(String::as_str).collect();
                table.bump(square_col(e), first + i, &expected);
            }
        }
    }
}

#[test]
fn domain_padding_and_loaded_inputs_are_guarded() {
    let mut f = fixture(Fr::from(9), &inputs(1));
    let row = f.placed.first_round;
    let full = |what: &str| format!("poseidon3: full round / {what}");
    let (square0, mix0) = (full("square 0"), full("mix 0"));
    let (square2, mix2) = (full("square 2"), full("mix 2"));
    let mut t = table(&mut f);
    t.bump(
        state_col(0),
        row,
        &["constant: pin / value", &square0, &mix0],
    );
    let loaded = "load / lane 3";
    t.bump(state_col(2), row, &[loaded, &square2, &mix2]);
    t.bump(Col::Byte(1), row - 1, &["copy", loaded]);
    t.bump(Col::Byte(2), row - 1, &["load / lane 4"]);

    let mut f = fixture(Fr::from(9), &inputs(3));
    let first = f.placed.first_round;
    let lanes = [(1, "load / lane 3"), (2, "load / lane 4")];
    for (lane, gate) in lanes {
        let unused = CellRef::new(Col::Byte(lane), first - 2);
        table(&mut f).add(unused, Fr::one(), &["copy", gate]);
    }
    let mut f = fixture(Fr::from(9), &inputs(5));
    for (lane, gate) in lanes {
        for row in [first - 2, first - 1] {
            table(&mut f).add(CellRef::new(Col::Byte(lane), row), Fr::one(), &[gate]);
        }
    }
    for (lane, gates) in [
        (3, ["load / lane 3", "load / lane 5"]),
        (4, ["load / lane 4", "load / lane 0"]),
    ] {
        let cell = CellRef::new(Col::Byte(lane), first - 1);
        table(&mut f).add(cell, Fr::one(), &gates);
    }
    // A whole honest permutation of another state does not help: padding and domain stand outside it.
    let other = fixture(Fr::from(10), &inputs(5));
    let mut t = Table {
        plan: &f.plan,
        trace: &mut f.trace,
        instance: Vec::new(),
    };
    let saved = std::mem::replace(t.trace, other.trace);
    t.add(
        CellRef::new(Col::Full(5), 0),
        Fr::one(),
        &["constant: pin / value"],
    );
    drop(saved);
}
