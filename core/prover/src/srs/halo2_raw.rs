//! Import of halo2's own parameter files in `RawBytes` form.
//!
//! k (u32, little-endian); 2^k powers; 2^k points of the Lagrange basis; G2; tau G2; in Montgomery form.

use std::io::Read;

use super::coding::{read_g2, Form, G2_BYTES};
use super::file::{read_array, read_g1_points};
use super::{
    check, check_k, first_powers, lagrange, power_count, served_by, Srs, SrsError, MAX_K,
    POWERS_PER_ROW,
};

/// The file for 2^24 rows serves the largest k.
const MAX_FILE_K: u32 = MAX_K + POWERS_PER_ROW.ilog2();

impl Srs {
    /// Reads the file that halo2's `ParamsKZG::write` makes, to its end, and keeps what 2^k rows need: four times as many
    /// powers as rows, so the file must be for k + 2 at least.
    ///
    /// Checked as in [`Srs::import_ptau`]. Such files name no ceremony, so the provenance is the caller's to know.
    ///
    /// # Errors
    /// [`SrsError`] naming the field that is wrong.
    pub fn import_halo2_raw<R: Read>(mut reader: R, k: u32) -> Result<Self, SrsError> {
        check_k(k)?;
        let file_k = u32::from_le_bytes(read_array(&mut reader, "k")?);
        if !(1..=MAX_FILE_K).contains(&file_k) {
            return Err(SrsError::Unexpected {
                field: "k",
                expected: "1 to 24",
                found: file_k.to_string(),
            });
        }
        let available = served_by(file_k);
        if available < k {
            return Err(SrsError::TooSmall {
                wanted: k,
                available,
            });
        }
        let count = 1usize << file_k;
        let mut points =
            |field| read_g1_points(&mut reader, count, Form::Montgomery, field, |_| ());
        let mut powers = points("powers")?;
        let basis = points("lagrange")?;
        let g2: [u8; G2_BYTES] = read_array(&mut reader, "g2")?;
        let s_g2: [u8; G2_BYTES] = read_array(&mut reader, "s_g2")?;
        match reader.read(&mut [0]) {
            Ok(0) => {}
            Ok(_) => return Err(SrsError::TrailingBytes),
            Err(error) => return Err(SrsError::Io(error.kind())),
        }
        let g2 = read_g2(&g2, Form::Montgomery, "g2")?;
        let s_g2 = read_g2(&s_g2, Form::Montgomery, "s_g2")?;
        check::powers_of_tau(&powers, &g2, &s_g2)?;
        // The file's own basis is for more rows than are kept; it must be right all the same.
        check::lagrange_basis(&powers, &basis, file_k)?;
        powers.truncate(power_count(k));
        let basis = lagrange::from_powers(first_powers(&powers, 1 << k), k);
        check::lagrange_basis(&powers, &basis, k)?;
        Ok(Self::from_trusted_parts(k, false, powers, basis, g2, s_g2))
    }
}
