//! Where a new EE finds the SDK.
//!
//! 1. Where `--sdk` says: in a directory, or in a git repository.
//! 2. In a repository around the working directory, by a relative path: both move together.
//! 3. Where this command was built: in the git repository that these sources were cloned from, at the same revision, if others can have
//!    that, too; else in the directory, which is there on this machine alone.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

/// Where the SDK is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sdk {
    /// In a directory that is named from that of the EE.
    Beside(String),
    /// In a directory with this absolute path.
    Here(String),
    Git {
        url: String,
        /// The last one of the default branch if there is none.
        revision: Option<String>,
    },
}

impl Sdk {
    /// Finds the SDK for an EE that is made in `ee`, from the working directory `here`.
    pub(super) fn find(given: Option<&str>, here: &Path, ee: &Path) -> anyhow::Result<Self> {
        match given {
            Some(url) if url.contains("://") => return Ok(Self::git(url)),
            Some(directory) => {
                let path = sdk_in(Path::new(directory))?;
                let is_relative = Path::new(directory).is_relative();
                return Ok(if is_relative { Self::beside(&path, ee) } else { Self::Here(text(&path)) });
            }
            None => {}
        }
        if let Some(path) = here.ancestors().find_map(|directory| sdk_in(&directory.join(SDK)).ok()) {
            return Ok(Self::beside(&path, ee));
        }
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let path = sdk_in(&sources.join(SDK)).ok().context(
            "cannot find the SDK: give its directory, `ees/sdk` of the sources, or the URL of their git repository with --sdk",
        )?;
        Ok(published(&sources).unwrap_or(Self::Here(text(&path))))
    }

    /// Takes `URL` or `URL#REVISION`.
    fn git(url: &str) -> Self {
        let (url, revision) =
            url.split_once('#').map_or((url, None), |(url, revision)| (url, Some(revision)));
        Self::Git { url: url.to_owned(), revision: revision.map(str::to_owned) }
    }

    fn beside(path: &Path, ee: &Path) -> Self {
        Self::Beside(relative(path, ee))
    }

    /// What a manifest says of the dependency.
    pub(super) fn dependency(&self) -> String {
        match self {
            Self::Beside(path) | Self::Here(path) => format!("{{ path = {} }}", quoted(path)),
            Self::Git { url, revision: None } => format!("{{ git = {} }}", quoted(url)),
            Self::Git { url, revision: Some(revision) } => {
                format!("{{ git = {}, rev = {} }}", quoted(url), quoted(revision))
            }
        }
    }
}

/// A sentence for who wants to share the EE.
impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beside(path) => {
                write!(f, "`Cargo.toml` takes the SDK from `{path}`; whoever is to build this EE needs both.")
            }
            Self::Here(path) => write!(
                f,
                "`Cargo.toml` takes the SDK from `{path}`, which is there on this machine alone. To share this EE, put \
                 `git = \"URL\", rev = \"REVISION\"` of a repository of Outrider in the place of the path, or make it by \
                 `outrider new --sdk URL#REVISION`."
            ),
            Self::Git { url, revision: Some(revision) } => {
                write!(f, "`Cargo.toml` takes the SDK from {url} at revision `{revision}`.")
            }
            Self::Git { url, revision: None } => write!(
                f,
                "`Cargo.toml` takes the SDK from {url}, at the revision that `Cargo.lock` notes; `cargo update` takes the last one."
            ),
        }
    }
}

/// Where the SDK lies in the sources.
const SDK: &str = "ees/sdk";

/// Returns the directory without links, if it is that of the SDK.
fn sdk_in(directory: &Path) -> anyhow::Result<PathBuf> {
    let manifest = directory.join("Cargo.toml");
    anyhow::ensure!(manifest.exists(), "{}: no SDK there, as there is no Cargo.toml", directory.display());
    directory.canonicalize().with_context(|| directory.display().to_string())
}

/// Tells from where others get these sources: they were cloned from the web, and are as they are there.
fn published(sources: &Path) -> Option<Sdk> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(sources).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let url = git(&["remote", "get-url", "origin"]).filter(|url| url.starts_with("https://"))?;
    let revision = git(&["rev-parse", "HEAD"])?;
    let is_there = !git(&["branch", "--remotes", "--contains", &revision])?.is_empty();
    let is_same = git(&["status", "--porcelain", "--", "abi", "ees", "crypto", "witness"])?.is_empty();
    (is_there && is_same).then_some(Sdk::Git { url, revision: Some(revision) })
}

/// The way from a directory to another; both are absolute, and without links.
fn relative(path: &Path, from: &Path) -> String {
    let shared = path.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    text(&up.chain(path.components().skip(shared)).collect::<PathBuf>())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// A string as TOML has it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_lead_from_one_place_to_the_other() {
        for (path, from, expected) in [
            ("/src/outrider/ees/sdk", "/src/outrider/demo", "../ees/sdk"),
            ("/src/outrider/ees/sdk", "/src/mine/demo", "../../outrider/ees/sdk"),
            ("/src/outrider/ees/sdk", "/tmp/demo", "../../src/outrider/ees/sdk"),
        ] {
            assert_eq!(relative(Path::new(path), Path::new(from)), expected);
        }
    }

    #[test]
    fn dependencies_are_written_as_cargo_reads_them() {
        for (sdk, expected) in [
            (Sdk::Beside("../ees/sdk".to_owned()), "{ path = \"../ees/sdk\" }"),
            (Sdk::Here("/a \"b\"/sdk".to_owned()), "{ path = '/a \"b\"/sdk' }"),
            (Sdk::git("https://example.org/o.git"), "{ git = \"https://example.org/o.git\" }"),
            (Sdk::git("ssh://a/o#12ab"), "{ git = \"ssh://a/o\", rev = \"12ab\" }"),
        ] {
            assert_eq!(sdk.dependency(), expected);
        }
    }

    /// Runs git in a directory, as nobody in particular.
    #[track_caller]
    fn git(directory: &Path, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]).args(arguments);
        let output = command.current_dir(directory).output().expect("git can be run");
        assert!(output.status.success(), "{output:?}");
    }

    #[test]
    fn sources_are_published_if_others_can_clone_them_as_they_are() {
        let scratch = tempfile::tempdir().expect("it can be made");
        let directory = scratch.path();
        git(directory, &["init", "--quiet"]);
        std::fs::create_dir(directory.join("ees")).expect("it can be made");
        std::fs::write(directory.join("ees/file"), "1").expect("it can be written");
        git(directory, &["add", "."]);
        git(directory, &["commit", "--quiet", "--message", "1"]);
        assert_eq!(published(directory), None, "there is no other repository");
        git(directory, &["remote", "add", "origin", "https://example.org/outrider"]);
        assert_eq!(published(directory), None, "nothing was pushed");
        git(directory, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
        let Some(Sdk::Git { url, revision: Some(revision) }) = published(directory) else {
            panic!("others can have it")
        };
        assert_eq!((url.as_str(), revision.len()), ("https://example.org/outrider", 40));
        std::fs::write(directory.join("ees/file"), "2").expect("it can be written");
        assert_eq!(published(directory), None, "the sources have changed");
        git(directory, &["checkout", "--quiet", "."]);
        assert!(published(directory).is_some());
        git(directory, &["remote", "set-url", "origin", "/somewhere/outrider"]);
        assert_eq!(published(directory), None, "a directory is not for others");
    }
}
