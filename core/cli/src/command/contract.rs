//! `solidity`, `calldata`.
use std::path::{Path, PathBuf};

use verilens_solidity::{
    abi::{call, Value},
    calldata::{encode_proof, proof_len},
    Package,
};

use super::verify::check;
use crate::{
    args::Function,
    error::{CliError, Result},
    files::{self, Access},
    output::{grouped, print},
    progress::warn_if_insecure,
};

/// Writes the contracts for a verifying key.
pub fn solidity(vk: &Path, out: &Path, force: bool) -> Result<()> {
    let key = files::verifying_key(vk)?;
    let package = Package::new(&key).map_err(|e| CliError::file(vk, e))?;
    let paths: Vec<(PathBuf, &str)> = package
        .files()
        .map(|(path, text)| (out.join(path), text))
        .collect();
    // All or nothing, as far as can be seen beforehand.
    let in_the_way = paths.iter().find(|(path, _)| !force && path.exists());
    if let Some((path, _)) = in_the_way {
        return Err(CliError::InTheWay { path: path.clone() });
    }
    let access = if force {
        Access::Public
    } else {
        Access::PublicNew
    };
    for (path, text) in &paths {
        if let Some(folder) = path.parent() {
            files::folder(folder)?;
        }
        files::write(path, text.as_bytes(), access)?;
    }

    let description = key.description();
    let words: u32 = description.instance_lens.iter().sum();
    let mut text = String::new();
    for (path, _) in &paths {
        text += &format!("{}\n", path.display());
    }
    text += &format!(
        "key digest     0x{}\n\
         proof          {} bytes and {words} public words in a call\n\
         verifier code  at most {} bytes\n\
         deploy         {}",
        hex::encode(key.digest()),
        grouped(proof_len(&key)),
        grouped(package.code_bytes()),
        deployment(package.key_contracts()),
    );
    print(&text)?;
    warn_if_insecure(description.insecure_srs);
    Ok(())
}

/// What to deploy, in which order.
fn deployment(key_contracts: usize) -> String {
    let keys: Vec<String> = (0..key_contracts)
        .map(|i| format!("VerilensKey{i}"))
        .collect();
    match keys.len() {
        0 => "VerilensVerifier, which takes no arguments".into(),
        1 => "VerilensKey0, then VerilensVerifier with a list of its address".into(),
        _ => format!(
            "{}, then VerilensVerifier with a list of their addresses in this order",
            keys.join(", ")
        ),
    }
}

/// Prints the call that has a contract check a proof.
pub fn calldata(vk: &Path, proof: &Path, function: Function, out: Option<&Path>) -> Result<()> {
    let key = files::verifying_key(vk)?;
    let path = proof;
    let proof = files::proof(path)?;
    let instance = check(&key, &proof)?;
    if function == Function::Upgrade && instance.nullifier().is_none() {
        return Err(CliError::Refused(
            "--function upgrade: the registry takes proofs about signed captures only".into(),
        ));
    }
    let bytes = encode_proof(&key, &proof).map_err(|e| CliError::file(path, e))?;
    let arguments = [Value::Bytes(bytes), Value::Words(proof.words)];
    let data = hex::encode(call(function.signature(), &arguments));
    warn_if_insecure(key.description().insecure_srs);
    match out {
        None => print(&format!("0x{data}")),
        Some(out) => {
            files::write(out, format!("0x{data}\n").as_bytes(), Access::Public)?;
            print(&format!(
                "{}\ncall       {} bytes, {}",
                out.display(),
                grouped(data.len() / 2),
                function.signature(),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::deployment;

    #[test]
    fn the_order_of_deployment() {
        assert!(!deployment(0).contains("VerilensKey"));
        assert!(deployment(1).starts_with("VerilensKey0, then VerilensVerifier"));
        assert!(deployment(3).starts_with("VerilensKey0, VerilensKey1, VerilensKey2, then"));
    }
}
