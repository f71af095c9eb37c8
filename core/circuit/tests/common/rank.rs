//! Whether columns of field elements are independent.
use halo2_proofs::halo2curves::{
    bn256::Fr,
    ff::{Field, FromUniformBytes},
};
use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;

pub fn random(rng: &mut ChaCha20Rng) -> Fr {
    let mut bytes = [0; 64];
    rng.fill_bytes(&mut bytes);
    Fr::from_uniform_bytes(&bytes)
}

/// A column that is a combination of those before it.
pub fn dependent(mut rows: Vec<Vec<Fr>>, columns: usize) -> Option<usize> {
    for column in 0..columns {
        // Each column before this one has given a row.
        let Some(pivot) = (column..rows.len()).find(|&r| !bool::from(rows[r][column].is_zero()))
        else {
            return Some(column);
        };
        rows.swap(column, pivot);
        let (head, tail) = rows.split_at_mut(column + 1);
        let pivot = &head[column];
        let inverse = pivot[column].invert().unwrap();
        for row in tail {
            let factor = row[column] * inverse;
            for (value, p) in row.iter_mut().zip(pivot).skip(column) {
                *value -= factor * p;
            }
        }
    }
    None
}
