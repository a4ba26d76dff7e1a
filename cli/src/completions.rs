//! `outrider completions`: prints scripts for completion in shells.

use std::io::Write as _;

use clap_complete::Shell;

use crate::{Verdict, output};

/// Print a completion script for a shell.
///
/// Bash reads it from ~/.local/share/bash-completion/completions/outrider, fish from ~/.config/fish/completions/outrider.fish, and
/// zsh from a file `_outrider` in a directory of its $fpath.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Shell that reads the script.
    shell: Shell,
}

pub(crate) fn completions(arguments: &Arguments, mut command: clap::Command) -> anyhow::Result<Verdict> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    output::stdout().write_all(&script)?;
    Ok(Verdict::Holds)
}
