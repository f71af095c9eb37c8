//! Bytes that are bits.
//!
//! Relation: on a row of bits `b·(b − 1) = 0` for each of the eight `Byte` cells.
//!
//! An issuer signs no Bool tensor with other elements than 0 and 1, so the rows of a signed capture are bytes and nothing more. Of tensors
//! that nobody signed the prover chooses the bytes, and a Bool of 7 would give a model an input that no honest opening has: there the rows
//! of Bool inputs are of this kind too. Cells of a last row that stand for no byte are 0 already.
use halo2_proofs::{
    halo2curves::bn256::Fr,
    plonk::{ConstraintSystem, Constraints, Expression},
};

use crate::{
    code::{Code, Kind},
    layout::{Col, Columns, Plan, BYTE_LANES},
};

/// The gate.
#[derive(Clone, Debug)]
pub struct BitsChip {
    on: Kind,
}

impl BitsChip {
    /// Makes the gate and a fixed column for it.
    pub fn configure(meta: &mut ConstraintSystem<Fr>, columns: &Columns) -> Self {
        let on = Code::new(meta, 1, 1).kind();
        meta.create_gate("bits", |cells| {
            let q = on.selector(cells);
            let bits = (0..BYTE_LANES).map(|i| {
                let b = columns.cur(cells, Col::Byte(i));
                let one = Expression::Constant(Fr::one());
                (format!("bit {i}"), b.clone() * (b - one))
            });
            Constraints::with_selector(q, bits.collect::<Vec<_>>())
        });
        Self { on }
    }

    /// Makes rows of bytes rows of bits.
    pub fn place(&self, plan: &mut Plan, rows: impl IntoIterator<Item = usize>) {
        for row in rows {
            self.on.enable(plan, row);
        }
    }
}
