//! One chip a file: its relation, why it is sound, its gates, placement and witness.
pub mod compare;
pub mod eddsa;
pub mod edwards;
pub mod hash;
pub mod merkle;
pub mod pin;
pub mod poseidon_constants;
pub mod scalar_mul;
pub mod glue;
pub mod lookup;
pub mod pixels;
pub mod sbox;
pub mod signs;
