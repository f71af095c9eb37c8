//! One runnable program per use case, each short enough to read in one sitting.
//!
//! - `cargo run --release -p verilens-examples --example iris_upgrade`
