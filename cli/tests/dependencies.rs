//! Checks all dependencies against the licences, sources and versions that `deny.toml` allows, with cargo alone,
//! because cargo-deny is not installed everywhere.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::BTreeSet;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;
use support::{project, ran};

/// The part of `deny.toml` that this test uses.
#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: BTreeSet<String>,
}

/// A dependency that is compiled on some platform or with some feature.
struct Dependency {
    /// The name and version, and in brackets any source other than crates.io.
    package: String,
    license: String,
}

fn deny() -> Deny {
    toml::from_str(&std::fs::read_to_string(project().join("deny.toml")).unwrap()).unwrap()
}

const MANIFESTS: [&str; 7] = [
    "Cargo.toml",
    "ees/Cargo.toml",
    "beacon/fuzz/Cargo.toml",
    "ees/bitcoin-script/fuzz/Cargo.toml",
    "host/fuzz/Cargo.toml",
    "native/evm-tests/fuzz/Cargo.toml",
    "witness/fuzz/Cargo.toml",
];

fn cargo(arguments: &[&str], manifest: &str) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).arg("--manifest-path").arg(project().join(manifest));
    let ran = ran(cargo.output());
    assert_eq!(ran.code, Some(0), "{manifest}: {}", ran.err);
    ran.out
}

/// Lists dependencies with `cargo tree`, because `cargo metadata` also lists those that no feature enables.
fn dependencies(manifest: &str) -> Vec<Dependency> {
    let tree = ["tree", "--workspace", "--all-features", "--locked", "--target", "all", "--prefix", "none"];
    let lines = cargo(&[&tree[..], &["--format", "{p}\t{l}"]].concat(), manifest);
    let lines = lines.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('\t'));
    lines
        .map(|(package, license)| Dependency {
            package: package.replace(" (proc-macro)", ""),
            license: license.to_owned(),
        })
        .collect()
}

/// Returns whether the licences that `allows` accepts satisfy an SPDX expression. `AND` binds closer than `OR`, and `/`
/// is an old `OR`.
fn is_allowed(expression: &str, allows: &impl Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &tokens[..];
    let answer = any(&mut rest, allows);
    assert!(rest.is_empty(), "{expression}: {rest:?} is left");
    answer
}

fn any(rest: &mut &[&str], allows: &impl Fn(&str) -> bool) -> bool {
    let mut answer = all(rest, allows);
    while let [first, others @ ..] = rest
        && *first == "OR"
    {
        *rest = others;
        answer |= all(rest, allows);
    }
    answer
}

fn all(rest: &mut &[&str], allows: &impl Fn(&str) -> bool) -> bool {
    let mut answer = one(rest, allows);
    while let [first, others @ ..] = rest
        && *first == "AND"
    {
        *rest = others;
        answer &= one(rest, allows);
    }
    answer
}

fn one(rest: &mut &[&str], allows: &impl Fn(&str) -> bool) -> bool {
    let (answer, others) = match rest {
        ["(", others @ ..] => {
            let mut inner = others;
            let answer = any(&mut inner, allows);
            assert_eq!(inner.first(), Some(&")"));
            (answer, &inner[1..])
        }
        [license, "WITH", exception, others @ ..] => (allows(&format!("{license} WITH {exception}")), others),
        [license, others @ ..] => (allows(license), others),
        [] => panic!("the expression ends too early"),
    };
    *rest = others;
    answer
}

#[test]
fn expressions_are_satisfied_by_allowed_licences() {
    let allows = |license: &str| ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].contains(&license);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("MIT OR GPL-3.0", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0 AND MIT OR ISC", true),
        ("ISC OR GPL-3.0 AND GPL-2.0", true),
        ("(MIT OR GPL-3.0) AND ISC", true),
        ("(MIT OR ISC) AND GPL-3.0", false),
        ("Apache-2.0", false),
        ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", true),
    ] {
        assert_eq!(is_allowed(expression, &allows), expected, "{expression}");
    }
}

#[test]
fn licences_and_sources_are_allowed() {
    let Licenses { allow, exceptions } = deny().licenses;
    let here = format!("({}", project().canonicalize().unwrap().display());
    let mut refused = BTreeSet::new();
    let mut n_registry = 0;
    for Dependency { package, license } in MANIFESTS.into_iter().flat_map(dependencies) {
        let (name, rest) = package.split_once(' ').unwrap();
        match rest.split_once(' ') {
            // Crates of this repository.
            Some((_, source)) if source.starts_with(&here) => {}
            Some((_, source)) => {
                refused.insert(format!("{package} comes from {source}"));
            }
            None => {
                n_registry += 1;
                let allows = |license: &str| {
                    let mut exceptions = exceptions.iter().filter(|exception| exception.name == name);
                    allow.contains(license) || exceptions.any(|exception| exception.allow.contains(license))
                };
                if license.is_empty() || !is_allowed(&license, &allows) {
                    refused.insert(format!("{package} has the licence `{license}`"));
                }
            }
        }
    }
    assert!(n_registry > 500, "{n_registry}");
    assert_eq!(refused, BTreeSet::new());
}

#[test]
fn no_dependency_accepts_any_version() {
    for manifest in MANIFESTS {
        let metadata = cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"], manifest);
        let metadata: Value = serde_json::from_str(&metadata).unwrap();
        for package in metadata["packages"].as_array().unwrap() {
            for dependency in package["dependencies"].as_array().unwrap() {
                let is_any = dependency["req"] == "*" && dependency["path"].is_null();
                assert!(!is_any, "{}: any version of {}", package["name"], dependency["name"]);
            }
        }
    }
}
