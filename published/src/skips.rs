//! Skipped tests, and the data that they lack.

use std::{env, fmt::Display, fs::OpenOptions, io::Write as _, path::PathBuf, thread};

/// Prints that the current test skips, and the data that it lacks; appends this to the file that `OUTRIDER_SKIPS`
/// names, if any.
///
/// # Panics
///
/// Panics if that file cannot be written.
pub fn skip(lack: impl Display) {
    // One line, even if the text has several.
    let lack = lack.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    let suite = suite();
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    eprintln!("SKIPPED: {suite}: {test}: {lack}");
    if let Some(path) = env::var_os("OUTRIDER_SKIPS").map(PathBuf::from) {
        let line = format!("{suite}\t{test}\t{lack}\n");
        let written = OpenOptions::new().create(true).append(true).open(&path);
        let written = written.and_then(|mut file| file.write_all(line.as_bytes()));
        written.unwrap_or_else(|error| panic!("{}, which OUTRIDER_SKIPS names: {error}", path.display()));
    }
}

/// Returns the package and the test file, in cargo's names.
fn suite() -> String {
    let package = env::var("CARGO_PKG_NAME").unwrap_or_else(|_| "tests".to_owned());
    let executable = env::current_exe().unwrap_or_default();
    let name = executable.file_stem().unwrap_or_default().to_string_lossy();
    // Cargo appends a hash.
    let name = name.rsplit_once('-').map_or(&*name, |(name, _)| name);
    format!("{package} {name}")
}
