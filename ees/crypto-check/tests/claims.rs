//! Claims, executed natively: those of the fixture are true, and changed ones are refused.

use crypto_check::{Answer, TransitionError, transition};
use outrider_sdk::{
    ReadError, StateRoot,
    harness::{Execution, Failure},
};

/// The fixture of published vectors. `outrider run` executes it as wasm.
const FIXTURE: &str = include_str!("../../../examples/crypto.yaml");

fn run(pre_state_root: StateRoot, block_data: &[u8]) -> Result<StateRoot, Failure<TransitionError>> {
    let execution = Execution::new(pre_state_root).block_data(block_data);
    execution.run(transition).map(|outcome| outcome.post_state_root)
}

#[test]
fn the_claims_of_the_fixture_are_true_and_counted() {
    let roots = quoted("    - \"");
    let [pre_state_root, post_state_root] = &roots[..] else { panic!("{} roots", roots.len()) };
    let mut root = StateRoot(pre_state_root[..].try_into().unwrap());
    let blocks = quoted("data: \"");
    assert!(!blocks.is_empty());
    for block in blocks {
        root = run(root, &block).unwrap();
    }
    assert_eq!(root.0, post_state_root[..]);
}

/// Returns the claim that the Keccak-256 hash of no bytes starts with c5. Its last 32 bytes are the digest.
fn claim() -> Vec<u8> {
    quoted("data: \"")[0][..1 + 4 + 1 + 4 + 32].to_vec()
}

#[test]
fn a_false_claim_is_refused_with_both_answers() {
    assert!(run(StateRoot::default(), &claim()).is_ok());
    let expected = Answer { code: 0, output: claim()[10..].to_vec() };
    for (index, claimed) in [
        (5, Answer { code: 1, ..expected.clone() }),
        (10, Answer { code: 0, output: [&[0xc4], &expected.output[1..]].concat() }),
    ] {
        let mut claim = claim();
        claim[index] ^= 1;
        let error = TransitionError::False { offset: 0, import: 0, got: expected.clone(), expected: claimed };
        assert_eq!(run(StateRoot::default(), &claim), Err(Failure::Refused(error)));
    }
}

#[test]
fn a_truncated_claim_is_refused() {
    let claim = claim();
    for length in 1..claim.len() {
        let failure = run(StateRoot::default(), &claim[..length]).unwrap_err();
        assert!(matches!(failure, Failure::Refused(TransitionError::Malformed(_))), "{length}: {failure}");
    }
}

#[test]
fn a_list_of_too_many_items_is_refused() {
    let pairs = [&[12], &u32::MAX.to_le_bytes()[..], &[0; 1000]].concat();
    let error = ReadError::UnexpectedEnd { offset: 5, expected: u32::MAX as usize * 192, got: 1000 };
    assert_eq!(run(StateRoot::default(), &pairs), Err(Failure::Refused(TransitionError::Malformed(error))));
}

#[test]
fn unknown_imports_and_ids_are_refused() {
    let error = TransitionError::UnknownImport { offset: 0, got: 26 };
    assert_eq!(run(StateRoot::default(), &[26]), Err(Failure::Refused(error)));
    for import in [5, 8] {
        let error = TransitionError::NotAByte { got: 256 };
        assert_eq!(run(StateRoot::default(), &[import, 0, 1, 0, 0]), Err(Failure::Refused(error)));
    }
}

/// Decodes the hex between each `before` of the fixture and the next quote.
fn quoted(before: &str) -> Vec<Vec<u8>> {
    let texts = FIXTURE
        .split(before)
        .skip(1)
        .map(|after| after.split('"').next().expect("a split text has a first part"));
    texts.map(unhex).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let (digits, []) = text.as_bytes().as_chunks::<2>() else { panic!("an odd number of digits: {text}") };
    let digits = digits.iter().map(|digits| str::from_utf8(digits).expect("the digits are ASCII"));
    digits.map(|digits| u8::from_str_radix(digits, 16).expect("the digits are hex")).collect()
}
