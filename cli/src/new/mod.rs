//! `outrider new`: creates an EE that builds and passes its tests and its fixture without changes.

mod sdk;

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use crate::{Verdict, output};
use sdk::SdkLocation;

/// Create a new EE: a crate that uses the SDK, with tests and input for a fixture.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Name of the EE and of its directory.
    name: String,
    /// Create an EE with a state of any size, for which a block brings a witness. Without this option, the state is 32 bytes.
    #[arg(long)]
    stateful: bool,
    /// Directory of the SDK, or URL of a git repository with the SDK, optionally with `#REVISION`. The default is the SDK in the
    /// repository around the working directory, or else the SDK that belongs to this command.
    #[arg(long, value_name = "DIRECTORY|URL")]
    sdk: Option<String>,
}

pub(crate) fn new(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let name = &arguments.name;
    check_name(name)?;
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let here = here.context("cannot determine the working directory")?;
    let sdk = SdkLocation::find(arguments.sdk.as_deref(), &here, &here.join(name))?;
    let directory = Path::new(name);
    // Because the directory must not exist before, nothing is overwritten.
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
    writeln!(out, "created the EE `{name}`; next steps, from its README.md:\n  cd {name}")?;
    for step in steps(&fill(readme)) {
        writeln!(out, "  {step}")?;
    }
    Ok(Verdict::Holds)
}

/// The template of a README, and the names and templates of other files.
type Templates = (&'static str, &'static [(&'static str, &'static str)]);

/// An EE whose state is 32 bytes.
const STATELESS: Templates = (
    include_str!("../../templates/counter/README.md.in"),
    &[
        ("src/lib.rs", include_str!("../../templates/counter/lib.rs.in")),
        ("fixture.yaml", include_str!("../../templates/counter/fixture.yaml.in")),
    ],
);

/// An EE whose state is a tree, with the root of the tree as state root.
const STATEFUL: Templates = (
    include_str!("../../templates/ledger/README.md.in"),
    &[
        ("src/lib.rs", include_str!("../../templates/ledger/lib.rs.in")),
        ("genesis.yaml", include_str!("../../templates/ledger/genesis.yaml.in")),
        ("transfers.yaml", include_str!("../../templates/ledger/transfers.yaml.in")),
    ],
);

/// The files that all EEs have.
const SHARED: &[(&str, &str)] =
    &[("Cargo.toml", include_str!("../../templates/Cargo.toml.in")), (".gitignore", "target/\nstate/\n")];

/// Returns the commands that a README lists.
fn steps(readme: &str) -> impl Iterator<Item = &str> {
    readme.lines().skip_while(|line| *line != "```sh").skip(1).take_while(|line| *line != "```")
}

fn check_name(name: &str) -> anyhow::Result<()> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let goes_on_well = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    anyhow::ensure!(
        starts_well && goes_on_well,
        "`{name}` cannot be the name of an EE: use lower-case letters, digits and hyphens, beginning with a letter"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_for_cargo_and_in_shells() {
        for name in ["demo", "zk-rollup2"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "Demo", "2demo", "-demo", "de mo", "../demo", "démo", "a_b"] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
