//! `outrider cache`: what there is of compiled code on disk, and a way to be rid of it.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use outrider_host::{CACHE_BYTES_MAX, CacheUsage, DiskCache, chain};
use serde_json::json;

use crate::Verdict;
use crate::output::{self, Plain, Summary};

/// Show or clear the cache of compiled code.
///
/// It is in $OUTRIDER_CACHE_DIR, else in $XDG_CACHE_HOME/outrider, else in ~/.cache/outrider. Exits with 2 if
/// others could write there.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Show where the cache is and how much there is in it.
    Show {
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Remove all compiled code; other files in the directory stay.
    Clear,
}

pub(crate) fn cache(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let directory = DiskCache::default_directory()
        .context("there is no home directory to keep a cache in: set OUTRIDER_CACHE_DIR")?;
    match (&arguments.action, DiskCache::open_existing(&directory)?) {
        (Action::Show { json }, cache) => show(&directory, cache.as_ref(), *json)?,
        (Action::Clear, cache) => clear(&directory, cache.as_ref())?,
    }
    Ok(Verdict::Holds)
}

/// Opens the cache for a command that compiles.
///
/// One that the user has asked for must be usable; without the one that is there by default it goes on, slower.
pub(crate) fn open() -> anyhow::Result<Option<DiskCache>> {
    let Some(directory) = DiskCache::default_directory() else { return Ok(None) };
    match DiskCache::open(&directory) {
        Ok(cache) => Ok(Some(cache)),
        Err(error) if std::env::var_os("OUTRIDER_CACHE_DIR").is_some() => Err(error.into()),
        Err(error) => {
            tracing::warn!("compiled code is not kept: {}", chain(&error));
            Ok(None)
        }
    }
}

/// Shows a cache; one that is not there has no files.
fn show(directory: &Path, cache: Option<&DiskCache>, json: bool) -> anyhow::Result<()> {
    let directory = cache.map_or(directory, DiskCache::directory);
    let CacheUsage { n_files, bytes } = cache.map(DiskCache::usage).transpose()?.unwrap_or_default();
    if json {
        let document = json!({
            "directory": directory.display().to_string(),
            "n_files": n_files,
            "bytes": bytes,
            "bytes_max": CACHE_BYTES_MAX,
        });
        output::json(document, &Summary::one(Verdict::Holds))?;
    } else {
        let mut out = output::stdout();
        writeln!(out, "directory  {}", Plain(directory.display()))?;
        writeln!(out, "files      {n_files}")?;
        writeln!(out, "size       {bytes} bytes of at most {CACHE_BYTES_MAX}")?;
    }
    Ok(())
}

fn clear(directory: &Path, cache: Option<&DiskCache>) -> anyhow::Result<()> {
    let directory = cache.map_or(directory, DiskCache::directory);
    let CacheUsage { n_files, bytes } = cache.map(DiskCache::clear).transpose()?.unwrap_or_default();
    let directory = Plain(directory.display());
    writeln!(output::stdout(), "removed {n_files} files, {bytes} bytes, from {directory}")?;
    Ok(())
}
