//! `outrider completions` and `outrider man`: all commands are known to shells and have a manual page.

mod support;

use support::Scratch;

/// The commands, and those below them.
const COMMANDS: &[&str] = &[
    "run",
    "inspect",
    "beacon",
    "beacon-vectors",
    "bench",
    "new",
    "build",
    "cache",
    "cache-show",
    "cache-clear",
    "calibrate",
    "evm",
    "evm-test",
    "evm-block",
    "evm-chain",
    "state",
    "state-init",
    "state-adopt",
    "state-show",
    "witness",
    "witness-build",
    "witness-show",
    "witness-check",
    "completions",
    "man",
];

#[test]
fn each_shell_knows_each_command_and_an_option() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = Scratch::new().outrider(&["completions", shell]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{shell}");
        for command in COMMANDS {
            let last = command.rsplit('-').next().expect("it has a word");
            assert!(ran.out.contains(last), "{shell} does not know {command}");
        }
        assert!(ran.out.contains("isolate-memory"), "{shell}");
    }
    let ran = Scratch::new().outrider(&["completions", "cmd.exe"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("bash, elvish, fish, powershell, zsh"), "{ran:?}");
}

/// Bash itself takes the script, and completes with it.
#[cfg(unix)]
#[test]
fn bash_completes() {
    let scratch = Scratch::new();
    scratch.write("outrider.bash", scratch.outrider(&["completions", "bash"]).out);
    let script = "source outrider.bash; COMP_WORDS=(outrider witness b); COMP_CWORD=2; \
                  _outrider outrider b witness; echo \"${COMPREPLY[*]}\"";
    let bash = std::process::Command::new("bash").args(["-c", script]).current_dir(scratch.path()).output();
    match bash {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), "build\n", "{output:?}"),
        Err(error) => eprintln!("SKIPPED: no bash: {error}"),
    }
}

#[test]
fn each_command_has_a_page() {
    let scratch = Scratch::new();
    let ran = scratch.outrider(&["man", "share/man1"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out, "wrote share/man1/outrider.1 and a page for each command\n");
    let mut expected: Vec<_> = COMMANDS.iter().map(|command| format!("outrider-{command}.1")).collect();
    expected.push("outrider.1".to_owned());
    expected.sort();
    let pages = std::fs::read_dir(scratch.path().join("share/man1")).expect("it was made");
    let mut pages: Vec<_> =
        pages.flatten().map(|page| page.file_name().into_string().expect("it is text")).collect();
    pages.sort();
    assert_eq!(pages, expected);
    let page = scratch.read("share/man1/outrider-witness-build.1");
    assert!(page.contains(".TH outrider-witness-build 1") && page.contains("\\-\\-apply"), "{page}");
    scratch.write("file", "");
    let ran = scratch.outrider(&["man", "file/man1"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.starts_with("error: cannot write to file/man1: "), "{ran:?}");
}
