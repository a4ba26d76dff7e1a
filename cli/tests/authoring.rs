//! `outrider new` and `outrider build`: from a name to an EE that passes its fixture.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Ran, Scratch, project, ran};

#[test]
fn each_blob_belongs_to_its_sources() {
    let ran = outrider_in(&project(), &["build", "--check"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("bazaar: ok\n") && ran.out.lines().all(|line| line.ends_with(": ok")),
        "{}",
        ran.out
    );
}

#[test]
fn a_new_ee_passes_its_own_tests() {
    for (name, options, expected) in [("demo", &[][..], "2 passed"), ("ledger", &["--stateful"], "5 passed")]
    {
        let scratch = scaffold(name, options);
        let mut cargo = Command::new("cargo");
        cargo.env("CARGO_TARGET_DIR", target()).current_dir(scratch.path().join(name)).arg("test");
        let ran = ran(cargo.output());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.out.contains(expected), "{}", ran.out);
        assert!(!ran.err.contains("warning"), "{}", ran.err);
    }
}

/// Returns a fixed target directory: dependencies take a minute to build, and are the same in each run.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo")
}

/// Follows the README of the EE, from a state and packages to a fixture that runs.
#[test]
fn a_new_stateful_ee_works_as_its_readme_describes() {
    let scratch = scaffold("accounts", &["--stateful"]);
    let readme = scratch.read("accounts/README.md");
    let (_, steps) = readme.split_once("```sh\n").expect("it has commands");
    let (steps, _) = steps.split_once("```").expect("they end");
    assert_eq!(steps.lines().count(), 6, "{steps}");
    let mut shell = Command::new("sh");
    shell.args(["-ec", steps]).current_dir(scratch.path().join("accounts"));
    shell.env("CARGO_TARGET_DIR", target()).env("OUTRIDER_CACHE_DIR", scratch.path().join("cache"));
    let outrider = Path::new(env!("CARGO_BIN_EXE_outrider")).parent().expect("it is in a directory");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = [outrider.to_owned()].into_iter().chain(std::env::split_paths(&path));
    shell.env("PATH", std::env::join_paths(path).expect("they were joined"));
    let ran = ran(shell.output());
    if ran.err.contains("no Rust toolchain here can build for wasm32-unknown-unknown") {
        return outrider_published::skip(ran.err);
    }
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("1 fixture, 1 block: 1 passed, 0 failed\n"), "{}", ran.out);
    // The leaf of the paying account has 1000 less 250; in the state before, it has 1000.
    let shown = scratch.outrider(&["witness", "show", "accounts/fixture.yaml"]);
    assert!(shown.out.contains(&format!("leaf {} = e803000000000000\n", "a1".repeat(32))), "{shown:?}");
    let fixture = scratch.read("accounts/fixture.yaml");
    assert!(
        fixture.contains(&format!("{}{}fa00000000000000\"", "a1".repeat(32), "d4".repeat(32))),
        "{fixture}"
    );
}

#[test]
fn a_new_ee_takes_the_sdk_from_the_given_place() {
    let sdk = project().join("ees/sdk").canonicalize().expect("it is there");
    let given = sdk.to_string_lossy();
    let check = |options: &[&str], expected: &str, note: &str| {
        let scratch = Scratch::new();
        let ran = scratch.outrider(&[&["new", "demo"], options].concat());
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
        let manifest = scratch.read("demo/Cargo.toml");
        assert!(manifest.contains(&format!("outrider-sdk = {{ {expected} }}\n")), "{manifest}");
        let readme = scratch.read("demo/README.md");
        assert!(readme.contains(note) && !readme.contains("{{"), "{readme}");
    };
    check(&["--sdk", &given], &format!("path = \"{given}\""), "exists only on this machine");
    let url = "https://example.org/outrider.git";
    check(&["--sdk", url], &format!("git = \"{url}\""), "at the revision in `Cargo.lock`");
    let at = format!("{url}#v1");
    check(&["--sdk", &at], &format!("git = \"{url}\", rev = \"v1\""), "at revision `v1`");
}

/// A repository around the EE has the SDK; its root may be anywhere.
#[test]
fn an_ee_in_the_repository_of_the_sdk_finds_it_by_a_relative_path() {
    let scratch = Scratch::new();
    scratch.write("tree/ees/sdk/Cargo.toml", "").write("tree/mine/x", "");
    let mut command = scratch.command(&["new", "demo"]);
    let ran = ran(command.current_dir(scratch.path().join("tree/mine")).output());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let manifest = scratch.read("tree/mine/demo/Cargo.toml");
    assert!(manifest.contains("outrider-sdk = { path = \"../../ees/sdk\" }\n"), "{manifest}");
    assert!(ran.out.ends_with("cd demo\n  cargo test                 # runs the EE natively\n  outrider build             # builds blobs/demo.wasm\n  outrider run fixture.yaml  # runs it as wasm\n"), "{}", ran.out);
}

/// Cargo finds the SDK and its dependencies in a git repository.
#[test]
fn the_sdk_can_come_from_a_git_repository() {
    let scratch = Scratch::new();
    let repository = scratch.path().join("outrider");
    for part in
        ["Cargo.toml", "abi", "beacon/proof", "disk", "ees/Cargo.toml", "ees/sdk", "witness", "crypto"]
    {
        copy(&project().join(part), &repository.join(part));
    }
    for arguments in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", "all"]] {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]).args(arguments);
        let ran = ran(git.current_dir(&repository).output());
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    let url = format!("file://{}", repository.display());
    assert_eq!(scratch.outrider(&["new", "demo", "--sdk", &url]).code, Some(0));
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--format-version", "1"]).env("CARGO_HOME", scratch.path().join("home"));
    if let Some(home) = cargo_home() {
        // This cargo shares the registry's files, but its git repositories are temporary.
        std::fs::create_dir(scratch.path().join("home")).expect("it can be made");
        #[cfg(unix)]
        std::os::unix::fs::symlink(home.join("registry"), scratch.path().join("home/registry"))
            .expect("it can be");
    }
    let ran = ran(cargo.current_dir(scratch.path().join("demo")).output());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for package in ["outrider-abi", "outrider-sdk", "outrider-witness"] {
        assert!(
            ran.out.contains(&format!("\"name\":\"{package}\",\"version\":\"0.1.0\"")),
            "{package}: {}",
            ran.out
        );
    }
    assert!(ran.out.contains(&format!("git+{url}#")), "{}", ran.out);
}

fn cargo_home() -> Option<PathBuf> {
    let home = std::env::home_dir().map(|home| home.join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or(home)
}

/// Copies a file or a directory, without build outputs.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().expect("it is in a directory")).expect("it can be made");
    if from.is_file() {
        std::fs::copy(from, to).expect("it can be copied");
        return;
    }
    for entry in std::fs::read_dir(from).expect("it is there").flatten() {
        if entry.file_name() != "target" {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    }
}

/// This test needs a toolchain for wasm.
#[test]
fn a_new_ee_builds_and_passes_its_fixture() {
    let scratch = scaffold("demo", &[]);
    let demo = scratch.path().join("demo");
    // The build passes on a warning about unused code, but not the one about wide arithmetic.
    scratch.write("demo/src/lib.rs", scratch.read("demo/src/lib.rs") + "fn unused() {}\n");
    let built = outrider_in(&demo, &["build"]);
    if built.err.contains("no Rust toolchain here can build for wasm32-unknown-unknown") {
        assert_eq!(built.code, Some(2), "{built:?}");
        return outrider_published::skip(built.err);
    }
    assert_eq!(built.code, Some(0), "{built:?}");
    assert!(built.err.contains("warning: function `unused` is never used"), "{}", built.err);
    assert!(built.err.contains("warning: `demo` (lib) generated 1 warning\n"), "{}", built.err);
    assert!(!built.err.contains("unstable"), "{}", built.err);
    let ran = outrider_in(&demo, &["run", "fixture.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.ends_with("1 fixture, 2 blocks: 1 passed, 0 failed\n"), "{}", ran.out);

    check(&demo, 0, "demo: ok\n");
    scratch.write("demo/src/lib.rs", scratch.read("demo/src/lib.rs") + "// changed\n");
    check(&demo, 1, "demo: the sources have changed since the blob was built; run `outrider build demo`\n");
    assert_eq!(outrider_in(&demo, &["build"]).code, Some(0));
    check(&demo, 0, "demo: ok\n");
    scratch.write("demo/blobs/demo.wasm", "something else");
    check(&demo, 1, "demo: the blob is not the one in the manifest; run `outrider build demo`\n");
    std::fs::remove_file(demo.join("blobs/demo.wasm")).expect("it is there");
    check(&demo, 1, "demo: the blob is missing; run `outrider build demo`\n");
    scratch.write("demo/blobs/manifest.toml", "");
    check(&demo, 1, "demo: not in the manifest; run `outrider build demo`\n");
}

/// The EE of the SDK's README, which its own test runs natively, as wasm. This test needs a toolchain for wasm.
#[test]
fn the_ee_of_the_readme_gets_and_sends_receipts_as_wasm() {
    let readme = std::fs::read_to_string(project().join("ees/sdk/README.md")).expect("it is there");
    let (_, section) = readme.split_once("\n## Receipts\n").expect("it is about receipts");
    let (_, code) = section.split_once("```rust\n").expect("it has code");
    let (code, _) = code.split_once("\nlet message = ").expect("a test follows the EE");
    let code = code.replace("use outrider_sdk::harness::Execution;\n", "").replace(" ReceivedReceipt,", "");
    let scratch = scaffold("echo", &[]);
    let echo = scratch.path().join("echo");
    scratch.write("echo/src/lib.rs", format!("#![cfg_attr(target_family = \"wasm\", no_std)]\n{code}"));
    let built = outrider_in(&echo, &["build"]);
    if built.err.contains("no Rust toolchain here can build for wasm32-unknown-unknown") {
        return outrider_published::skip(built.err);
    }
    assert_eq!(built.code, Some(0), "{built:?}");
    let root = "05".repeat(32);
    let message = "source_shard: 3, source_ee: 1, slot: 0, value: 1000";
    scratch.write(
        "echo/receipts.yaml",
        format!(
            "beacon_state: {{execution_scripts: [blobs/echo.wasm]}}\nshard_pre_state: {{exec_env_states: [\"{root}\"]}}\n\
             shard_post_state: {{exec_env_states: [\"{root}\"]}}\nshard_blocks:\n  - env: 0\n    data: \"\"\n    receipts:\n      \
             - {{{message}, sequence: 7, payload: \"{}\"}}\n      - {{{message}, sequence: 8, payload: \"{}\"}}\n      \
             - {{kind: expired, {message}, sequence: 9, payload: \"{}\"}}\n    sent_receipts:\n      \
             - {{destination_shard: 3, destination_ee: 1, value: 500, fee: 10, payload: \"{}\"}}\n    rejected_receipts: [1]\n",
            hex::encode("order 12"),
            hex::encode("?"),
            "00".repeat(96),
            hex::encode("orde"),
        ),
    );
    let ran = outrider_in(&echo, &["run", "receipts.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains(", 1 receipt sent, 1 receipt rejected, fuel "), "{ran:?}");
    let inspected = outrider_in(&echo, &["inspect", "blobs/echo.wasm"]);
    for name in ["pushReceipt", "receiptCount", "receiptCopy", "rejectReceipt"] {
        assert!(inspected.out.contains(name), "{name}: {inspected:?}");
    }
}

#[test]
fn a_new_ee_overwrites_nothing() {
    let scratch = scaffold("demo", &[]);
    let ran = scratch.outrider(&["new", "demo", "--sdk", &sdk()]);
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.err, "error: cannot make the directory `demo`: File exists (os error 17)\n");
}

#[test]
fn invalid_names_and_places_get_one_line() {
    let scratch = Scratch::new();
    for (arguments, expected) in [
        (
            &["new", "Demo"][..],
            "`Demo` cannot be the name of an EE: use lower-case letters, digits and hyphens, beginning with a letter",
        ),
        (
            &["new", "demo", "--sdk", "nowhere"],
            "nowhere: this is not the directory of the SDK, as it has no Cargo.toml",
        ),
    ] {
        let ran = scratch.outrider(arguments);
        assert_eq!((ran.code, ran.err), (Some(2), format!("error: {expected}\n")));
    }
    let ran = outrider_in(&project(), &["build", "--check", "nothing"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("/ees; its EEs are account, bazaar, crypto-check, "), "{}", ran.err);
    let ran = scratch.outrider(&["build"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("could not find `Cargo.toml`"), "{}", ran.err);
}

/// Creates an EE with the SDK of this repository.
fn scaffold(name: &str, options: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    let ran = scratch.outrider(&[&["new", name, "--sdk", &sdk()], options].concat());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    scratch
}

fn sdk() -> String {
    project().join("ees/sdk").canonicalize().expect("it is there").to_string_lossy().into_owned()
}

fn outrider_in(directory: &Path, arguments: &[&str]) -> Ran {
    ran(Command::new(env!("CARGO_BIN_EXE_outrider")).current_dir(directory).args(arguments).output())
}

#[track_caller]
fn check(demo: &Path, code: i32, out: &str) {
    let ran = outrider_in(demo, &["build", "--check"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(code), out), "{ran:?}");
}
