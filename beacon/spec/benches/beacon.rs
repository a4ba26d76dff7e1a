//! Benchmarks of the state transition, state roots, signatures and shuffling with 100 000 validators.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "criterion's macros have no documentation; a bench that cannot go on has failed"
)]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use milhouse::{List, Vector};
use outrider_beacon_spec::{
    accessors::{get_beacon_committee, get_block_root, get_committee_count_per_slot, get_current_epoch},
    bls::{self, PublicKey},
    constants::{FAR_FUTURE_EPOCH, MAX_EFFECTIVE_BALANCE},
    containers::{
        AttestationData, BeaconState, Checkpoint, PendingAttestation, Validator, misc::AggregationBits,
    },
    epoch::process_epoch,
    hash::{hash, hash_tree_root},
    phase::Phase0,
    preset::Mainnet,
    shuffle::{compute_shuffled_index, shuffle_list},
    transition::process_slot,
    types::{BLSPubkey, BLSSignature, Bytes32, Root},
};
use ssz::{Decode as _, Encode as _};

type State = BeaconState<Phase0<Mainnet>>;

const N_VALIDATORS: u64 = 100_000;
/// The last slot of an epoch.
const SLOT: u64 = 4 * 32 - 1;

/// Returns a state without attestations at the end of an epoch.
fn state() -> State {
    let validators = (0..N_VALIDATORS).map(|index| {
        let mut pubkey = BLSPubkey::ZERO;
        pubkey.0[..32].copy_from_slice(hash(&[&index.to_le_bytes()]).as_slice());
        Validator {
            pubkey,
            withdrawal_credentials: Bytes32::ZERO,
            effective_balance: MAX_EFFECTIVE_BALANCE,
            slashed: false,
            activation_eligibility_epoch: 0,
            activation_epoch: 0,
            exit_epoch: FAR_FUTURE_EPOCH,
            withdrawable_epoch: FAR_FUTURE_EPOCH,
            extension: (),
        }
    });
    let mut state = State { slot: SLOT, ..State::default() };
    state.validators = List::try_from_iter(validators).unwrap().into();
    state.balances = List::new(vec![MAX_EFFECTIVE_BALANCE; N_VALIDATORS as usize]).unwrap();
    state.block_roots = Vector::from_elem(Root::repeat_byte(1)).unwrap();
    state.root();
    state
}

/// Returns a state with an attestation of each committee of this epoch and the one before.
fn attested() -> State {
    let mut state = state();
    for slot in SLOT - 63..SLOT {
        let epoch = slot / 32;
        for index in 0..get_committee_count_per_slot(&state, epoch) {
            let committee = get_beacon_committee(&state, slot, index).unwrap();
            let mut aggregation_bits = AggregationBits::with_capacity(committee.len()).unwrap();
            (0..committee.len()).for_each(|bit| aggregation_bits.set(bit, true).unwrap());
            let root = get_block_root(&state, epoch).unwrap();
            let data = AttestationData {
                slot,
                index,
                beacon_block_root: root,
                source: Checkpoint::default(),
                target: Checkpoint { epoch, root },
                extension: (),
            };
            let attestation = PendingAttestation {
                aggregation_bits,
                data,
                inclusion_delay: 1,
                proposer_index: 0,
                extension: (),
            };
            if epoch == get_current_epoch(&state) {
                state.current_epoch_attestations.push(attestation).unwrap();
            } else {
                state.previous_epoch_attestations.push(attestation).unwrap();
            }
        }
    }
    state.root();
    state
}

fn transition(c: &mut Criterion) {
    let mut group = c.benchmark_group("transition");
    group.sample_size(10);
    let state = attested();
    group.bench_function("epoch/1e5 validators", |b| {
        b.iter_batched(|| state.clone(), |mut state| process_epoch(&mut state), BatchSize::LargeInput);
    });
    group.bench_function("slot/1e5 validators", |b| {
        b.iter_batched(|| state.clone(), |mut state| process_slot(&mut state), BatchSize::LargeInput);
    });
    group.finish();
}

/// Changes what a block of 128 attestations changes: the attestations, a few balances, a root and a mix.
fn block(state: &mut State) {
    let attestation = state.previous_epoch_attestations.get(0).unwrap().clone();
    for index in 0..128 {
        state.current_epoch_attestations.push(attestation.clone()).unwrap();
        *state.balances.get_mut(index * 700).unwrap() += 1;
    }
    *state.block_roots.get_mut(100).unwrap() = Root::repeat_byte(2);
    *state.randao_mixes.get_mut(3).unwrap() = Root::repeat_byte(3);
}

fn root(c: &mut Criterion) {
    let mut group = c.benchmark_group("root after a block/1e5 validators");
    group.sample_size(10);
    let state = attested();
    let after_block = || {
        let mut state = state.clone();
        block(&mut state);
        state
    };
    group.bench_function("of the changed parts", |b| {
        b.iter_batched(after_block, |mut state| state.root(), BatchSize::LargeInput);
    });
    let bytes = after_block().as_ssz_bytes();
    group.bench_function("from scratch", |b| {
        let decode = || State::from_ssz_bytes(&bytes).unwrap();
        b.iter_batched(decode, |state| hash_tree_root(&state), BatchSize::LargeInput);
    });
    group.finish();
}

/// Returns the aggregates of 64 committees of 128, with their keys.
fn aggregates() -> Vec<(Vec<PublicKey>, Root, BLSSignature)> {
    (0..64_u8)
        .map(|committee| {
            let message = Root::repeat_byte(committee);
            let secrets: Vec<[u8; 32]> = (0..128_u8)
                .map(|member| {
                    let mut secret = hash(&[&[committee, member]]).0;
                    secret[0] = 0;
                    secret
                })
                .collect();
            let pubkeys = secrets
                .iter()
                .map(|secret| bls::decode_pubkey(&bls::secret_to_public(secret).unwrap()).unwrap())
                .collect();
            let signatures: Vec<_> =
                secrets.iter().map(|secret| bls::sign(secret, message.as_slice()).unwrap()).collect();
            (pubkeys, message, bls::aggregate(&signatures).unwrap())
        })
        .collect()
}

fn signatures(c: &mut Criterion) {
    let mut group = c.benchmark_group("aggregates of a slot/64 of 128");
    group.sample_size(10);
    let aggregates = aggregates();
    group.bench_function("one by one", |b| {
        b.iter(|| {
            for (pubkeys, message, signature) in &aggregates {
                bls::fast_aggregate_verify(pubkeys, message.as_slice(), signature).unwrap();
            }
        });
    });
    group.bench_function("batch", |b| {
        b.iter(|| {
            let batch: Vec<_> = aggregates
                .iter()
                .map(|(pubkeys, message, signature)| (PublicKey::sum(pubkeys).unwrap(), *message, *signature))
                .collect();
            bls::batch_verify(&batch).unwrap();
        });
    });
    group.finish();
}

fn shuffling(c: &mut Criterion) {
    let mut group = c.benchmark_group("shuffle/1e6 indices");
    group.sample_size(10);
    let seed = Bytes32::repeat_byte(7);
    group.bench_function("list", |b| b.iter(|| shuffle_list((0..1_000_000_u64).collect(), &seed, 90)));
    group.bench_function("each of 1e4 by itself", |b| {
        b.iter(|| {
            (0..10_000).map(|index| compute_shuffled_index(index, 1_000_000, &seed, 90).unwrap()).sum::<u64>()
        });
    });
    group.finish();
}

criterion_group!(benches, transition, root, signatures, shuffling);
criterion_main!(benches);
