//! Stands between cargo and the compiler while EEs are built.
//!
//! Cargo gives each crate a number, which becomes part of the names of its functions and decides their order. For a package
//! outside of the workspace, such as what the SDK depends on, the number depends on where the package lies; and so do those of all
//! crates that use it. Here each crate gets a number that depends on the crate alone, so that the same sources make the same
//! blob anywhere.
//!
//! And for each crate the compiler warns of [`FEATURES`] that it calls unstable, which nobody who writes an EE has asked for. Here these
//! warnings end, and no others.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use serde::Deserialize;

use super::manifest::sha256;
use super::target::FEATURES;

/// The variable that makes this program the compiler's wrapper.
const VARIABLE: &str = "OUTRIDER_WRAPS_RUSTC";

/// Makes cargo run the compiler through this program.
pub(super) fn wrap(cargo: &mut Command) -> io::Result<()> {
    cargo.env("RUSTC_WRAPPER", std::env::current_exe()?).env(VARIABLE, "1");
    Ok(())
}

/// Runs the compiler if this is its wrapper, and tells how that went.
pub(crate) fn run_wrapped() -> Option<ExitCode> {
    std::env::var_os(VARIABLE)?;
    let mut arguments = std::env::args_os().skip(1);
    let compiler = arguments.next()?;
    let arguments = renumber(arguments.collect(), |name| std::env::var_os(name).unwrap_or_default());
    let mut command = Command::new(compiler);
    // Build scripts and the like, which the compiler does not run, are none of this.
    command.args(arguments).env_remove(VARIABLE);
    let code = run(command).ok().and_then(|status| status.code()).and_then(|code| u8::try_from(code).ok());
    Some(ExitCode::from(code.unwrap_or(101)))
}

/// Runs the compiler, and passes on what it says but for what is known of [`FEATURES`].
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

/// Tells whether a line is the compiler's warning, as cargo has it written, that one of [`FEATURES`] is unstable.
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

/// Gives the crate that is being compiled another number, if one is.
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

/// What the number follows, as cargo writes it.
const METADATA: &str = "metadata=";
/// As many hex digits as cargo gives a number.
const NUMBER_DIGITS: usize = 16;

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::{is_known_warning, renumber};

    #[test]
    fn warnings_are_passed_on_but_for_those_of_features_that_are_known() {
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
    fn the_number_of_a_crate_depends_on_the_crate_alone() {
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
    fn all_else_stays() {
        assert_eq!(number("-vV", "1.0.0"), "-vV");
        let line = "--crate-name demo -C metadata=0123456789abcdef -C extra-filename=-0123456789abcdef";
        let (before, after) = line.split_at(line.find("0123").expect("it is there"));
        let renumbered = number(line, "1.0.0");
        assert!(renumbered.starts_with(before) && renumbered.ends_with(&after[16..]), "{renumbered}");
    }
}
