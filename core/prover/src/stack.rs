//! Overwriting what a proof left on stacks.
//!
//! Values that are returned or passed by value are copied from frame to frame, and a returned frame keeps its bytes until something
//! else is called. Nothing wipes those by itself.

/// Bytes overwritten on each stack: the prover's frames are shallower.
const DEPTH: usize = 96 << 10;

/// Overwrites the part of the stack below the caller, on this thread and on all of the current pool.
pub(crate) fn scrub() {
    below();
    rayon::broadcast(|_| below());
}

#[inline(never)]
fn below() {
    std::hint::black_box(&mut [0u8; DEPTH]);
}
