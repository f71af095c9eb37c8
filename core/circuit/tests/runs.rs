//! Sums over pixels that leave one out or weigh one wrongly, with everything else computed as it should be: what a prover can do
//! who knows the challenges, as the mock prover's are known.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
mod common;

use common::{mock_challenges, wrapped_model, Scene};
use halo2_proofs::halo2curves::{bn256::Fr, ff::Field};
use verilens_circuit::{
    chip::pixels::{byte_shift, inverse_word},
    layout::CellRef,
};
use verilens_statement::OutputMode;

const COPY: &str = "copy";

fn scene() -> Scene {
    Scene::new(wrapped_model(), OutputMode::Committed)
}

fn check(scene: &Scene, what: &str, tamper: &[(CellRef, Fr)], expected: &[&str]) {
    let expected = expected.iter().map(|s| (*s).to_owned()).collect();
    assert_eq!(scene.failures(tamper), expected, "{what}");
}

/// A run's accumulator cells, and its pixels.
struct Run {
    cells: [CellRef; 2],
    pixels: Vec<Fr>,
}

/// Image row 0, odd columns: two rows of eight pixels, bytes 1 to 15 and 17 to 31. Byte 31 begins the second word.
fn odd_run(scene: &Scene, which: usize) -> Run {
    let probe = scene.compiled.probe();
    let first = probe.run(0, 0, 1).unwrap()[which];
    Run {
        cells: [first, CellRef::new(first.col, first.row + 1)],
        pixels: (0..16)
            .map(|a| Fr::from(u64::from(scene.bytes[0][2 * a + 1])))
            .collect(),
    }
}

fn weigh(pixels: &[Fr], weight: impl Fn(usize) -> Fr) -> Fr {
    let terms = pixels.iter().enumerate().map(|(a, p)| *p * weight(a));
    terms.fold(Fr::zero(), |a, b| a + b)
}

#[test]
fn a_word_boundary_inside_eight_pixels_is_kept() {
    let scene = scene();
    let run = odd_run(&scene, 1);
    let mu = mock_challenges()[2] * inverse_word();
    // `masked` says which of the second row's pixels are in the second word; only the last one is.
    let sums = |masked: &dyn Fn(usize) -> bool| {
        let second = weigh(&run.pixels[8..], |a| {
            let word = if masked(a) { mu } else { Fr::one() };
            byte_shift(2 * a) * word
        });
        let first = weigh(&run.pixels[..8], |a| byte_shift(2 * a));
        [first + byte_shift(16) * second, second]
    };
    let tamper = |sums: [Fr; 2]| [(run.cells[0], sums[0]), (run.cells[1], sums[1])];
    check(
        &scene,
        "the right boundary",
        &tamper(sums(&|a| a == 7)),
        &[],
    );
    for (what, masked) in [
        ("no boundary", (|_| false) as fn(usize) -> bool),
        ("a boundary one pixel early", |a| a >= 6),
        ("a boundary before the row", |_| true),
    ] {
        let tamper = tamper(sums(&masked));
        check(
            &scene,
            what,
            &tamper,
            &[COPY, "pixels: pack / sum by words"],
        );
        assert_eq!(
            scene.raw_failures(&tamper, &[]).len(),
            3,
            "one row, one copy"
        );
    }
}

#[test]
fn a_run_that_skips_a_pixel_is_refused() {
    let scene = scene();
    let run = odd_run(&scene, 0);
    let beta = mock_challenges()[0];
    let power = |a: usize| beta.pow([a as u64]);
    for skipped in [None, Some(0), Some(7), Some(8), Some(15)] {
        let mut pixels = run.pixels.clone();
        if let Some(skipped) = skipped {
            assert_ne!(pixels[skipped], Fr::zero());
            pixels[skipped] = Fr::zero();
        }
        let tamper = [
            (run.cells[0], weigh(&pixels, power)),
            (run.cells[1], weigh(&pixels[8..], power)),
        ];
        let expected: &[&str] = match skipped {
            None => &[],
            Some(_) => &[COPY, "pixels: run / sum by beta"],
        };
        check(&scene, "a run without one pixel", &tamper, expected);
    }
}
