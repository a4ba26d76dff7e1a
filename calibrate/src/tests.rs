//! Tests of properties of all cases, without timing.

use std::collections::BTreeSet;

use outrider_host::chain;

use super::instructions::profile;
use super::measure::check;
use super::{Case, Group, cases};

/// Returns the operators in the bodies of a module's functions.
fn operators(case: &Case) -> BTreeSet<String> {
    let wasm = case.code.wasm().unwrap_or_else(|error| panic!("{}: {error}", case.title()));
    let mut names = BTreeSet::new();
    for payload in wasmparser::Parser::new(0).parse_all(&wasm) {
        if let wasmparser::Payload::CodeSectionEntry(body) = payload.unwrap() {
            for operator in body.get_operators_reader().unwrap() {
                let debug = format!("{:?}", operator.unwrap());
                names.insert(debug.split([' ', '(']).next().unwrap().to_lowercase());
            }
        }
    }
    names
}

#[test]
fn every_instruction_of_the_profile_has_a_case() {
    let covered: BTreeSet<_> = cases().iter().flat_map(|case| case.covers.clone()).collect();
    let missing: Vec<_> =
        profile().iter().map(|instruction| instruction.name).filter(|name| !covered.contains(name)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn every_case_has_the_instructions_that_it_covers() {
    for case in cases() {
        let operators = operators(&case);
        for name in &case.covers {
            let name = match *name {
                "select t" => "typedselect".to_owned(),
                name => name.replace(['.', '_'], ""),
            };
            assert!(operators.contains(&name), "{}: no {name}", case.title());
        }
    }
}

#[test]
fn every_import_has_a_case() {
    let names: BTreeSet<_> = cases().iter().map(|case| case.name.clone()).collect();
    for import in outrider_host::ABI {
        assert!(names.contains(&import.to_string()), "no case for {import}");
    }
}

#[test]
fn every_case_is_accepted_and_ends_as_expected() {
    // Of the loops over one instruction, check one of each form: the others differ only in bytes of data.
    let mut forms = BTreeSet::new();
    let differs = |case: &Case| {
        let form = case.variant.split(',').next().unwrap_or_default();
        case.group != Group::Instruction || forms.insert((case.name.clone(), form.to_owned()))
    };
    let cases = cases().into_iter().filter(differs);
    let failures: Vec<_> = cases.filter_map(|case| check(&case).err()).map(|error| chain(&error)).collect();
    assert!(
        failures.is_empty(),
        "{} cases, such as {:#?}",
        failures.len(),
        &failures[..failures.len().min(5)]
    );
}

#[test]
fn titles_are_unique() {
    let mut titles = BTreeSet::new();
    for case in cases() {
        assert!(titles.insert((case.group, case.title())), "{} occurs twice", case.title());
    }
}
