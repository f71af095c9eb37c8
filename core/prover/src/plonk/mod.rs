//! The proving engine: halo2's PLONKish protocol over a filled trace.
//!
//! | step | module |
//! | --- | --- |
//! | fixed columns, permutation, constraint program: the key | [`key`] |
//! | commit to the columns of each phase, permutation products | [`prove`], [`permutation`] |
//! | all constraints over the vanishing polynomial, coset by coset | [`quotient`], [`cosets`], [`tape`] |
//! | open everything at once | [`opening`] |
//! | transforms | [`domain`], [`fft`] |
//!
//! Which columns, gates and openings there are is read from the verifying key's description, the very text that the
//! verifier follows.
mod cosets;
mod domain;
mod fft;
mod halo2_domain;
mod key;
mod opening;
mod permutation;
mod prove;
mod quotient;
mod secret;
mod tape;
mod units;

pub(crate) use key::{system, CircuitKey, Commitments, Origin};
pub(crate) use prove::{create_proof, proof_units, Columns};
