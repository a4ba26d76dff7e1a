//! Where cases come from: folders and archives.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;

use super::{Case, Files};

/// Why cases cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A file or an archive cannot be read.
    #[error("{path}: cannot be read")]
    Io {
        /// The file or archive.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file in an archive is too long.
    #[error("{path}: a file has more than {limit} bytes")]
    TooLong {
        /// The archive or file.
        path: PathBuf,
        /// How long it may be.
        limit: u64,
    },
}

/// The length of a file, at most: a mainnet state of all the validators there are has less.
const FILE_BYTES_MAX: u64 = 1 << 28;

/// Reads the cases in a folder or in a `.tar.gz`. Files that belong to no case are passed over.
///
/// # Errors
///
/// [`ReadError`].
pub fn read(path: &Path) -> Result<BTreeMap<Case, Files>, ReadError> {
    let mut cases = BTreeMap::new();
    if path.is_dir() {
        read_folder(path, &mut cases)?;
    } else {
        read_archive(path, &mut cases)?;
    }
    Ok(cases)
}

fn read_folder(path: &Path, cases: &mut BTreeMap<Case, Files>) -> Result<(), ReadError> {
    for entry in walkdir::WalkDir::new(path).sort_by_file_name() {
        let entry = entry.map_err(|error| ReadError::Io { path: path.to_owned(), source: error.into() })?;
        let file = entry.path();
        if entry.file_type().is_file() && file.extension().is_some_and(|extension| extension == "gz") {
            read_archive(file, cases)?;
        } else if entry.file_type().is_file() && place(file).is_some() {
            let bytes = fs::read(file).map_err(|source| ReadError::Io { path: file.to_owned(), source })?;
            add(cases, file, bytes);
        }
    }
    Ok(())
}

fn read_archive(path: &Path, cases: &mut BTreeMap<Case, Files>) -> Result<(), ReadError> {
    let failed = |source| ReadError::Io { path: path.to_owned(), source };
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path).map_err(failed)?));
    for entry in archive.entries().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path().map_err(failed)?.into_owned();
        let mut bytes = Vec::new();
        entry.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(ReadError::TooLong { path: path.to_owned(), limit: FILE_BYTES_MAX });
        }
        add(cases, &name, bytes);
    }
    Ok(())
}

fn add(cases: &mut BTreeMap<Case, Files>, path: &Path, bytes: Vec<u8>) {
    if let Some((case, file)) = place(path) {
        cases.entry(case).or_default().0.insert(file, bytes);
    }
}

/// Tells from its path to which case a file belongs, and as what.
fn place(path: &Path) -> Option<(Case, String)> {
    let components: Vec<&str> = path.iter().filter_map(|component| component.to_str()).collect();
    let own = |name: &&str| (*name).to_owned();
    if let [.., protocol, handler, file] = components.as_slice()
        && let Some(version) = protocol.strip_prefix("protocol_blssig_pop_on_bls12381_g2_test_vectors_")
        && let Some(name) = file.strip_suffix(".json")
    {
        let case = Case {
            config: "general".to_owned(),
            phase: version.to_owned(),
            runner: "bls".to_owned(),
            handler: own(handler),
            suite: "json".to_owned(),
            case: name.to_owned(),
        };
        return Some((case, "data.yaml".to_owned()));
    }
    let [.., "tests", config, phase, runner, handler, suite, case, file] = components.as_slice() else {
        return None;
    };
    let case = Case {
        config: own(config),
        phase: own(phase),
        runner: own(runner),
        handler: own(handler),
        suite: own(suite),
        case: own(case),
    };
    Some((case, own(file)))
}
