//! A block has one encoding: every other is refused.

use outrider_sdk::{
    StateRoot,
    harness::{Execution, Failure},
};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use utxo::execute;

use crate::{
    chain::{Chain, Error},
    example::KNOWN,
};

/// Executes block data without the state, and returns the post-state root.
fn run(chain: &Chain, block_data: &[u8]) -> Result<StateRoot, Failure<Error>> {
    let execution = Execution::new(chain.0.root()).block_data(block_data);
    execution.run(execute).map(|outcome| outcome.post_state_root)
}

fn witness_bytes(block_data: &[u8]) -> u32 {
    u32::from_le_bytes(*block_data.first_chunk().unwrap())
}

#[test]
fn every_damaged_byte_is_refused() {
    let (chain, block_data) = (&KNOWN.chain, KNOWN.block_data());
    let root = run(chain, &block_data).unwrap();
    let header = 4 + witness_bytes(&block_data) as usize + 1;
    let mut n_other = 0;
    for at in 0..block_data.len() {
        for bit in [1, 0x80] {
            let mut damaged = block_data.clone();
            damaged[at] ^= bit;
            match run(chain, &damaged) {
                Err(Failure::Refused(_)) => {}
                // On regression tests, every other hash shows enough work, so that another version, time or nonce makes
                // another block.
                Ok(other) if (header..header + 80).contains(&at) => {
                    assert_ne!(other, root);
                    n_other += 1;
                }
                other => panic!("byte {at} of {}: {other:?}", block_data.len()),
            }
        }
    }
    assert!((1..24).contains(&n_other), "{n_other}");
}

#[test]
fn every_missing_or_surplus_byte_is_refused() {
    let (chain, block_data) = (&KNOWN.chain, KNOWN.block_data());
    let witness_bytes = witness_bytes(&block_data);
    for at in 0..=block_data.len() {
        // Also if the length of the witness is adapted.
        for adapt in [-1, 0, 1] {
            let length = witness_bytes.wrapping_add_signed(adapt).to_le_bytes();
            let (before, after) = block_data.split_at(at);
            let with = |middle: &[u8], after: &[u8]| {
                let mut bytes = [before, middle, after].concat();
                if let Some(start) = bytes.first_chunk_mut() {
                    *start = length;
                }
                bytes
            };
            let surplus = [with(&[0], after), with(&[0x51], after)];
            for changed in surplus.into_iter().chain(after.get(1..).map(|after| with(&[], after))) {
                assert!(matches!(run(chain, &changed), Err(Failure::Refused(_))), "byte {at}, {adapt}");
            }
        }
    }
}

/// Longer forms of numbers, in the encodings of Bitcoin and of the witness.
#[test]
fn every_longer_form_of_a_number_is_refused() {
    let (chain, block_data) = (&KNOWN.chain, KNOWN.block_data());
    let witness_bytes = witness_bytes(&block_data);
    for at in 4..block_data.len() {
        let byte = block_data[at];
        let longer: [&[u8]; 4] =
            [&[0xfd, byte, 0], &[0xfe, byte, 0, 0, 0], &[0xff, byte, 0, 0, 0, 0, 0, 0, 0], &[byte | 0x80, 0]];
        for longer in longer {
            let mut changed = [&block_data[..at], longer, &block_data[at + 1..]].concat();
            let is_in_witness = at < 4 + witness_bytes as usize;
            let more = if is_in_witness { longer.len() as u32 - 1 } else { 0 };
            changed[..4].copy_from_slice(&(witness_bytes + more).to_le_bytes());
            assert!(matches!(run(chain, &changed), Err(Failure::Refused(_))), "byte {at}: {longer:x?}");
        }
    }
}

/// Each two neighbouring parts of a length change their places.
#[test]
fn every_change_of_order_is_refused() {
    let (chain, block_data) = (&KNOWN.chain, KNOWN.block_data());
    let root = run(chain, &block_data).unwrap();
    for length in [1, 2, 8, 11, 12, 20, 32, 33, 36, 41, 43, 48] {
        for at in 0..block_data.len() - 2 * length {
            let mut changed = block_data.clone();
            let (left, right) = changed[at..at + 2 * length].split_at_mut(length);
            left.swap_with_slice(right);
            let outcome = run(chain, &changed);
            if changed == block_data {
                continue;
            }
            // In a header, it can be another valid block.
            assert!(outcome.map_or(true, |other| other != root), "byte {at}, {length}");
        }
    }
}

#[test]
fn a_witness_of_another_state_is_refused() {
    let (mut chain, block_data) = (KNOWN.chain.clone(), KNOWN.block_data());
    chain.accept_packages(&[crate::builder::propose(108)]);
    let error = run(&chain, &block_data).unwrap_err();
    let text = outrider_sdk::chain(&error);
    assert!(text.contains("the tip has hash") && text.contains("the state root is"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Decoding is total: whatever replaces a part of block data, the block is refused.
    #[test]
    fn replaced_parts_are_refused(
        at in any::<prop::sample::Index>(),
        length in 0..100_usize,
        other in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let block_data = KNOWN.block_data();
        let at = at.index(block_data.len());
        let end = (at + length).min(block_data.len());
        let changed = [&block_data[..at], &other, &block_data[end..]].concat();
        if changed != block_data {
            let outcome = Execution::new(KNOWN.chain.0.root()).block_data(changed).run(execute);
            assert!(matches!(outcome, Err(Failure::Refused(_))));
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let outcome = Execution::new(StateRoot([1; 32])).block_data(bytes).run(execute);
        assert!(matches!(outcome, Err(Failure::Refused(_))));
    }
}
