//! `outrider new`: scaffolds an EE that builds, and passes its test and its fixture, as it comes.

mod sdk;

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use crate::{Verdict, output};
use sdk::Sdk;

/// Scaffold a new EE: a crate with the SDK, tests, and what a fixture is made of.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Name of the EE, and of the directory that is made for it.
    name: String,
    /// Make an EE with a state of many entries, of which a block brings what it needs, instead of one whose state is 32 bytes.
    #[arg(long)]
    stateful: bool,
    /// The SDK's directory, or the URL of a git repository that has it, with `#REVISION` behind it if it is not to be the last one. By
    /// default it is that of the repository around here, or that of this command.
    #[arg(long, value_name = "DIRECTORY|URL")]
    sdk: Option<String>,
}

pub(crate) fn new(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let name = &arguments.name;
    check_name(name)?;
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let here = here.context("cannot tell the working directory")?;
    let sdk = Sdk::find(arguments.sdk.as_deref(), &here, &here.join(name))?;
    let directory = Path::new(name);
    // Making the directory first also makes sure that nothing is overwritten.
    std::fs::create_dir(directory).with_context(|| format!("cannot make the directory `{name}`"))?;
    let (readme, templates) = if arguments.stateful { STATEFUL } else { STATELESS };
    let fill = |template: &str| {
        let text = template.replace("{{name}}", name).replace("{{sdk}}", &sdk.dependency());
        text.replace("{{sdk_note}}", &sdk.to_string())
    };
    for (file, template) in SHARED.iter().chain(templates).chain([&("README.md", readme)]) {
        let path = directory.join(file);
        let written = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, fill(template)));
        written.with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut out = output::stdout();
    writeln!(out, "made the EE `{name}`; next, as its README.md says:\n  cd {name}")?;
    for step in steps(&fill(readme)) {
        writeln!(out, "  {step}")?;
    }
    Ok(Verdict::Holds)
}

/// A README, and other files.
type Templates = (&'static str, &'static [(&'static str, &'static str)]);

/// An EE whose state is its root.
const STATELESS: Templates = (
    include_str!("../../templates/counter/README.md.in"),
    &[
        ("src/lib.rs", include_str!("../../templates/counter/lib.rs.in")),
        ("fixture.yaml", include_str!("../../templates/counter/fixture.yaml.in")),
    ],
);

/// An EE with a tree behind its root.
const STATEFUL: Templates = (
    include_str!("../../templates/ledger/README.md.in"),
    &[
        ("src/lib.rs", include_str!("../../templates/ledger/lib.rs.in")),
        ("genesis.yaml", include_str!("../../templates/ledger/genesis.yaml.in")),
        ("transfers.yaml", include_str!("../../templates/ledger/transfers.yaml.in")),
    ],
);

/// What every EE has.
const SHARED: &[(&str, &str)] =
    &[("Cargo.toml", include_str!("../../templates/Cargo.toml.in")), (".gitignore", "target/\nstate/\n")];

/// The commands that a README lists.
fn steps(readme: &str) -> impl Iterator<Item = &str> {
    readme.lines().skip_while(|line| *line != "```sh").skip(1).take_while(|line| *line != "```")
}

fn check_name(name: &str) -> anyhow::Result<()> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let goes_on_well = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    anyhow::ensure!(
        starts_well && goes_on_well,
        "`{name}` cannot be the name of an EE: use lower-case letters, digits and hyphens, a letter first"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cargo_and_the_shell_take() {
        for name in ["demo", "zk-rollup2"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "Demo", "2demo", "-demo", "de mo", "../demo", "démo", "a_b"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
