//! libFuzzer's side of a target; what is checked lives in `tests/hostile`.

/// Counts, so that a body can bound what is allocated.
#[global_allocator]
static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

/// Changes the input as libFuzzer would, then repairs what would keep it from being read.
pub fn mutate(
    target: &verilens_hostile::Target,
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
) -> usize {
    let size = libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    // One in eight stays as it is, so that the outermost checks have their share.
    if seed % 8 != 0 {
        if let Some(input) = data.get_mut(..size) {
            (target.repair)(input);
        }
    }
    size
}

/// The entry points that libFuzzer calls, for one target.
#[macro_export]
macro_rules! fuzz {
    ($target:expr) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            $target.check(data);
        });
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate(&$target, data, size, max_size, seed)
        });
    };
}
