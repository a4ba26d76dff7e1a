//! `outrider man`: writes manual pages.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::Verdict;
use crate::output::{self, Plain};

/// Write a manual page for each command to a directory, such as ~/.local/share/man/man1.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Directory, which is created if it does not exist.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(crate) fn man(arguments: &Arguments, command: clap::Command) -> anyhow::Result<Verdict> {
    let directory = &arguments.directory;
    let name = command.get_name().to_owned();
    std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(command, directory))
        .with_context(|| format!("cannot write to {}", directory.display()))?;
    let page = directory.join(name).with_added_extension("1");
    writeln!(output::stdout(), "wrote {} and a page for each command", Plain(page.display()))?;
    Ok(Verdict::Holds)
}
