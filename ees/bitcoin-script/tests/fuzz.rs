//! Bounded runs of the fuzz target, without search; `fuzz/README.md` explains how to search.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use proptest::{collection::vec, prelude::*};
use support::fuzz;

/// A case of the fuzz target: its head, a script of opcodes rather than of arbitrary bytes, and elements.
fn case() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![4 => 0x51_u8..=0xba, 1 => 0_u8..=5, 1 => any::<u8>()];
    let element = vec(prop_oneof![Just(0_u8), Just(1), Just(0x80), any::<u8>()], 0..80);
    (vec(any::<u8>(), 17), vec(opcode, 0..60), vec(element, 0..8)).prop_map(|(head, script, elements)| {
        let elements = elements.iter().flat_map(|element| [&[element.len() as u8], &element[..]].concat());
        [head, (script.len() as u16).to_le_bytes().to_vec(), script, elements.collect()].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scripts_are_valid_or_not(bytes in case()) {
        prop_assert!(fuzz::parse(&bytes).is_some());
        fuzz::script(&bytes);
    }

    #[test]
    fn any_bytes_are_a_case_or_none(bytes in vec(any::<u8>(), 0..200)) {
        fuzz::script(&bytes);
    }
}
