//! The behaviour of tests without their data, seen from outside: this program runs itself.

#![allow(clippy::unwrap_used, reason = "what is set up here cannot fail, or a test is to say so")]

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

/// Reads the file that `OUTRIDER_PROBE` names; the tests below run it with that.
#[test]
fn probe() {
    if let Ok(name) = env::var("OUTRIDER_PROBE") {
        let found = outrider_published::file(&name);
        println!("found {:?}", found.map(|bytes| String::from_utf8(bytes).unwrap()));
    }
}

/// Runs the probe with only these of our variables.
fn run(name: &str, variables: &[(&str, &Path)]) -> Output {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "probe", "--nocapture", "--test-threads", "2"]).env("OUTRIDER_PROBE", name);
    for variable in ["OUTRIDER_DATA", "OUTRIDER_DATA_REQUIRED", "OUTRIDER_SKIPS"] {
        command.env_remove(variable);
    }
    command.envs(variables.iter().copied()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_file_of_the_directory_is_found() {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join("suite")).unwrap();
    fs::write(data.path().join("suite/case"), "published").unwrap();
    let skips = data.path().join("skips");
    let output = run("suite/case", &[("OUTRIDER_DATA", data.path()), ("OUTRIDER_SKIPS", &skips)]);
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("found Some(\"published\")"), "{output:?}");
    assert!(!skips.exists());
}

#[test]
fn who_lacks_a_file_skips_and_is_recorded() {
    let data = tempfile::tempdir().unwrap();
    let skips = data.path().join("skips");
    for _ in 0..2 {
        let output = run("suite/absent", &[("OUTRIDER_DATA", data.path()), ("OUTRIDER_SKIPS", &skips)]);
        assert!(output.status.success(), "{output:?}");
        let lack = format!("no {}/suite/absent; OUTRIDER_DATA names the directory", data.path().display());
        let expected = format!("SKIPPED: outrider-published skips: probe: {lack}\n");
        assert!(text(&output.stderr).contains(&expected), "{output:?}");
        assert!(text(&output.stdout).contains("found None"), "{output:?}");
    }
    let line = fs::read_to_string(&skips).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(fs::read_to_string(&skips).unwrap(), format!("{line}\n{line}\n"));
    assert!(line.starts_with("outrider-published skips\tprobe\tno /"), "{line}");
}

#[test]
fn a_file_that_lacks_is_a_failure_where_data_are_required() {
    let data = tempfile::tempdir().unwrap();
    let skips = data.path().join("skips");
    let variables: [(&str, &Path); 3] = [
        ("OUTRIDER_DATA", data.path()),
        ("OUTRIDER_DATA_REQUIRED", Path::new("1")),
        ("OUTRIDER_SKIPS", &skips),
    ];
    let output = run("suite/absent", &variables);
    assert!(!output.status.success(), "{output:?}");
    let expected =
        "suite/absent; OUTRIDER_DATA names the directory, and OUTRIDER_DATA_REQUIRED asks for all of it";
    assert!(text(&output.stderr).contains(expected), "{output:?}");
    assert!(!skips.exists());
    // With 0 nothing is required, and the crate's own part is enough.
    let output = run("suite/absent", &[variables[0], ("OUTRIDER_DATA_REQUIRED", Path::new("0"))]);
    assert!(output.status.success(), "{output:?}");
    let output = run("scout/test.yaml", &variables);
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("found Some(\"beacon_state:"), "{output:?}");
}

#[test]
fn a_directory_that_is_not_there_is_a_failure() {
    let output = run("scout/test.yaml", &[("OUTRIDER_DATA", Path::new("/nowhere/at/all"))]);
    assert!(!output.status.success(), "{output:?}");
    assert!(
        text(&output.stderr).contains("OUTRIDER_DATA is /nowhere/at/all, which is not a directory"),
        "{output:?}"
    );
}

#[test]
fn the_project_is_that_of_this_crate() {
    let project = outrider_published::project();
    assert!(project.join("published/src/lib.rs").is_file(), "{}", project.display());
}

/// Checks that each file in this crate is that of the data set, where that exists.
#[test]
fn what_is_here_is_as_published() {
    let here = outrider_published::project().join("published/data");
    let mut directories = vec![here.clone()];
    let mut n_files = 0;
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            n_files += 1;
            let name = path.strip_prefix(&here).unwrap().to_str().unwrap();
            assert_eq!(outrider_published::file(name).unwrap(), fs::read(&path).unwrap(), "{name}");
        }
    }
    assert!(n_files > 0);
}
