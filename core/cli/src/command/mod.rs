//! The commands, one function each.
pub mod contract;
pub mod model;
pub mod people;
pub mod prove;
pub mod srs;
pub mod verify;
