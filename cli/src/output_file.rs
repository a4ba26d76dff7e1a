//! Checks that a command does not overwrite its own input.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::files;

/// Checks that the output is not one of the inputs, even under another name.
pub(crate) fn check_not_read<P: AsRef<Path>>(
    output: &Path,
    inputs: impl IntoIterator<Item = P>,
) -> anyhow::Result<()> {
    for input in inputs {
        let input = input.as_ref();
        anyhow::ensure!(
            files::is_stdin(input) || !is_same_file(output, input),
            "{}: writing this file would overwrite the input `{}`: name another file",
            output.display(),
            input.display()
        );
    }
    Ok(())
}

/// Checks that the output is not in the directory of a state, and not another name of a file there.
pub(crate) fn check_not_in(output: &Path, directory: &Path) -> anyhow::Result<()> {
    // A directory that does not exist contains no files, and the command cannot open it later.
    let Ok(directory) = directory.canonicalize() else { return Ok(()) };
    anyhow::ensure!(
        !resolve(output).is_some_and(|output| output.starts_with(&directory)),
        "{}: this file is in the directory of the state: name a file elsewhere",
        output.display()
    );
    check_not_read(output, directory.read_dir().into_iter().flatten().flatten().map(|entry| entry.path()))
}

/// Returns the path at which a file exists or would be created, with links resolved; none if its directory does not exist.
fn resolve(file: &Path) -> Option<PathBuf> {
    if let Ok(found) = file.canonicalize() {
        return Some(found);
    }
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(parent.canonicalize().ok()?.join(file.file_name()?))
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let (Ok(of_one), Ok(of_other)) = (one.metadata(), other.metadata()) else { return false };
    of_one.is_file() && of_other.is_file() && is_same(one, other, &of_one, &of_other)
}

#[cfg(unix)]
fn is_same(_: &Path, _: &Path, of_one: &Metadata, of_other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (of_one.dev(), of_one.ino()) == (of_other.dev(), of_other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &Path, other: &Path, _: &Metadata, _: &Metadata) -> bool {
    one.canonicalize().ok().zip(other.canonicalize().ok()).is_some_and(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_is_recognized_by_each_of_its_names() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::create_dir(path("state")).unwrap();
        for name in ["read", "other", "state/db"] {
            std::fs::write(path(name), name).unwrap();
        }
        std::fs::hard_link(path("read"), path("hard")).unwrap();
        std::fs::hard_link(path("state/db"), path("hard-db")).unwrap();
        std::os::unix::fs::symlink("read", path("soft")).unwrap();
        std::os::unix::fs::symlink("state", path("link")).unwrap();
        for (name, is_read, is_in_state) in [
            ("read", true, false),
            ("state/../read", true, false),
            ("hard", true, false),
            ("soft", true, false),
            ("other", false, false),
            ("new", false, false),
            ("nowhere/new", false, false),
            ("state/db", false, true),
            ("state/new", false, true),
            ("link/new", false, true),
            ("hard-db", false, true),
        ] {
            let output = path(name);
            assert_eq!(check_not_read(&output, [Path::new("-"), &path("read")]).is_err(), is_read, "{name}");
            assert_eq!(check_not_in(&output, &path("state")).is_err(), is_in_state, "{name}");
        }
    }
}
