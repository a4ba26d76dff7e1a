//! The commands of README.md have the output that it shows.

#![cfg(unix)]

mod support;

use std::path::Path;
use std::process::Command;

use support::{Scratch, project, ran};

fn readme() -> String {
    std::fs::read_to_string(project().join("README.md")).expect("it is there")
}

/// Returns the output of a command that README.md shows.
#[track_caller]
fn output_of(command: &str) -> String {
    let readme = readme();
    let start = format!("```console\n$ {command}\n");
    let (_, output) = readme.split_once(&start).expect("README.md shows the command");
    output.split_once("```").expect("the block ends").0.to_owned()
}

#[test]
fn the_examples_have_the_output_in_the_readme() {
    let scratch = Scratch::new();
    let mut command = scratch.command(&["run", "examples/"]);
    let ran = ran(command.current_dir(project()).output());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out, output_of("cargo run --release -- run examples/"));
}

#[test]
fn a_scenario_has_the_output_in_the_readme() {
    let scratch = Scratch::new();
    let mut command = scratch.command(&["sim", "examples/four-shards.yaml"]);
    let ran = ran(command.current_dir(project()).output());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out, output_of("outrider sim examples/four-shards.yaml"));
}

#[test]
fn the_scenarios_of_styles_have_the_table_in_their_page() {
    let page = std::fs::read_to_string(project().join("scenario/STYLES.md")).expect("it is there");
    let scratch = Scratch::new();
    let mut command = scratch.command(&["sim", "examples/styles"]);
    let ran = ran(command.current_dir(project()).output());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let (_, table) = ran.out.split_once("\n\n").expect("a table follows the scenarios");
    assert!(page.contains(table), "{table}");
}

#[test]
fn a_block_of_ethereum_has_the_output_in_the_readme() {
    let block = "ethereum-mainnet/blocks-with-trie-nodes/block46147.json";
    let block = outrider_published::file(block).expect("it is in the repository");
    let scratch = Scratch::new();
    scratch.write("block46147.json", block);
    let ran = scratch.outrider(&["evm", "block", "block46147.json"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(ran.out, output_of("outrider evm block block46147.json"));
}

/// Runs the commands in a directory that looks like the project without its build outputs.
#[test]
fn the_commands_in_the_readme_make_the_example_of_accounts() {
    let readme = readme();
    let (_, steps) =
        readme.split_once("```sh\nmkdir -p target/account").expect("README.md shows the commands");
    let steps = format!("mkdir -p target/account{}", steps.split_once("```").expect("the block ends").0);
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // The directory is always the same, so that cargo reuses what it has built.
    let tree = scratch.join("readme");
    std::fs::create_dir_all(&tree).expect("it can be made");
    let project = project().canonicalize().expect("it is there");
    for entry in std::fs::read_dir(&project).expect("it is there").flatten() {
        let link = tree.join(entry.file_name());
        if entry.file_name() != "target" {
            // A link of an earlier run may lead elsewhere.
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(entry.path(), link).expect("it can be made");
        }
    }
    let _ = std::fs::remove_dir_all(tree.join("target"));
    let cache = Scratch::new();
    let outrider = Path::new(env!("CARGO_BIN_EXE_outrider")).parent().expect("it is in a directory");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = [outrider.to_owned()].into_iter().chain(std::env::split_paths(&path));
    let mut shell = Command::new("sh");
    shell.args(["-ec", &steps]).current_dir(&tree).env("CARGO_TARGET_DIR", scratch.join("ees"));
    shell.env("PATH", std::env::join_paths(path).expect("they were joined"));
    let ran = ran(shell.env("OUTRIDER_CACHE_DIR", cache.path().join("cache")).output());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.ends_with("1 fixture, 1 block: 1 passed, 0 failed\n"), "{}", ran.out);
    let from_the_state_on = |path: &Path| {
        let fixture = std::fs::read_to_string(path).expect("it is there");
        fixture.split_once("shard_pre_state:").expect("there is a state").1.to_owned()
    };
    let made = from_the_state_on(&tree.join("target/account/block.yaml"));
    assert!(made == from_the_state_on(&project.join("examples/account.yaml")), "it is another block");
}
