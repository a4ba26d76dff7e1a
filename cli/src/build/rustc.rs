//! The wrapper of the compiler, which cargo runs while EEs are built.
//!
//! Cargo gives each crate a metadata number, which becomes part of the names of its functions and determines their order. For a package
//! outside of the workspace, such as a dependency of the SDK, the number depends on the path of the package, and so do the numbers of
//! all crates that use it. The wrapper replaces the number with one that depends only on the crate, so that the same sources make the same
//! blob anywhere.
//!
//! The compiler also warns, for each crate, that [`FEATURES`] are unstable. The wrapper drops these warnings, and no others, because
//! authors of EEs have not chosen the features.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use serde::Deserialize;

use super::manifest::sha256;
use super::target::FEATURES;

/// The environment variable that makes this program the wrapper of the compiler.
const VARIABLE: &str = "OUTRIDER_WRAPS_RUSTC";

/// Makes cargo run the compiler through this program.
pub(super) fn wrap(cargo: &mut Command) -> io::Result<()> {
    cargo.env("RUSTC_WRAPPER", std::env::current_exe()?).env(VARIABLE, "1");
    Ok(())
}

/// Runs the compiler if this process is its wrapper, and returns the exit code.
pub(crate) fn run_wrapped() -> Option<ExitCode> {
    std::env::var_os(VARIABLE)?;
    let mut arguments = std::env::args_os().skip(1);
    let compiler = arguments.next()?;
    let arguments = renumber(arguments.collect(), |name| std::env::var_os(name).unwrap_or_default());
    let mut command = Command::new(compiler);
    // Programs that the compiler starts must not become wrappers.
    command.args(arguments).env_remove(VARIABLE);
    let code = run(command).ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
    Some(ExitCode::from(code.unwrap_or(101)))
}

/// Runs the compiler, and passes its messages on, except for the warnings about [`FEATURES`].
fn run(mut command: Command) -> io::Result<ExitStatus> {
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    if let Some(stderr) = child.stderr.take() {
        let mut stderr = BufReader::new(stderr);
        let mut line = Vec::new();
        while stderr.read_until(b'\n', &mut line)? > 0 {
            if !is_known_warning(&line) {
                io::stderr().write_all(&line)?;
            }
            line.clear();
        }
    }
    child.wait()
}

/// Returns whether a line is the compiler's warning, in JSON, that one of [`FEATURES`] is unstable.
fn is_known_warning(line: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Diagnostic {
        level: String,
        message: String,
    }
    let Ok(Diagnostic { level, message }) = serde_json::from_slice(line) else { return false };
    let is_of_features = FEATURES.split(',').any(|feature| {
        let feature = feature.trim_start_matches('+');
        message.ends_with(&format!("unstable feature specified for `-Ctarget-feature`: `{feature}`"))
    });
    level == "warning" && is_of_features
}

/// Replaces the metadata number in the arguments, if there is one.
fn renumber(mut arguments: Vec<OsString>, variable: impl Fn(&str) -> OsString) -> Vec<OsString> {
    let follows = |flag: &'static str| {
        arguments.windows(2).filter(move |pair| pair[0] == flag).map(|pair| pair[1].as_os_str())
    };
    let mut identity = vec![variable("CARGO_PKG_NAME"), variable("CARGO_PKG_VERSION")];
    for flag in ["--crate-name", "--crate-type", "--cfg"] {
        let mut values: Vec<&OsStr> = follows(flag).collect();
        values.sort_unstable();
        identity.extend(values.into_iter().map(OsStr::to_owned));
    }
    let number = sha256(identity.join(OsStr::new("\n")).as_encoded_bytes());
    for argument in &mut arguments {
        if argument.to_string_lossy().starts_with(METADATA) {
            *argument = format!("{METADATA}{}", &number[..NUMBER_DIGITS]).into();
        }
    }
    arguments
}

/// The prefix of the argument with the number.
const METADATA: &str = "metadata=";
/// The number of hex digits that cargo uses for the number.
const NUMBER_DIGITS: usize = 16;

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{is_known_warning, renumber};

    #[test]
    fn warnings_about_unstable_features_are_dropped_and_others_are_passed_on() {
        let line = |level: &str, message: &str| {
            format!(
                "{{\"$message_type\":\"diagnostic\",\"message\":\"{message}\",\"code\":null,\"level\":\"{level}\"}}\n"
            )
        };
        let unstable = "unstable feature specified for `-Ctarget-feature`: `wide-arithmetic`";
        for (line, expected) in [
            (line("warning", unstable), true),
            (line("warning", &format!("unknown and {unstable}")), true),
            (line("error", unstable), false),
            (line("warning", "unstable feature specified for `-Ctarget-feature`: `atomics`"), false),
            (line("warning", "unused variable: `wide-arithmetic`"), false),
            (format!("warning: {unstable}\n"), false),
            ("{\"$message_type\":\"artifact\"}\n".to_owned(), false),
        ] {
            assert_eq!(is_known_warning(line.as_bytes()), expected, "{line}");
        }
    }

    fn number(line: &str, version: &str) -> String {
        let arguments = line.split(' ').map(OsString::from).collect();
        let arguments =
            renumber(
                arguments,
                |name| {
                    if name == "CARGO_PKG_VERSION" { version.into() } else { "demo".into() }
                },
            );
        arguments.join(" ".as_ref()).into_string().expect("it is text")
    }

    #[test]
    fn the_number_depends_only_on_the_crate() {
        let here =
            "--crate-name demo /here/lib.rs --cfg a --cfg b -C metadata=0123456789abcdef -C opt-level=3";
        let there =
            "--crate-name demo /there/lib.rs --cfg b --cfg a -C metadata=fedcba9876543210 -C opt-level=3";
        let metadata = |line: &str| line.split("metadata=").nth(1).map(|rest| rest[..16].to_owned());
        let expected = metadata(&number(here, "1.0.0"));
        assert_eq!(metadata(&number(there, "1.0.0")), expected);
        assert_ne!(metadata(&number(here, "1.0.1")), expected);
        assert_ne!(metadata(&number(&here.replace("--cfg b", "--cfg c"), "1.0.0")), expected);
    }

    #[test]
    fn other_arguments_are_not_changed() {
        assert_eq!(number("-vV", "1.0.0"), "-vV");
        let line = "--crate-name demo -C metadata=0123456789abcdef -C extra-filename=-0123456789abcdef";
        let (before, after) = line.split_at(line.find("0123").expect("it is there"));
        let renumbered = number(line, "1.0.0");
        assert!(renumbered.starts_with(before) && renumbered.ends_with(&after[16..]), "{renumbered}");
    }
}
