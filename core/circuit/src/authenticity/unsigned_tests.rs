//! Tensors that nobody signed: honest witnesses, and exactly what stops every other one.
use std::collections::BTreeSet;

use verilens_statement::{field::text_to_field, poseidon::hash, SignatureScheme};

use super::*;
use crate::{
    layout::{Col, BYTE_LANES},
    testing::{chips, failures},
};

type Ark = ark_bn254::Fr;

const UNSIGNED: [Subject; 3] = [
    Subject::CommittedInput,
    Subject::PublicInput,
    Subject::CommittedModel,
];

struct Fixture {
    chip: AuthenticityChip,
    plan: Plan,
    placed: PlacedAuthenticity,
    trace: Trace,
}

fn fixture(subject: Subject) -> Fixture {
    let chip = chips().authenticity;
    let mut plan = Plan::default();
    let placed = chip.place(&mut plan, 3, subject).unwrap();
    let trace = Trace::new(plan.rows() + 1, false);
    Fixture {
        chip,
        plan,
        placed,
        trace,
    }
}

impl Fixture {
    fn fill(&mut self, witness: &InputWitness) -> AuthOutputs {
        let witness = witness.clone().into();
        self.chip
            .fill(&self.placed, &mut self.trace, &witness)
            .unwrap()
    }

    fn found(&self, instance: &[Fr]) -> BTreeSet<String> {
        failures(&self.plan, &self.trace, instance)
    }

    /// What fails after one more than the value of a cell.
    fn bumped(&mut self, cell: CellRef, instance: &[Fr]) -> BTreeSet<String> {
        let value = self.trace.at(cell);
        self.trace.set(cell.col, cell.row, value + Fr::one());
        let found = self.found(instance);
        self.trace.set(cell.col, cell.row, value);
        found
    }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|s| (*s).to_owned()).collect()
}

/// A witness for a subject, and the instance.
fn honest(subject: Subject) -> (InputWitness, Vec<Fr>) {
    let is_public = subject == Subject::PublicInput;
    let blind = |x: u64| Ark::from(if is_public { 0 } else { x });
    let (salt, holder) = (blind(77), blind(88));
    let (schema, payload) = (text_to_field("model/credit/v1"), Ark::from(1234));
    let (captured_at, not_before) = (1_750_000_000u64, 1_700_000_000u64);
    let content = [schema, payload, salt, holder, Ark::from(captured_at)];
    let ark = |x: &Ark| from_ark(x);
    let mut instance = vec![Fr::zero(); 9];
    instance[2] = ark(&schema);
    instance[4] = ark(&hash(Domain::Capture, &content));
    instance[7] = Fr::from(not_before);
    let witness = InputWitness {
        schema: ark(&schema),
        payload_digest: ark(&payload),
        salt: ark(&salt),
        holder: ark(&holder),
        captured_at,
        not_before,
        scope: Fr::from(5),
    };
    (witness, instance)
}

#[test]
fn honest_witnesses_hold_and_every_word_is_bound() {
    for subject in UNSIGNED {
        let mut f = fixture(subject);
        // Two constants, a hash of width 6, a comparison.
        assert_eq!(f.placed.rows_used, 2 + HashChip::rows(5) + 7);
        assert!(f.placed.full_rows.is_empty());
        let (witness, mut instance) = honest(subject);
        let outputs = f.fill(&witness);
        assert_eq!(outputs.issuer_root, Fr::zero());
        assert_eq!(outputs.mark, instance[4]);
        assert_eq!(outputs.capture_digest, instance[4]);
        assert_eq!(f.trace.at(f.placed.payload_digest), witness.payload_digest);
        assert_eq!(f.found(&instance), set(&[]));
        for row in &f.placed.byte_rows {
            for i in 0..BYTE_LANES {
                assert!((0..256).any(|b| Fr::from(b) == f.trace.get(Col::Byte(i), *row)));
            }
        }
        for word in [2, 3, 4, 7] {
            instance[word] += Fr::one();
            assert_eq!(f.found(&instance), set(&["copy"]), "word {word}");
            instance[word] -= Fr::one();
        }
    }
}

#[test]
fn another_opening_of_the_same_word_is_refused() {
    for subject in UNSIGNED {
        let (witness, instance) = honest(subject);
        let changes: [fn(&mut InputWitness); 4] = [
            |w| w.payload_digest += Fr::one(),
            |w| w.salt += Fr::one(),
            |w| w.holder += Fr::one(),
            |w| w.captured_at += 1,
        ];
        for change in changes {
            let mut f = fixture(subject);
            let mut other = witness.clone();
            change(&mut other);
            assert_ne!(f.fill(&other).mark, instance[4]);
            assert_eq!(f.found(&instance), set(&["copy"]));
        }
    }
}

/// A blinded public input would be a commitment that looks like a digest.
#[test]
fn a_public_input_has_no_salt_and_no_holder() {
    let (witness, instance) = honest(Subject::PublicInput);
    let mut f = fixture(Subject::PublicInput);
    let changes: [fn(&mut InputWitness); 2] =
        [|w| w.salt = Fr::from(9), |w| w.holder = Fr::from(9)];
    for change in changes {
        let mut blinded = witness.clone();
        change(&mut blinded);
        let mut instance = instance.clone();
        instance[4] = f.fill(&blinded).mark;
        assert_eq!(f.found(&instance), set(&["copy"]));
        // The same witness is a committed input's.
        for subject in [Subject::CommittedInput, Subject::CommittedModel] {
            let mut f = fixture(subject);
            f.fill(&blinded);
            assert_eq!(f.found(&instance), set(&[]));
        }
    }
}

#[test]
fn early_times_are_refused() {
    for subject in UNSIGNED {
        let mut f = fixture(subject);
        let (mut witness, mut instance) = honest(subject);
        witness.not_before = witness.captured_at + 1;
        instance[7] = Fr::from(witness.not_before);
        f.fill(&witness);
        assert_eq!(f.found(&instance), set(&["compare: sum / difference"]));
        // Comparing another time than the one in the opening.
        let compare = f.placed.compare.clone();
        f.chip
            .compare
            .fill(&compare, &mut f.trace, u64::MAX, witness.not_before);
        assert_eq!(f.found(&instance), set(&["copy"]));
    }
}

/// An issuer root next to an input that nobody signed.
#[test]
fn there_is_no_issuer_root() {
    for subject in UNSIGNED {
        let mut f = fixture(subject);
        let (witness, mut instance) = honest(subject);
        f.fill(&witness);
        instance[3] = Fr::from(4321);
        assert_eq!(f.found(&instance), set(&["copy"]));
        // A zero that is none.
        let zero = f.placed.constants.zero;
        f.trace.set(zero.col, zero.row, instance[3]);
        let expected: &[&str] = match subject {
            Subject::PublicInput => &["constant: pin / value", "copy"],
            _ => &["constant: pin / value"],
        };
        assert_eq!(f.found(&instance), set(expected));
    }
}

/// The next state after the last row of a hash.
const MIX: [&str; 6] = [
    "poseidon6: partial round / mix 0",
    "poseidon6: partial round / mix 1",
    "poseidon6: partial round / mix 2",
    "poseidon6: partial round / mix 3",
    "poseidon6: partial round / mix 4",
    "poseidon6: partial round / mix 5",
];

#[test]
fn every_cell_is_guarded_by_its_gate() {
    let copy = "copy";
    for subject in UNSIGNED {
        let mut f = fixture(subject);
        let (witness, instance) = honest(subject);
        f.fill(&witness);
        let digest = f.placed.digest.clone();
        let compare = f.placed.compare.clone();
        let Constants { zero, one, .. } = f.placed.constants;
        let [schema, payload, salt, holder, time] = digest.inputs[..] else {
            panic!("five inputs");
        };
        let is_public = subject == Subject::PublicInput;
        let pinned = |gate: &'static str| {
            if is_public {
                vec![copy, gate]
            } else {
                vec![gate]
            }
        };
        let turned = ["poseidon6: turn / square 1", "poseidon6: turn / turn 5"];
        for (name, cell, expected) in [
            // The first round's own cell, and word 2.
            ("schema", schema, vec![copy, turned[0], turned[1]]),
            // The sponge's output is copied here by the whole circuit.
            ("payload", payload, vec!["load / lane 3"]),
            ("salt", salt, pinned("load / lane 4")),
            ("holder", holder, pinned("load / lane 3")),
            ("time", time, vec![copy, "load / lane 4"]),
            ("word 4", digest.output, [&[copy][..], &MIX].concat()),
            (
                "late",
                compare.captured_at,
                vec![copy, "compare: recompose / bytes"],
            ),
            (
                "early",
                compare.not_before,
                vec![copy, "compare: recompose / bytes"],
            ),
            ("zero", zero, vec![copy, "constant: pin / value"]),
            ("one", one, vec!["constant: pin / value"]),
        ] {
            let found = f.bumped(cell, &instance);
            assert_eq!(found, set(&expected), "{subject}: {name}");
        }
    }
}

#[test]
fn witnesses_of_another_subject_are_errors() {
    let signed = Subject::Signed(SignatureScheme::EddsaBabyJubJubPoseidon);
    let mut f = fixture(signed);
    let witness = honest(Subject::CommittedInput).0.into();
    let error = f.chip.fill(&f.placed, &mut f.trace, &witness).err();
    assert_eq!(
        error,
        Some(CircuitError::Witness {
            field: "origin",
            expected: "a signed capture".into()
        })
    );
    // A circuit without the gates of a signature cannot be made to claim one.
    let mut meta = ConstraintSystem::default();
    let columns = Columns::configure(&mut meta, false);
    let mut code = Code::new(&mut meta, 3, kinds(false));
    let chip = AuthenticityChip::configure(&mut meta, &columns, &mut code, false);
    assert!(matches!(
        chip.place(&mut Plan::default(), 0, signed),
        Err(CircuitError::Model(_))
    ));
    for subject in UNSIGNED {
        let alone = chip.place(&mut Plan::default(), 0, subject).unwrap();
        assert_eq!(alone.rows_used, fixture(subject).placed.rows_used);
    }
}
