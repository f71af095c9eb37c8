//! Writes the seeds of the fuzz targets into `fuzz/seeds`: valid files and prefixes of them. What is there already and
//! has another name, such as inputs that once broke a target, stays.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use verilens_hostile::TARGETS;

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    for target in TARGETS {
        let folder = root.join(target.name);
        std::fs::create_dir_all(&folder).unwrap();
        for (i, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("valid-{i}")), seed).unwrap();
            for (name, cut) in [
                ("half", seed.len() / 2),
                ("short", seed.len() - seed.len().min(1)),
            ] {
                if i == 0 && !seed.is_empty() {
                    std::fs::write(folder.join(format!("{name}-{i}")), &seed[..cut]).unwrap();
                }
            }
        }
    }
}
