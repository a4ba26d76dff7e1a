//! `outrider build`: builds EEs to wasm, and maintains the manifest that records the sources of each blob.

mod manifest;
mod rustc;
mod target;
mod toolchain;
mod workspace;

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use outrider_host::{Limits, summarize};

use crate::output::{self, Plain};
use crate::{ERROR, SUCCESS, Verdict, files};
use manifest::{Entry, Manifest, sha256};
use toolchain::Toolchain;
use workspace::{Ee, Workspace};

pub(crate) use rustc::run_wrapped;

/// Build EEs to wasm, into the directory `blobs` of their workspace.
///
/// The workspace is the directory `ees` if it exists, or else the workspace of the working directory. Its EEs are the
/// packages with a `cdylib` library.
///
/// The exit code is 0 if all succeeds, 1 if a check fails or the host would refuse a blob, 2 if nothing can be built.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Names of EEs. By default, all EEs of the workspace.
    #[arg(value_name = "EE")]
    names: Vec<String>,
    /// Build nothing. Check that each blob exists and was built from the current sources.
    #[arg(long)]
    check: bool,
}

pub(crate) fn build(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let workspace = Workspace::find()?;
    let ees = workspace.ees(&arguments.names)?;
    if arguments.check { check(&workspace, &ees) } else { build_ees(&workspace, &ees) }
}

fn build_ees(workspace: &Workspace, ees: &[Ee<'_>]) -> anyhow::Result<Verdict> {
    let toolchain = Toolchain::find()?;
    toolchain.build(workspace, ees)?;
    let blobs = workspace.blobs();
    std::fs::create_dir_all(&blobs).with_context(|| format!("cannot make {}", blobs.display()))?;
    let mut manifest = Manifest::read(&blobs)?;
    let mut verdict = Verdict::Holds;
    for &ee in ees {
        let built = workspace.built(ee);
        let code = files::read(&built, files::MODULE_BYTES_MAX)
            .with_context(|| format!("cannot read {}", built.display()))?;
        verdict = worse(verdict, report_refusals(ee, &code)?);
        write_atomically(&workspace.blob(ee), &code)?;
        let entry = Entry {
            blob_sha256: sha256(&code),
            sources_sha256: workspace.hash_sources(ee)?,
            compiler: toolchain.version().to_owned(),
        };
        let changed = manifest.insert(ee.name(), entry);
        let change = if changed { "" } else { ", unchanged" };
        let blob = workspace.blob(ee);
        writeln!(output::stdout(), "{}: {} bytes{change}", Plain(blob.display()), code.len())?;
    }
    write_atomically(&Manifest::path(&blobs), manifest.to_text()?.as_bytes())?;
    Ok(verdict)
}

fn report_refusals(ee: Ee<'_>, code: &[u8]) -> anyhow::Result<Verdict> {
    // Libraries are part of a fixture, so an import that may come from a library is not reported.
    let summary = summarize(code, &Limits::default());
    let refusals = summary.refusals.iter().filter(|refusal| {
        !matches!(refusal, outrider_host::Refusal::UnknownImport { module, .. } if !outrider_host::Import::has_module(module))
    });
    let mut verdict = Verdict::Holds;
    for refusal in refusals {
        let refusal = Plain(refusal);
        writeln!(output::stderr(), "{ERROR}{}: the host refuses this EE:{ERROR:#} {refusal}", ee.name())?;
        verdict = Verdict::Fails;
    }
    Ok(verdict)
}

fn check(workspace: &Workspace, ees: &[Ee<'_>]) -> anyhow::Result<Verdict> {
    let manifest = Manifest::read(&workspace.blobs())?;
    let mut out = output::stdout();
    let mut verdict = Verdict::Holds;
    for &ee in ees {
        let sources_sha256 = workspace.hash_sources(ee)?;
        match manifest.check(ee.name(), &workspace.blob(ee), &sources_sha256)? {
            None => writeln!(out, "{}: {SUCCESS}ok{SUCCESS:#}", ee.name())?,
            Some(problem) => {
                writeln!(
                    out,
                    "{}: {ERROR}{problem}{ERROR:#}; run `outrider build {}`",
                    ee.name(),
                    ee.name()
                )?;
                verdict = Verdict::Fails;
            }
        }
    }
    Ok(verdict)
}

fn worse(a: Verdict, b: Verdict) -> Verdict {
    if a == Verdict::Holds { b } else { a }
}

/// Replaces a file, so that readers see either the old contents or the new.
fn write_atomically(path: &Path, contents: &[u8]) -> anyhow::Result<()> {
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
        file.write_all(contents)?;
        make_readable(&file)?;
        file.persist(path)?;
        std::io::Result::Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Makes a temporary file readable for other users, as such files are private at first.
#[cfg(unix)]
fn make_readable(file: &tempfile::NamedTempFile) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &tempfile::NamedTempFile) -> std::io::Result<()> {
    Ok(())
}
