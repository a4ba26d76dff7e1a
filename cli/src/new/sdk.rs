//! The location of the SDK for a new EE. In this order:
//!
//! 1. The directory or git repository that `--sdk` names.
//! 2. A repository around the working directory, by a relative path, so that both can be moved together.
//! 3. The sources that this command was built from: their git repository and revision, if these are public, or else their directory,
//!    which exists only on this machine.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

/// The location of the SDK.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SdkLocation {
    /// A directory, relative to that of the EE.
    Relative(String),
    /// A directory with an absolute path.
    Absolute(String),
    /// A git repository.
    Git {
        url: String,
        /// The revision, or none for the latest one of the default branch.
        revision: Option<String>,
    },
}

impl SdkLocation {
    /// Finds the SDK for an EE in the directory `ee`, with the working directory `here`.
    pub(super) fn find(given: Option<&str>, here: &Path, ee: &Path) -> anyhow::Result<Self> {
        match given {
            Some(url) if url.contains("://") => return Ok(Self::git(url)),
            Some(directory) => {
                let path = sdk_in(Path::new(directory))?;
                let is_relative = Path::new(directory).is_relative();
                return Ok(if is_relative { Self::relative(&path, ee) } else { Self::Absolute(text(&path)) });
            }
            None => {}
        }
        if let Some(path) = here.ancestors().find_map(|directory| sdk_in(&directory.join(SDK)).ok()) {
            return Ok(Self::relative(&path, ee));
        }
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let path = sdk_in(&sources.join(SDK)).ok().context(
            "cannot find the SDK: with --sdk, name its directory, `ees/sdk` of Outrider's sources, or the URL of their git repository",
        )?;
        Ok(published(&sources).unwrap_or(Self::Absolute(text(&path))))
    }

    /// Parses `URL` or `URL#REVISION`.
    fn git(url: &str) -> Self {
        let (url, revision) =
            url.split_once('#').map_or((url, None), |(url, revision)| (url, Some(revision)));
        Self::Git { url: url.to_owned(), revision: revision.map(str::to_owned) }
    }

    fn relative(path: &Path, ee: &Path) -> Self {
        Self::Relative(relative(path, ee))
    }

    /// Returns the dependency on the SDK for a manifest.
    pub(super) fn dependency(&self) -> String {
        match self {
            Self::Relative(path) | Self::Absolute(path) => format!("{{ path = {} }}", quoted(path)),
            Self::Git { url, revision: None } => format!("{{ git = {} }}", quoted(url)),
            Self::Git { url, revision: Some(revision) } => {
                format!("{{ git = {}, rev = {} }}", quoted(url), quoted(revision))
            }
        }
    }
}

/// A note for the README on how to share the EE.
impl fmt::Display for SdkLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relative(path) => {
                write!(
                    f,
                    "`Cargo.toml` takes the SDK from `{path}`. To build this EE elsewhere, copy both directories."
                )
            }
            Self::Absolute(path) => write!(
                f,
                "`Cargo.toml` takes the SDK from `{path}`, which exists only on this machine. To share this EE, replace the path with \
                 `git = \"URL\", rev = \"REVISION\"` of a repository of Outrider, or create the EE with \
                 `outrider new --sdk URL#REVISION`."
            ),
            Self::Git { url, revision: Some(revision) } => {
                write!(f, "`Cargo.toml` takes the SDK from {url} at revision `{revision}`.")
            }
            Self::Git { url, revision: None } => write!(
                f,
                "`Cargo.toml` takes the SDK from {url} at the revision in `Cargo.lock`. `cargo update` moves to the latest revision."
            ),
        }
    }
}

/// The directory of the SDK in the sources.
const SDK: &str = "ees/sdk";

/// Resolves links in the path of the SDK's directory.
///
/// # Errors
///
/// If the directory has no Cargo.toml.
fn sdk_in(directory: &Path) -> anyhow::Result<PathBuf> {
    let manifest = directory.join("Cargo.toml");
    anyhow::ensure!(
        manifest.exists(),
        "{}: this is not the directory of the SDK, as it has no Cargo.toml",
        directory.display()
    );
    directory.canonicalize().with_context(|| directory.display().to_string())
}

/// Returns the public git repository of these sources; none if they were not cloned from the web, are not pushed, or have changed.
fn published(sources: &Path) -> Option<SdkLocation> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(sources).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let url = git(&["remote", "get-url", "origin"]).filter(|url| url.starts_with("https://"))?;
    let revision = git(&["rev-parse", "HEAD"])?;
    let is_there = !git(&["branch", "--remotes", "--contains", &revision])?.is_empty();
    let is_same =
        git(&["status", "--porcelain", "--", "abi", "beacon/proof", "ees", "crypto", "witness"])?.is_empty();
    (is_there && is_same).then_some(SdkLocation::Git { url, revision: Some(revision) })
}

/// Returns the relative path from a directory to another. Both must be absolute and without links.
fn relative(path: &Path, from: &Path) -> String {
    let shared = path.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    text(&up.chain(path.components().skip(shared)).collect::<PathBuf>())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Quotes a string for TOML.
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
            (SdkLocation::Relative("../ees/sdk".to_owned()), "{ path = \"../ees/sdk\" }"),
            (SdkLocation::Absolute("/a \"b\"/sdk".to_owned()), "{ path = '/a \"b\"/sdk' }"),
            (SdkLocation::git("https://example.org/o.git"), "{ git = \"https://example.org/o.git\" }"),
            (SdkLocation::git("ssh://a/o#12ab"), "{ git = \"ssh://a/o\", rev = \"12ab\" }"),
        ] {
            assert_eq!(sdk.dependency(), expected);
        }
    }

    /// Runs git in a directory, with a made-up user.
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
        let Some(SdkLocation::Git { url, revision: Some(revision) }) = published(directory) else {
            panic!("the sources are public")
        };
        assert_eq!((url.as_str(), revision.len()), ("https://example.org/outrider", 40));
        std::fs::write(directory.join("ees/file"), "2").expect("it can be written");
        assert_eq!(published(directory), None, "the sources have changed");
        git(directory, &["checkout", "--quiet", "."]);
        assert!(published(directory).is_some());
        git(directory, &["remote", "set-url", "origin", "/somewhere/outrider"]);
        assert_eq!(published(directory), None, "a local directory is not public");
    }
}
