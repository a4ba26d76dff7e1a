//! Tests of the bazaar: scout's vectors, every error, and a simple model.

use bazaar::{InputError, TransitionError, transition};
use hex_literal::hex;
use outrider_sdk::{
    ReadError, StateRoot, chain,
    harness::{Execution, Failure},
};
use proptest::{array::uniform32, collection::vec, prelude::*};
use tiny_keccak::{Hasher, Keccak};

/// The root of the empty state, from scout's `test.yaml`.
const EMPTY_ROOT: StateRoot =
    StateRoot(hex!("22ea9b045f8792170b45ec629c98e1b92bc6a19cd8d0e9f37baaadf2564142f4"));

/// The block of scout's `test.yaml`, which appends two messages to the empty state.
const SCOUT_BLOCK: [u8; 96] = hex!(
    "5c000000"
    "50000000"
    "0100000000000000" "0000000000000000000000000000000000000000000000000000000000000000"
    "0200000000000000" "0101010101010101010101010101010101010101010101010101010101010101"
    "04000000"
    "00000000"
);

/// The root after [`SCOUT_BLOCK`].
const SCOUT_ROOT: StateRoot =
    StateRoot(hex!("29505fd952857b5766c759bcb4af58eb8df5a91043540c1398dd987a503127fc"));

#[test]
fn scouts_block_gives_scouts_root() {
    let outcome = Execution::new(EMPTY_ROOT).block_data(SCOUT_BLOCK).run(transition).unwrap();
    assert_eq!(outcome.post_state_root, SCOUT_ROOT);
    assert_eq!(outcome.deposits, []);
}

#[test]
fn a_block_without_messages_keeps_the_root() {
    let block_data = hex!("0c000000 00000000 04000000 00000000");
    assert_eq!(transition(EMPTY_ROOT, &block_data), Ok(EMPTY_ROOT));
}

#[test]
fn the_host_gets_the_reason_of_a_refusal() {
    let failure = Execution::new(SCOUT_ROOT).block_data(SCOUT_BLOCK).run(transition).unwrap_err();
    let error = TransitionError::PreStateRoot { got: EMPTY_ROOT, expected: SCOUT_ROOT };
    assert_eq!(failure, Failure::Refused(error));
    assert_eq!(
        chain(&failure),
        format!("block refused: root of the state in the block: got {EMPTY_ROOT}, expected {SCOUT_ROOT}")
    );
}

#[track_caller]
fn check_malformed(block_data: &[u8], expected: impl Into<InputError>, message: &str) {
    let error = TransitionError::Input(expected.into());
    assert_eq!(chain(&error), format!("block data: {message}"));
    assert_eq!(transition(EMPTY_ROOT, block_data), Err(error));
}

#[test]
fn block_data_without_a_total_is_refused() {
    check_malformed(
        &hex!("0c0000"),
        ReadError::UnexpectedEnd { offset: 0, expected: 4, got: 3 },
        "byte 0: expected 4 more bytes, got 3",
    );
}

#[test]
fn a_total_above_the_rest_is_refused() {
    check_malformed(
        &hex!("0d000000 00000000 04000000 00000000"),
        InputError::TotalLength { got: 13, expected: 12 },
        "byte 0: total length: got 13, expected 12",
    );
}

#[test]
fn a_total_below_the_rest_is_refused() {
    check_malformed(
        &hex!("0c000000 00000000 04000000 00000000 00"),
        InputError::TotalLength { got: 12, expected: 13 },
        "byte 0: total length: got 12, expected 13",
    );
}

#[test]
fn new_messages_past_the_end_are_refused() {
    check_malformed(
        &hex!("0c000000 f8ffffff 04000000 00000000"),
        ReadError::UnexpectedEnd { offset: 8, expected: 0xffff_fff8, got: 8 },
        "byte 8: expected 4294967288 more bytes, got 8",
    );
}

#[test]
fn a_part_of_a_new_message_is_refused() {
    check_malformed(
        &hex!("0d000000 01000000 00 04000000 00000000"),
        InputError::PartialMessage { offset: 4, length: 1 },
        "byte 4: length of messages: got 1, expected a multiple of 40",
    );
}

#[test]
fn a_block_without_a_state_is_refused() {
    check_malformed(
        &hex!("04000000 00000000"),
        ReadError::UnexpectedEnd { offset: 8, expected: 4, got: 0 },
        "byte 8: expected 4 more bytes, got 0",
    );
}

#[test]
fn a_state_past_the_end_is_refused() {
    check_malformed(
        &hex!("0c000000 00000000 05000000 00000000"),
        ReadError::UnexpectedEnd { offset: 12, expected: 5, got: 4 },
        "byte 12: expected 5 more bytes, got 4",
    );
}

#[test]
fn messages_past_the_end_of_the_state_are_refused() {
    check_malformed(
        &hex!("0c000000 00000000 04000000 28000000"),
        ReadError::UnexpectedEnd { offset: 16, expected: 40, got: 0 },
        "byte 16: expected 40 more bytes, got 0",
    );
}

#[test]
fn a_part_of_a_message_in_the_state_is_refused() {
    check_malformed(
        &hex!("0d000000 00000000 05000000 01000000 00"),
        InputError::PartialMessage { offset: 12, length: 1 },
        "byte 12: length of messages: got 1, expected a multiple of 40",
    );
}

#[test]
fn bytes_after_the_messages_of_the_state_are_refused() {
    check_malformed(
        &hex!("0e000000 00000000 06000000 00000000 0000"),
        ReadError::TrailingBytes { offset: 16, n: 2 },
        "byte 16: expected the end, got 2 more bytes",
    );
}

#[test]
fn bytes_after_the_state_are_refused() {
    check_malformed(
        &hex!("0d000000 00000000 04000000 00000000 00"),
        ReadError::TrailingBytes { offset: 16, n: 1 },
        "byte 16: expected the end, got 1 more bytes",
    );
}

#[test]
fn no_prefix_of_a_block_is_accepted() {
    for length in 0..SCOUT_BLOCK.len() {
        let result = transition(EMPTY_ROOT, &SCOUT_BLOCK[..length]);
        assert!(result.is_err(), "{length} bytes were accepted");
    }
}

/// A message of the model: its timestamp and its text.
type ModelMessage = (u64, [u8; 32]);

fn messages() -> impl Strategy<Value = Vec<ModelMessage>> {
    vec((any::<u64>(), uniform32(any::<u8>())), 0..8)
}

/// Prepends the length of `bytes`.
fn with_length(bytes: Vec<u8>) -> Vec<u8> {
    [(bytes.len() as u32).to_le_bytes().to_vec(), bytes].concat()
}

fn encode_messages(messages: &[ModelMessage]) -> Vec<u8> {
    let encoded = messages.iter().flat_map(|(timestamp, text)| [&timestamp.to_le_bytes()[..], text].concat());
    with_length(encoded.collect())
}

fn encode_state(messages: &[ModelMessage]) -> Vec<u8> {
    with_length(encode_messages(messages))
}

fn encode_block(new_messages: &[ModelMessage], state: &[ModelMessage]) -> Vec<u8> {
    with_length([encode_messages(new_messages), encode_state(state)].concat())
}

fn model_root(messages: &[ModelMessage]) -> StateRoot {
    let mut keccak = Keccak::v256();
    keccak.update(&encode_state(messages));
    let mut root = StateRoot::default();
    keccak.finalize(&mut root.0);
    root
}

proptest! {
    #[test]
    fn blocks_append_to_the_state_like_to_a_vec(blocks in vec(messages(), 1..5)) {
        let mut model = Vec::new();
        let mut root = EMPTY_ROOT;
        for new_messages in blocks {
            root = transition(root, &encode_block(&new_messages, &model)).unwrap();
            model.extend(new_messages);
            prop_assert_eq!(root, model_root(&model));
        }
    }

    #[test]
    fn another_state_is_refused(state in messages(), other in messages()) {
        prop_assume!(state != other);
        let result = transition(model_root(&state), &encode_block(&[], &other));
        let expected = TransitionError::PreStateRoot {
            got: model_root(&other),
            expected: model_root(&state),
        };
        prop_assert_eq!(result, Err(expected));
    }

    #[test]
    fn random_bytes_are_refused(block_data in vec(any::<u8>(), 0..256)) {
        prop_assert!(transition(EMPTY_ROOT, &block_data).is_err());
    }

    #[test]
    fn a_block_with_one_byte_changed_is_accepted_only_if_a_new_message_changed(
        new_messages in messages(),
        state in messages(),
        position in any::<prop::sample::Index>(),
        change in 1..=u8::MAX,
    ) {
        let mut block_data = encode_block(&new_messages, &state);
        let n_new = 40 * new_messages.len();
        let position = position.index(block_data.len());
        block_data[position] ^= change;
        // Only a change in the new messages leaves an acceptable block.
        let accepted = transition(model_root(&state), &block_data).is_ok();
        prop_assert_eq!(accepted, (8..8 + n_new).contains(&position));
    }
}
