use halo2_proofs::plonk::ConstraintSystem;
use verilens_statement::{
    field::text_to_field, nullifier, poseidon::hash, HolderSecret, IssuerKey, IssuerSet,
    SignatureScheme,
};

use super::*;
use crate::{
    layout::{Col, BYTE_LANES},
    testing::{chips, failures, TestCircuit},
};

type Ark = ark_bn254::Fr;

struct Fixture {
    chip: AuthenticityChip,
    plan: Plan,
    placed: PlacedAuthenticity,
    trace: Trace,
}

fn fixture() -> Fixture {
    let chip = chips().authenticity;
    let mut plan = Plan::default();
    let subject = Subject::Signed(SignatureScheme::EddsaBabyJubJubPoseidon);
    let placed = chip.place(&mut plan, 3, subject).unwrap();
    assert_eq!(plan.rows(), 3 + placed.rows_used);
    let trace = Trace::new(plan.rows() + 1, false);
    Fixture {
        chip,
        plan,
        placed,
        trace,
    }
}

impl Fixture {
    fn fill(&mut self, witness: &AuthWitness) -> AuthOutputs {
        let witness = witness.clone().into();
        self.chip
            .fill(&self.placed, &mut self.trace, &witness)
            .unwrap()
    }

    fn signed(&self) -> &PlacedSignature {
        self.placed.signed.as_ref().unwrap()
    }

    fn found(&self, instance: &[Fr]) -> Vec<String> {
        failures(&self.plan, &self.trace, instance)
            .into_iter()
            .collect()
    }
}

fn keys() -> Vec<IssuerKey> {
    (1..=5).map(|i| IssuerKey::from_seed([i; 32])).collect()
}

fn secret(n: u64) -> HolderSecret {
    HolderSecret::from_fr(Ark::from(n)).unwrap()
}

/// A capture signed by issuer `signer`, its path taken from issuer `member` of the set, and the instance.
fn honest(signer: &IssuerKey, member: usize) -> (AuthWitness, Vec<Fr>) {
    let set = IssuerSet::new(keys().iter().map(IssuerKey::public).collect()).unwrap();
    let holder = secret(0xabcdef);
    let schema = text_to_field("iris/left/v1");
    let scope = text_to_field("scope");
    let (payload, salt) = (Ark::from(1234), Ark::from(77));
    let (captured_at, not_before) = (1_750_000_000u64, 1_700_000_000u64);
    let content = [schema, payload, salt, holder.id(), Ark::from(captured_at)];
    let digest = hash(Domain::Capture, &content);
    let signature = signer.sign(&digest);
    let key = signer.public();
    let path = set.path(&keys()[member].public()).unwrap();
    let bits = path.index_bits();
    let ark = |x: &Ark| from_ark(x);
    let mut instance = vec![Fr::zero(); 9];
    instance[2] = ark(&schema);
    instance[3] = ark(&set.root());
    instance[4] = ark(&nullifier(&digest, &holder, &scope));
    instance[5] = ark(&scope);
    instance[7] = Fr::from(not_before);
    let mut s = verilens_statement::babyjubjub::scalar_to_bytes(&signature.s);
    s.reverse();
    let witness = AuthWitness {
        schema: ark(&schema),
        payload_digest: ark(&payload),
        salt: ark(&salt),
        holder_secret: ark(holder.expose()),
        captured_at,
        not_before,
        scope: ark(&scope),
        key: (ark(&key.x()), ark(&key.y())),
        r8: (ark(&signature.r8.x), ark(&signature.r8.y)),
        s: ark(&<Ark as ark_ff::PrimeField>::from_le_bytes_mod_order(&s)),
        path: std::array::from_fn(|i| (bits[i], ark(&path.siblings[i]))),
    };
    (witness, instance)
}

#[test]
fn honest_witness_holds_and_every_word_is_bound() {
    let mut f = fixture();
    assert!(f.placed.rows_used <= 2_400, "{}", f.placed.rows_used);
    let (witness, mut instance) = honest(&keys()[2], 2);
    let outputs = f.fill(&witness);
    assert_eq!(outputs.issuer_root, instance[3]);
    assert_eq!(outputs.mark, instance[4]);
    assert_eq!(f.trace.at(f.placed.payload_digest), witness.payload_digest);
    assert_eq!(f.found(&instance), Vec::<String>::new());
    for row in &f.placed.byte_rows {
        for i in 0..BYTE_LANES {
            assert!((0..256).any(|b| Fr::from(b) == f.trace.get(Col::Byte(i), *row)));
        }
    }
    for word in [2, 3, 4, 5, 7] {
        instance[word] += Fr::one();
        assert_eq!(f.found(&instance), ["copy"], "word {word}");
        instance[word] -= Fr::one();
    }
}

#[test]
fn issuer_outside_the_set_is_refused() {
    let mut f = fixture();
    let (witness, instance) = honest(&IssuerKey::from_seed([9; 32]), 2);
    f.fill(&witness);
    assert_eq!(f.found(&instance), ["copy"]);
}

#[test]
fn path_of_another_issuer_is_refused() {
    let mut f = fixture();
    let (witness, instance) = honest(&keys()[2], 3);
    f.fill(&witness);
    assert_eq!(f.found(&instance), ["copy"]);
}

#[test]
fn wrong_holder_secret_is_refused() {
    let mut f = fixture();
    let (mut witness, mut instance) = honest(&keys()[2], 2);
    witness.holder_secret += Fr::one();
    // The instance follows the cheat: the signature is what does not fit.
    instance[4] = f.fill(&witness).mark;
    assert_eq!(f.found(&instance), ["copy"]);
}

#[test]
fn nullifier_of_another_secret_or_digest_is_refused() {
    let mut f = fixture();
    let (witness, mut instance) = honest(&keys()[2], 2);
    let outputs = f.fill(&witness);
    for cheat in [
        [
            outputs.capture_digest,
            witness.holder_secret + Fr::one(),
            witness.scope,
        ],
        [
            outputs.capture_digest + Fr::one(),
            witness.holder_secret,
            witness.scope,
        ],
    ] {
        let placed = f.signed().nullifier.clone();
        instance[4] = f.chip.hash.fill(&placed, &mut f.trace, &cheat);
        assert_eq!(f.found(&instance), ["copy"]);
    }
}

#[test]
fn early_capture_is_refused() {
    let mut f = fixture();
    let (mut witness, mut instance) = honest(&keys()[2], 2);
    witness.not_before = witness.captured_at + 1;
    instance[7] = Fr::from(witness.not_before);
    f.fill(&witness);
    assert_eq!(f.found(&instance), ["compare: sum / difference"]);
    // Comparing another time than the signed one.
    f.chip.compare.fill(
        &f.placed.compare,
        &mut f.trace,
        u64::MAX,
        witness.not_before,
    );
    assert_eq!(f.found(&instance), ["copy"]);
}

/// Every copy that composes the chips is needed: break both ends in turn.
#[test]
fn every_wire_between_chips_is_guarded() {
    let mut f = fixture();
    let (witness, instance) = honest(&keys()[2], 2);
    f.fill(&witness);
    let (p, s) = (&f.placed, f.signed());
    let wires = [
        p.digest.inputs[0],
        p.digest.inputs[3],
        p.digest.inputs[4],
        s.eddsa.digest,
        s.leaf.inputs[0],
        s.leaf.inputs[1],
        s.path.leaf,
        s.nullifier.inputs[0],
        s.nullifier.inputs[1],
        s.nullifier.inputs[2],
        p.compare.not_before,
        p.compare.captured_at,
        p.constants.zero,
        p.constants.one,
    ];
    for cell in wires {
        let value = f.trace.at(cell);
        f.trace.set(cell.col, cell.row, value + Fr::one());
        let found = f.found(&instance);
        f.trace.set(cell.col, cell.row, value);
        assert!(found.contains(&"copy".to_owned()), "{cell:?}: {found:?}");
    }
}

#[test]
fn gates_keep_their_degree_queries_and_wires() {
    use halo2_proofs::plonk::Circuit;
    let mut meta = ConstraintSystem::default();
    let chips = <TestCircuit as Circuit<Fr>>::configure(&mut meta);
    let byte: Vec<_> = (0..=5)
        .map(|i| chips.columns.advice(Col::Byte(i)))
        .collect();
    for gate in meta.gates() {
        for poly in gate.polynomials() {
            assert!(poly.degree() <= 5, "{}: {}", gate.name(), poly.degree());
            // Codes of fixed columns stand in for selectors.
            let selectors = poly.evaluate(
                &|_| 0,
                &|_| 1,
                &|_| 0,
                &|_| 0,
                &|_| 0,
                &|_| 0,
                &|a| a,
                &|a, b| a + b,
                &|a, b| a + b,
                &|a, _| a,
            );
            assert_eq!(selectors, 0, "{}", gate.name());
        }
    }
    for (column, rotation) in meta.advice_queries() {
        let next_allowed = byte.contains(column);
        assert!(
            rotation.0 == 0 || rotation.0 == 1 && next_allowed,
            "{column:?} {rotation:?}"
        );
    }
}
