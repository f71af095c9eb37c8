//! Peak memory of this process, where the system tells it.

/// Largest resident size so far in MB (10^6 bytes): `VmHWM` on Linux, none elsewhere.
pub fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib * 1.024).round() / 1e3)
}

/// Starts measuring anew (Linux; without effect elsewhere): the peak becomes what is resident now.
pub fn reset_peak() {
    // Best effort: without it the peak is only larger.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
