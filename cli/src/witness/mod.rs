//! `outrider witness`: builds blocks with their witnesses, and shows and checks witnesses.

mod build;
mod check;
mod decode;
mod render;
mod show;

use crate::Verdict;

/// Build blocks with their witnesses, and show or check the witnesses of a fixture.
#[derive(clap::Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    Build(build::Arguments),
    Show(show::Arguments),
    Check(check::Arguments),
}

pub(crate) fn witness(arguments: &Arguments) -> anyhow::Result<Verdict> {
    match &arguments.action {
        Action::Build(arguments) => build::build(arguments),
        Action::Show(arguments) => show::show(arguments),
        Action::Check(arguments) => check::check(arguments),
    }
}
