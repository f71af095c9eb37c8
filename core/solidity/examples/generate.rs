//! Prints the verifier for a key file.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("a key file")?;
    let key = verilens_verifier::VerifyingKey::decode(&std::fs::read(path)?)?;
    for (_, text) in verilens_solidity::Package::new(&key)?.files() {
        print!("{text}");
    }
    Ok(())
}
