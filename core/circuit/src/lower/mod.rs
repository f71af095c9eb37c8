//! From the integer graph to identities between runs.
//!
//! [`sources`] follows every element through Slice, Concat, Pad, Reshape, Transpose and AddConst to where its value is made;
//! [`conv`] turns each convolution into one random identity. A new operator is a new kind of source or a new check.
pub mod conv;
pub mod sources;
