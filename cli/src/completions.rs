//! `outrider completions`: what shells need to know to complete the command's arguments.

use std::io::Write as _;

use clap_complete::Shell;

use crate::{Verdict, output};

/// Print a script that lets a shell complete `outrider` and its arguments.
///
/// Bash reads it from ~/.local/share/bash-completion/completions/outrider, fish from ~/.config/fish/completions/outrider.fish, and
/// zsh from a file `_outrider` in a directory of its $fpath.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The shell.
    shell: Shell,
}

pub(crate) fn completions(arguments: &Arguments, mut command: clap::Command) -> anyhow::Result<Verdict> {
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    output::stdout().write_all(&script)?;
    Ok(Verdict::Holds)
}
