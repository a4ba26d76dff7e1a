//! `outrider utxo test`: runs Bitcoin's own vectors.

mod report;

use std::path::{Path, PathBuf};

use outrider_utxo::vectors::{self, VectorError};

use crate::Verdict;
use crate::test_files::{self, TestFile};
use report::{FileReport, Report};

/// Run Bitcoin's vectors: Bitcoin Core's script_tests, tx_valid, tx_invalid, sighash and key_io, those of BIP 341, the corpus of taproot,
/// and the test cases of rustreexo.
///
/// The interpreter of the UTXO EE runs them natively, because the EE takes whole blocks, under the rules of their height. The rules of
/// relay (policy), which the EE does not have, are listed by name. JSON files without vectors, in a directory or an archive, are skipped
/// and counted.
///
/// The exit code is 0 if no vector fails, 1 if one fails, 2 if a file cannot be used.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// JSON files, archives (*.tar.gz), and directories to search for both. Lists need the names of Bitcoin Core's files, as nothing in
    /// them says what they are.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run only the files that have this text in their path.
    #[arg(long, value_name = "SUBSTRING")]
    filter: Option<String>,
    /// Print one JSON document instead of text.
    #[arg(long)]
    json: bool,
}

pub(super) fn test(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let found = test_files::find(&arguments.paths, may_have_vectors)?;
    let mut report = Report::default();
    test_files::in_batches(found, may_have_vectors, |batch| {
        for file in batch.iter().filter(|file| arguments.is_asked_for(&file.name)) {
            let file = arguments.run(file);
            if !arguments.json {
                file.print()?;
            }
            report.add(file);
        }
        Ok(())
    })?;
    let reason = if arguments.filter.is_some() {
        "no file with vectors matches the filter"
    } else {
        "the files contain no vectors"
    };
    anyhow::ensure!(!report.is_empty(), "{reason}");
    if arguments.json {
        report.print_json()?;
    } else {
        report.print()?;
    }
    Ok(report.verdict())
}

/// Returns whether a file may contain vectors: a JSON file, or one of the corpus of taproot, whose names are hashes.
fn may_have_vectors(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let is_hash = name.len() == 40 && name.chars().all(|char| char.is_ascii_hexdigit());
    is_hash || path.extension().is_some_and(|extension| extension == "json")
}

impl Arguments {
    fn run(&self, file: &TestFile) -> FileReport {
        let json = match &file.json {
            Ok(json) => json,
            Err(error) => return FileReport::unusable(&file.name, format!("{error:#}")),
        };
        match vectors::run(&file.name, json) {
            Ok((suite, cases)) => FileReport::new(&file.name, suite, cases),
            Err(VectorError::NoVectors) if !self.is_named(file) => FileReport::without_vectors(&file.name),
            Err(error) => FileReport::unusable(&file.name, format!("{:#}", anyhow::Error::from(error))),
        }
    }

    /// Returns whether a file is one of the arguments.
    fn is_named(&self, file: &TestFile) -> bool {
        self.paths.iter().any(|path| path.display().to_string() == file.name)
    }

    fn is_asked_for(&self, name: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| name.contains(filter))
    }
}
