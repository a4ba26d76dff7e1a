//! `outrider new`: scaffolds an EE that builds, and passes its test and its fixture, as it comes.

use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;

use crate::{Verdict, output};

/// Scaffold a new EE: a crate with the SDK, a test and a fixture.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Name of the EE, and of the directory that is made for it.
    name: String,
    /// The SDK's directory; searched for in this and the parent directories, and where this command comes from.
    #[arg(long, value_name = "DIRECTORY")]
    sdk: Option<PathBuf>,
}

pub(crate) fn new(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let name = &arguments.name;
    check_name(name)?;
    let here = std::env::current_dir().context("cannot tell the working directory")?;
    let sdk = find_sdk(arguments.sdk.as_deref(), &here)?;
    let sdk = relative(&sdk, &here.join(name));
    let directory = Path::new(name);
    // Making the directory first also makes sure that nothing is overwritten.
    std::fs::create_dir(directory).with_context(|| format!("cannot make the directory `{name}`"))?;
    for (file, template) in TEMPLATES {
        let path = directory.join(file);
        let text = template.replace("{{name}}", name).replace("{{sdk}}", &sdk);
        let written =
            path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, text));
        written.with_context(|| format!("cannot write {}", path.display()))?;
    }
    writeln!(
        output::stdout(),
        "made the EE `{name}`; next:\n  cd {name}\n  cargo test\n  outrider build\n  outrider run fixture.yaml"
    )?;
    Ok(Verdict::Holds)
}

/// The files of a new EE.
const TEMPLATES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../templates/Cargo.toml.in")),
    ("src/lib.rs", include_str!("../templates/lib.rs.in")),
    ("fixture.yaml", include_str!("../templates/fixture.yaml.in")),
    (".gitignore", "target/\n"),
];

fn check_name(name: &str) -> anyhow::Result<()> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_lowercase());
    let goes_on_well = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    anyhow::ensure!(
        starts_well && goes_on_well,
        "`{name}` cannot be the name of an EE: use lower-case letters, digits and hyphens, a letter first"
    );
    Ok(())
}

fn find_sdk(given: Option<&Path>, here: &Path) -> anyhow::Result<PathBuf> {
    let found = match given {
        Some(directory) => Some(directory.to_owned()),
        None => {
            let above = here.ancestors().map(|directory| directory.join("ees/sdk"));
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ees/sdk");
            above.chain([source]).find(|directory| directory.join("Cargo.toml").exists())
        }
    };
    let sdk =
        found.context("cannot find the SDK: give its directory, `ees/sdk` of the sources, with --sdk")?;
    let manifest = sdk.join("Cargo.toml");
    anyhow::ensure!(manifest.exists(), "{}: no SDK there, as there is no Cargo.toml", sdk.display());
    sdk.canonicalize().with_context(|| sdk.display().to_string())
}

/// Expresses an absolute path relative to a directory, if they share more than the root.
fn relative(path: &Path, from: &Path) -> String {
    let shared = path.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let path_text = |path: PathBuf| path.to_string_lossy().replace('\\', "/");
    if shared <= 1 {
        return path_text(path.to_owned());
    }
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    path_text(up.chain(path.components().skip(shared)).collect())
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

    #[test]
    fn relative_paths_lead_from_one_place_to_the_other() {
        for (path, from, expected) in [
            ("/src/outrider/ees/sdk", "/src/outrider/demo", "../ees/sdk"),
            ("/src/outrider/ees/sdk", "/src/mine/demo", "../../outrider/ees/sdk"),
            ("/src/outrider/ees/sdk", "/tmp/demo", "/src/outrider/ees/sdk"),
        ] {
            assert_eq!(relative(Path::new(path), Path::new(from)), expected);
        }
    }
}
