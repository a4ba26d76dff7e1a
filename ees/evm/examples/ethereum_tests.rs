//! Runs published tests natively: `cargo run --release --example ethereum_tests -- ARCHIVE.tar.gz...`
//!
//! An archive has the tests' own JSON files. `--filter TEXT` runs the files whose path has the text.

#![allow(clippy::print_stdout, missing_docs, reason = "this is a tool for developers of the EE")]

#[path = "../tests/evm/published.rs"]
#[allow(dead_code, unreachable_pub, unused_qualifications)]
mod published;

use std::{error::Error, fs::File, io::Read};

use published::Report;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    let filter = match arguments.iter().position(|argument| argument == "--filter") {
        Some(at) => arguments.drain(at..).nth(1).unwrap_or_default(),
        None => String::new(),
    };
    let mut failed = 0;
    for archive in arguments {
        let mut report = Report::default();
        let unpacked = flate2::read::GzDecoder::new(File::open(&archive)?);
        for entry in tar::Archive::new(unpacked).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.display().to_string();
            if path.ends_with(".json") && path.contains(&filter) {
                let mut text = String::new();
                entry.read_to_string(&mut text)?;
                report.run(&path, &serde_json::from_str(&text)?);
            }
        }
        for failure in &report.failed {
            println!("FAILED {failure}");
        }
        for (reason, n) in count(&report.skipped) {
            println!("{n} not run: {reason}");
        }
        let Report { passed, skipped, failed: failures } = report;
        println!("{archive}: {passed} passed, {} failed, {} not run", failures.len(), skipped.len());
        failed += failures.len();
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} failed").into()) }
}

/// How often each reason comes; a reason is what follows the last colon.
fn count(skipped: &[String]) -> std::collections::BTreeMap<&str, usize> {
    let mut counts = std::collections::BTreeMap::new();
    for skipped in skipped {
        *counts.entry(skipped.rsplit(": ").next().unwrap_or_default()).or_default() += 1;
    }
    counts
}
