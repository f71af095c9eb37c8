//! From the integer graph to identities between runs.
//!
//! [`sources`] follows every element through Slice, Concat, Pad, Reshape, Transpose and AddConst to where its value is made;
//! [`layouts`] says how the bytes that a layer reads are laid out; [`conv`] turns convolutions into random identities;
//! [`outputs`] says which integers the model's outputs are the signs of; [`lowered`] puts these together. A new operator is a new
//! kind of source or a new check.
pub mod conv;
pub mod layouts;
pub mod lowered;
pub mod outputs;
pub mod sources;
