//! `outrider completions` and `outrider man` cover all commands.

mod support;

use support::Scratch;

/// Returns all commands as `help` lists them; a hyphen joins a command and its subcommand.
fn commands() -> Vec<String> {
    let mut commands = Vec::new();
    let mut unseen = listed(&[]);
    while let Some(command) = unseen.pop() {
        let words: Vec<_> = command.split(' ').collect();
        unseen.extend(listed(&words).into_iter().map(|below| format!("{command} {below}")));
        commands.push(words.join("-"));
    }
    for known in ["run", "evm", "evm-block", "state-init", "witness-build", "completions", "man"] {
        assert!(commands.iter().any(|command| command == known), "{known}: {commands:?}");
    }
    commands
}

/// Returns the subcommands of a command.
fn listed(command: &[&str]) -> Vec<String> {
    let ran = Scratch::new().outrider(&[command, &["-h"]].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let lines = ran.out.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.map(str::to_owned).collect()
}

#[test]
fn each_shell_completes_each_command_and_an_option() {
    let commands = commands();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = Scratch::new().outrider(&["completions", shell]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{shell}");
        for command in &commands {
            let last = command.rsplit('-').next().expect("it has a word");
            assert!(ran.out.contains(last), "{shell} does not know {command}");
        }
        assert!(ran.out.contains("isolate-memory"), "{shell}");
    }
    let ran = Scratch::new().outrider(&["completions", "cmd.exe"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("bash, elvish, fish, powershell, zsh"), "{ran:?}");
}

/// Bash itself loads the script and completes with it.
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
        Err(error) => outrider_published::skip(format!("no bash: {error}")),
    }
}

#[test]
fn each_command_has_a_page() {
    let scratch = Scratch::new();
    let ran = scratch.outrider(&["man", "share/man1"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out, "wrote share/man1/outrider.1 and a page for each command\n");
    let mut expected: Vec<_> = commands().iter().map(|command| format!("outrider-{command}.1")).collect();
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
