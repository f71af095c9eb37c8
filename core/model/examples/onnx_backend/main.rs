//! Runs the node tests of the `onnx` package: `onnx_backend DIR [--filter TEXT] [--markdown FILE]`.
//!
//! Exits with 1 if an answer is wrong, an import panics, or its shapes are not tract's. A refusal is not a failure; the table says why.
#![allow(missing_docs)]

mod bind;
mod case;
mod executor;
mod report;
mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::executor::{Executor, Float};
use crate::report::Report;
use crate::run::Outcome;

struct Args {
    folder: PathBuf,
    filter: String,
    markdown: Option<PathBuf>,
}

fn args() -> Option<Args> {
    let mut rest = std::env::args().skip(1);
    let mut args = Args {
        folder: PathBuf::new(),
        filter: String::new(),
        markdown: None,
    };
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--filter" => args.filter = rest.next()?,
            "--markdown" => args.markdown = Some(rest.next()?.into()),
            _ => args.folder = arg.into(),
        }
    }
    (!args.folder.as_os_str().is_empty()).then_some(args)
}

fn main() -> ExitCode {
    let Some(args) = args() else {
        eprintln!("usage: onnx_backend DIR [--filter TEXT] [--markdown FILE]");
        return ExitCode::from(2);
    };
    let Ok(entries) = std::fs::read_dir(&args.folder) else {
        eprintln!("{}: not a folder", args.folder.display());
        return ExitCode::from(2);
    };
    let mut folders: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    folders.retain(|f| {
        let name = f.file_name().map(|n| n.to_string_lossy().into_owned());
        name.is_some_and(|n| n.starts_with("test_") && n.contains(&args.filter))
    });
    folders.sort();
    let executors: Vec<Box<dyn Executor>> = vec![Box::new(Float)];
    let mut report = Report::new(executors.iter().map(|e| e.name()).collect());
    // tract's panics are caught and count as what they are; their traces would hide the table.
    std::panic::set_hook(Box::new(|_| {}));
    for folder in &folders {
        match case::read(folder) {
            Ok(case) => report.add(&case.operator, &case.name, run::run(&case, &executors)),
            Err((operator, reason)) => {
                let outcome = Outcome::Refused(reason);
                report.add(&operator, "", vec![outcome; executors.len()]);
            }
        }
    }
    print!("{}", report.text());
    if let Some(file) = args.markdown {
        if let Err(e) = std::fs::write(&file, report.markdown()) {
            eprintln!("{}: {e}", file.display());
            return ExitCode::from(2);
        }
    }
    ExitCode::from(u8::from(report.failed()))
}
