//! Claims, natively: those of the fixture hold, and whatever is changed about them is refused.

use crypto_check::{Answer, TransitionError, transition};
use outrider_sdk::{
    ReadError, StateRoot,
    harness::{Execution, Failure},
};

/// The fixture of published vectors, which `outrider run` executes as wasm.
const FIXTURE: &str = include_str!("../../../examples/crypto.yaml");

fn run(pre_state_root: StateRoot, block_data: &[u8]) -> Result<StateRoot, Failure<TransitionError>> {
    let execution = Execution::new(pre_state_root).block_data(block_data);
    execution.run(transition).map(|outcome| outcome.post_state_root)
}

#[test]
fn the_claims_of_the_fixture_hold_natively_and_are_counted() {
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

/// The claim that the Keccak-256 of no bytes starts with c5; the digest is the last 32 bytes.
fn claim() -> Vec<u8> {
    quoted("data: \"")[0][..1 + 4 + 1 + 4 + 32].to_vec()
}

#[test]
fn a_claim_that_is_false_is_refused_with_both_answers() {
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
fn a_claim_that_is_cut_off_is_refused() {
    let claim = claim();
    for length in 1..claim.len() {
        let failure = run(StateRoot::default(), &claim[..length]).unwrap_err();
        assert!(matches!(failure, Failure::Refused(TransitionError::Malformed(_))), "{length}: {failure}");
    }
}

#[test]
fn a_list_of_more_items_than_there_can_be_is_refused() {
    let pairs = [&[10], &u32::MAX.to_le_bytes()[..], &[0; 1000]].concat();
    let error = ReadError::UnexpectedEnd { offset: 5, expected: u32::MAX as usize * 192, got: 1000 };
    assert_eq!(run(StateRoot::default(), &pairs), Err(Failure::Refused(TransitionError::Malformed(error))));
}

#[test]
fn imports_and_ids_that_do_not_exist_are_refused() {
    let error = TransitionError::UnknownImport { offset: 0, got: 24 };
    assert_eq!(run(StateRoot::default(), &[24]), Err(Failure::Refused(error)));
    let error = TransitionError::RecoveryId { got: 256 };
    assert_eq!(run(StateRoot::default(), &[4, 0, 1, 0, 0]), Err(Failure::Refused(error)));
}

/// Decodes the hex between each `before` of the fixture and the next quote.
fn quoted(before: &str) -> Vec<Vec<u8>> {
    let texts = FIXTURE.split(before).skip(1).map(|after| after.split('"').next().expect("there is a part"));
    texts.map(unhex).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let (digits, []) = text.as_bytes().as_chunks::<2>() else { panic!("half a byte: {text}") };
    let digits = digits.iter().map(|digits| str::from_utf8(digits).expect("it is hex"));
    digits.map(|digits| u8::from_str_radix(digits, 16).expect("it is hex")).collect()
}
