//! One chip a file: its relation, why it is sound, its gates, placement and witness.
pub mod bits;
pub mod chains;
pub mod compare;
pub mod eddsa;
pub mod edwards;
pub mod glue;
pub mod hash;
pub mod lookup;
pub mod merkle;
pub mod network;
pub mod pin;
pub mod pixels;
pub mod poseidon_constants;
pub mod sbox;
pub mod scalar_mul;
pub mod signs;
pub mod tables;
