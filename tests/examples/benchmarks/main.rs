//! Benchmarks.
fn main() {
    for name in std::env::args().skip(1) {
        let Some(t) = verilens_tests::models::Trained::load(&name) else { println!("{name} missing"); continue };
        println!("{}", t.quantised.report);
        let a = t.accuracy();
        println!("{name}: float {} integer {}", a.float, a.integer);
        let b = t.bundle();
        std::fs::create_dir_all("target/benchmarks").unwrap();
        std::fs::write(format!("target/benchmarks/{name}.vlm"), b.encode()).unwrap();
        let start = std::time::Instant::now();
        match verilens_prover::keys::compile(&b, verilens_statement::SignatureScheme::EddsaBabyJubJubPoseidon, verilens_statement::OutputMode::Revealed) {
            Ok(c) => {
                let n = c.network();
                println!("{name}: {:?} in {:?}, {:?}", c.size(), start.elapsed(), n.map(|n| (n.value_rows(), n.entries(), n.weight_rows(8), n.vectors.len(), n.functions.iter().map(|f| (f.first, f.values.len())).collect::<Vec<_>>())));
            }
            Err(e) => println!("{name}: {e}"),
        }
    }
}
