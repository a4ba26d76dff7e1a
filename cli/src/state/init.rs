//! `outrider state init`: makes a state beside its directory and then moves it there, so that the directory never has half a state.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use outrider_fixture::packages::Packages;
use outrider_host::{Context, Ee, StateRoot};
use outrider_shard::{Previous, Provider, Surroundings};
use outrider_witness::store::{DiskError, DiskStore, StateKind};
use tempfile::TempDir;

use super::{EeArguments, refused};
use crate::{Verdict, files, output};

pub(super) fn init(
    directory: &Path,
    ee: &EeArguments,
    kind: StateKind,
    packages: Option<&Path>,
    context: Context,
) -> anyhow::Result<Verdict> {
    check_free(directory)?;
    let packages = match packages {
        Some(path) => Some((path, files::read_packages(path)?)),
        None => None,
    };
    create(directory, ee.load()?, kind, |provider| {
        let Some((path, packages)) = packages else { return Ok(Made::State(provider.empty_root())) };
        let Packages { packages, receipts } = packages;
        let surroundings = Surroundings { receipts, ..context.into() };
        match provider.build(provider.empty_root(), &packages, surroundings) {
            Ok(block) => {
                let root = block.post_state_root();
                provider
                    .apply(&[block], Previous::Release)
                    .with_context(|| format!("{}: cannot make the state", directory.display()))?;
                Ok(Made::State(root))
            }
            Err(error) => refused(path, &error, false).map(Made::Nothing),
        }
    })
}

/// The outcome of making a state.
pub(crate) enum Made {
    /// The state with this root.
    State(StateRoot),
    /// No state, as was reported.
    Nothing(Verdict),
}

/// Makes a state in a new or empty directory by `make`, and prints its root.
pub(crate) fn create(
    directory: &Path,
    ee: Ee,
    kind: StateKind,
    make: impl FnOnce(&Provider<DiskStore>) -> anyhow::Result<Made>,
) -> anyhow::Result<Verdict> {
    check_free(directory)?;
    let beside = directory.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(beside).with_context(|| beside.display().to_string())?;
    remove_leftovers(beside);
    let scratch =
        Scratch::new(beside).with_context(|| format!("{}: cannot make a directory", beside.display()))?;
    let context = || format!("{}: cannot make the state", directory.display());
    let made = scratch.directory.path().join("state");
    let root = {
        let store = DiskStore::open_as(&made, kind).with_context(context)?;
        let provider = Provider::open(ee, Arc::new(store)).with_context(context)?;
        match make(&provider)? {
            Made::State(root) => root,
            Made::Nothing(verdict) => return Ok(verdict),
        }
    };
    if directory.exists() {
        fs::remove_dir(directory).with_context(|| directory.display().to_string())?;
    }
    fs::rename(&made, directory).with_context(|| directory.display().to_string())?;
    writeln!(output::stdout(), "{root}")?;
    Ok(Verdict::Holds)
}

fn check_free(directory: &Path) -> anyhow::Result<()> {
    let context = || directory.display().to_string();
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>().with_context(context)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(context),
    };
    match entries.iter().map(fs::DirEntry::file_name).min() {
        Some(entry) => Err(DiskError::NotEmpty { entry: entry.into() }).with_context(context),
        None => Ok(()),
    }
}

/// A temporary directory. It is removed in the end, unless the process is killed; the process locks a file in it as long as it runs.
struct Scratch {
    directory: TempDir,
    _lock: File,
}

/// The prefix of the names of temporary directories.
const SCRATCH_PREFIX: &str = ".outrider-state-";
/// The name of the locked file.
const LOCK_FILE: &str = "lock";

impl Scratch {
    fn new(beside: &Path) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix(SCRATCH_PREFIX).tempdir_in(beside)?;
        // The file gets its name only after it is locked, so that no other process finds it unlocked.
        let unnamed = directory.path().join("lock.new");
        let lock = File::create(&unnamed)?;
        lock.try_lock()?;
        fs::rename(unnamed, directory.path().join(LOCK_FILE))?;
        Ok(Self { directory, _lock: lock })
    }
}

/// Removes the temporary directories of processes that were killed while they made a state here.
fn remove_leftovers(beside: &Path) {
    for entry in fs::read_dir(beside).into_iter().flatten().flatten() {
        let is_scratch = entry.file_name().to_string_lossy().starts_with(SCRATCH_PREFIX)
            && entry.file_type().is_ok_and(|file_type| file_type.is_dir());
        if !is_scratch {
            continue;
        }
        let path = entry.path();
        let Ok(lock) = OpenOptions::new().read(true).write(true).open(path.join(LOCK_FILE)) else { continue };
        if lock.try_lock().is_err() {
            continue;
        }
        let name = path.display();
        match fs::remove_dir_all(&path) {
            Ok(()) => tracing::warn!("removed {name}, which an interrupted `state init` had left"),
            Err(error) => {
                tracing::warn!("{name}: cannot remove what an interrupted `state init` had left: {error}")
            }
        }
    }
}
