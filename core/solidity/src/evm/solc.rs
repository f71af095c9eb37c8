//! The Solidity compiler: npm's `solc`, run by Node.js, with compiler warnings as errors.
use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{json, Value};
use thiserror::Error;

/// Environment variable with the folder of the npm package `solc`.
pub const PACKAGE_VARIABLE: &str = "VERILENS_SOLC";

/// Where `npm ci --prefix tests/js` puts it.
const DEFAULT_PACKAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/js/node_modules/solc"
);

const SCRIPT: &str = include_str!("compile.cjs");

/// Why there is no compiled contract.
#[derive(Debug, Error)]
pub enum SolcError {
    /// The folder does not hold the npm package.
    #[error(
        "no npm package `solc` in {}: run `npm ci --prefix tests/js`, or set {PACKAGE_VARIABLE} to the folder of the package",
        .0.display()
    )]
    NoPackage(PathBuf),
    /// Node.js did not start.
    #[error("Node.js does not start (is `node` in the PATH?): {0}")]
    NoNode(#[source] std::io::Error),
    /// Node.js ended without an answer.
    #[error("solc did not answer: {0}")]
    NoAnswer(String),
    /// Errors or warnings about the sources, as the compiler words them.
    #[error("solc found fault with the sources:\n{0}")]
    Diagnostics(String),
    /// No contract has this name, or several files have one.
    #[error("there is not exactly one contract `{0}` in what was compiled")]
    NoContract(String),
}

/// How to weigh the size of the code against the gas of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Optimizer {
    /// How often each instruction is expected to run: small for small code, large for cheap calls.
    pub runs: u32,
}

impl Default for Optimizer {
    /// Solidity's own default.
    fn default() -> Self {
        Self { runs: 200 }
    }
}

/// A compiled contract, library or interface.
#[derive(Debug, Clone)]
pub struct Contract {
    /// File that it is in.
    pub file: String,
    /// Its ABI, as JSON.
    pub abi: Value,
    /// The code that deploys it; constructor arguments follow it. Empty for an interface.
    pub creation: Vec<u8>,
    /// Bytes that are deployed, as EIP-170 counts them.
    pub runtime_bytes: usize,
    /// Where its state variables lie, as the compiler's JSON says it.
    pub storage_layout: Value,
}

/// Everything that one run compiled.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    /// Contracts by name, and by file if several files have one of that name.
    pub contracts: Vec<(String, Contract)>,
    /// What the compiler says that is neither error nor warning.
    pub remarks: Vec<String>,
}

impl Compiled {
    /// The contract of a name.
    ///
    /// # Errors
    /// [`SolcError::NoContract`] unless there is exactly one.
    pub fn contract(&self, name: &str) -> Result<&Contract, SolcError> {
        let mut found = self.contracts.iter().filter(|(n, _)| n == name);
        match (found.next(), found.next()) {
            (Some((_, contract)), None) => Ok(contract),
            _ => Err(SolcError::NoContract(name.into())),
        }
    }
}

/// The compiler.
#[derive(Debug, Clone)]
pub struct Solc {
    package: PathBuf,
}

impl Solc {
    /// The package in the folder that [`PACKAGE_VARIABLE`] names, else the one that the workspace pins.
    ///
    /// # Errors
    /// [`SolcError::NoPackage`].
    pub fn locate() -> Result<Self, SolcError> {
        let folder =
            std::env::var_os(PACKAGE_VARIABLE).unwrap_or_else(|| OsString::from(DEFAULT_PACKAGE));
        Self::at(Path::new(&folder))
    }

    /// The package in a folder.
    ///
    /// # Errors
    /// [`SolcError::NoPackage`].
    pub fn at(folder: &Path) -> Result<Self, SolcError> {
        // Node.js takes a path without a leading `/` or `.` for the name of a package.
        let package = std::path::absolute(folder)
            .ok()
            .filter(|path| path.join("package.json").is_file());
        package
            .map(|package| Self { package })
            .ok_or_else(|| SolcError::NoPackage(folder.to_path_buf()))
    }

    /// Compiles sources by file name, for the Cancun EVM, without the IR pipeline.
    ///
    /// # Errors
    /// [`SolcError::Diagnostics`] for a compiler error and for a compiler *warning* too;
    /// [`SolcError::NoNode`], [`SolcError::NoAnswer`].
    pub fn compile<N: AsRef<str>, S: AsRef<str>>(
        &self,
        sources: impl IntoIterator<Item = (N, S)>,
        optimizer: Optimizer,
    ) -> Result<Compiled, SolcError> {
        let sources: BTreeMap<String, Value> = sources
            .into_iter()
            .map(|(name, text)| (name.as_ref().into(), json!({ "content": text.as_ref() })))
            .collect();
        let outputs = [
            "abi",
            "evm.bytecode.object",
            "evm.deployedBytecode.object",
            "storageLayout",
        ];
        let input = json!({
            "language": "Solidity",
            "sources": sources,
            "settings": {
                "optimizer": { "enabled": true, "runs": optimizer.runs },
                "evmVersion": "cancun",
                "viaIR": false,
                "outputSelection": { "*": { "*": outputs } },
            },
        });
        read_answer(&self.run(&input.to_string())?)
    }

    fn run(&self, input: &str) -> Result<Vec<u8>, SolcError> {
        let mut node = Command::new("node")
            .arg("--eval")
            .arg(SCRIPT)
            .arg(&self.package)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(SolcError::NoNode)?;
        // The script reads everything before it writes. If it dies first, its stderr says more than a broken pipe.
        let written = node
            .stdin
            .take()
            .map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes()));
        let output = node.wait_with_output().map_err(SolcError::NoNode)?;
        match written {
            Ok(()) if output.status.success() => Ok(output.stdout),
            _ => Err(SolcError::NoAnswer(
                String::from_utf8_lossy(&output.stderr).trim().into(),
            )),
        }
    }
}

fn read_answer(answer: &[u8]) -> Result<Compiled, SolcError> {
    let answer: Value =
        serde_json::from_slice(answer).map_err(|e| SolcError::NoAnswer(e.to_string()))?;
    let text = |d: &Value| {
        let text = d["formattedMessage"].as_str().or(d["message"].as_str());
        text.unwrap_or_default().trim().to_string()
    };
    let diagnostics = answer["errors"].as_array().into_iter().flatten();
    let (remarks, faults): (Vec<_>, Vec<_>) = diagnostics.partition(|d| d["severity"] == "info");
    if !faults.is_empty() {
        let faults: Vec<_> = faults.into_iter().map(text).collect();
        return Err(SolcError::Diagnostics(faults.join("\n\n")));
    }
    let mut compiled = Compiled {
        remarks: remarks.into_iter().map(text).collect(),
        ..Compiled::default()
    };
    for (file, contracts) in answer["contracts"].as_object().into_iter().flatten() {
        for (name, contract) in contracts.as_object().into_iter().flatten() {
            let code = |which: &str| {
                let object = contract["evm"][which]["object"].as_str();
                let code = object.map(hex::decode).and_then(Result::ok);
                code.ok_or_else(|| SolcError::NoAnswer(format!("{name} has no {which}")))
            };
            let contract = Contract {
                file: file.clone(),
                abi: contract["abi"].clone(),
                creation: code("bytecode")?,
                runtime_bytes: code("deployedBytecode")?.len(),
                storage_layout: contract["storageLayout"].clone(),
            };
            compiled.contracts.push((name.clone(), contract));
        }
    }
    Ok(compiled)
}
