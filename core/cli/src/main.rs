//! `verilens`: the command line.
//!
//! Standard output carries results only; progress, warnings and errors go to standard error. Exit status: 0
//! done, 1 invalid proof or refused input, 2 usage.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::panic))]

mod args;
mod bench;
mod calibrate;
mod command;
mod demo;
mod error;
mod files;
mod memory;
mod output;
mod progress;
mod registry;
mod tensors;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command, Demo, Holder, Issuer, Model, Srs};
use error::{CliError, Result};

fn main() -> ExitCode {
    // Exits with 2 on a usage error, with 0 after --help.
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ =
                std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {error}\n"));
            ExitCode::from(error.exit_status())
        }
    }
}

fn run(command: Command) -> Result<()> {
    verilens_prover::check_processor()?;
    match command {
        Command::Demo {
            demo: Demo::IrisUpgrade { json, keep, image },
        } => demo::run(json, keep, image),
        Command::Model {
            model: Model::Import(arguments),
        } => command::model::import(&arguments),
        Command::Model {
            model: Model::Show { model },
        } => command::model::show(&model),
        Command::Estimate { model, statement } => command::model::estimate(&model, statement),
        Command::Srs {
            srs: Srs::Generate { k, out, .. },
        } => command::srs::generate(k, &out),
        Command::Srs {
            srs: Srs::Import { file, k, out },
        } => command::srs::import(&file, k, &out),
        Command::Setup {
            model,
            srs,
            statement,
            out,
        } => command::prove::setup(&model, &srs, statement, &out),
        Command::Issuer {
            issuer: Issuer::New { out, force },
        } => command::people::issuer_new(&out, force),
        Command::Issuer {
            issuer: Issuer::Set { issuers, out },
        } => command::people::issuer_set(&issuers, &out),
        Command::Holder {
            holder: Holder::New { out, force },
        } => command::people::holder_new(&out, force),
        Command::Holder {
            holder: Holder::Id { holder },
        } => command::people::holder_id(&holder),
        Command::Attest(arguments) => command::people::attest(&arguments),
        Command::Commit(arguments) => command::people::commit(&arguments),
        Command::Prove(arguments) => command::prove::prove(&arguments),
        Command::Verify { vk, proof, json } => command::verify::verify(&vk, &proof, json),
        Command::Solidity { vk, out, force } => command::contract::solidity(&vk, &out, force),
        Command::Calldata {
            vk,
            proof,
            function,
            out,
        } => command::contract::calldata(&vk, &proof, function, out.as_deref()),
        Command::Bench {
            json,
            all,
            model,
            output,
            runs,
            lean,
        } => bench::run(&bench::Options {
            json,
            all,
            model,
            runs,
            lean,
            revealed: matches!(output, args::Output::Revealed),
        }),
        Command::BenchCase {
            name,
            runs,
            file,
            revealed,
            lean,
        } => bench::run_case(&name, runs, file, lean, revealed),
    }
}

/// The usage error for what has its place but is not built yet.
fn later(what: &str) -> CliError {
    CliError::Usage(format!("{what} in a later version"))
}
