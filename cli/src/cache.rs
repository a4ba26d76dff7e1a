//! `outrider cache`: shows and clears the compiled code on disk.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use outrider_host::{CACHE_BYTES_MAX, CacheUsage, DiskCache, chain};
use serde_json::json;

use crate::Verdict;
use crate::output::{self, Plain, Summary};

/// Show or clear the cache of compiled code.
///
/// The cache is in $OUTRIDER_CACHE_DIR, or else in $XDG_CACHE_HOME/outrider, or else in ~/.cache/outrider.
///
/// The exit code is 2 if other users can write to the directory.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Show the directory and the size of the cache.
    Show {
        /// Print JSON instead of text.
        #[arg(long)]
        json: bool,
    },
    /// Remove all compiled code. Other files in the directory are kept.
    Clear,
}

pub(crate) fn cache(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let directory = DiskCache::default_directory()
        .context("there is no home directory for the cache: set OUTRIDER_CACHE_DIR")?;
    match (&arguments.action, DiskCache::open_existing(&directory)?) {
        (Action::Show { json }, cache) => show(&directory, cache.as_ref(), *json)?,
        (Action::Clear, cache) => clear(&directory, cache.as_ref())?,
    }
    Ok(Verdict::Holds)
}

/// Opens the cache for a command that compiles.
///
/// If the default cache cannot be used, this logs a warning and returns none.
///
/// # Errors
///
/// If the user has set OUTRIDER_CACHE_DIR and that cache cannot be used.
pub(crate) fn open() -> anyhow::Result<Option<DiskCache>> {
    let Some(directory) = DiskCache::default_directory() else { return Ok(None) };
    match DiskCache::open(&directory) {
        Ok(cache) => Ok(Some(cache)),
        Err(error) if std::env::var_os("OUTRIDER_CACHE_DIR").is_some() => Err(error.into()),
        Err(error) => {
            tracing::warn!("compiled code is not cached: {}", chain(&error));
            Ok(None)
        }
    }
}

/// Prints the directory and the size of a cache. If there is no cache yet, its size is zero.
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
