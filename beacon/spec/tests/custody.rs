//! Tests of custody-game operations without vectors.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use outrider_beacon_spec::{
    accessors::{get_beacon_committee, get_beacon_proposer_index, get_current_epoch, get_domain},
    bls::{aggregate, sign},
    compute::compute_signing_root,
    constants::{DOMAIN_BEACON_ATTESTER, DOMAIN_CUSTODY_BIT_SLASHING, DOMAIN_RANDAO},
    containers::{
        AttestationData, Checkpoint, CustodySlashing, ShardTransition, ShardVote, SignedCustodySlashing,
        misc::AggregationBits,
    },
    error::Error,
    hash::hash_tree_root,
    phase::Phase1,
    phase1::{
        Attestation, BeaconState,
        custody::{
            compute_custody_bit, get_custody_period_for_validator, get_randao_epoch_for_custody_period,
            process_custody_slashing, process_reveal_deadlines,
        },
        upgrade_to_phase1,
    },
    preset::Minimal,
    signatures::Signatures,
    transition::process_slots,
    types::{BLSSignature, DomainType, Epoch, Root},
};
use outrider_sim::{Simulator, interop_secret_key};
use tree_hash::TreeHash;

fn state() -> BeaconState<Minimal> {
    let simulator = Simulator::<Minimal>::new(64).unwrap();
    let mut state = upgrade_to_phase1(simulator.head().unwrap().1).unwrap();
    process_slots(&mut state, 11).unwrap();
    state
}

fn signature(
    state: &BeaconState<Minimal>,
    index: u64,
    message: &impl TreeHash,
    domain: DomainType,
    epoch: Epoch,
) -> BLSSignature {
    let signing_root = compute_signing_root(message, get_domain(state, domain, Some(epoch)));
    sign(&interop_secret_key(index), signing_root.as_slice()).unwrap()
}

/// Returns a transition with a shard block of this data, the attestation by the committee of slot 9, and the
/// committee.
fn attested(state: &BeaconState<Minimal>, data: &[u8]) -> (ShardTransition, Attestation<Minimal>, Vec<u64>) {
    let data: ssz_types::VariableList<u8, ssz_types::typenum::U1048576> = data.to_vec().try_into().unwrap();
    let transition = ShardTransition {
        start_slot: 9,
        shard_block_lengths: vec![data.len() as u64].try_into().unwrap(),
        shard_data_roots: vec![hash_tree_root(&data)].try_into().unwrap(),
        ..ShardTransition::default()
    };
    let attestation_data = AttestationData {
        slot: 9,
        index: 0,
        beacon_block_root: Root::ZERO,
        source: Checkpoint::default(),
        target: Checkpoint { epoch: 1, root: Root::ZERO },
        extension: ShardVote {
            shard: 0,
            shard_head_root: Root::ZERO,
            shard_transition_root: hash_tree_root(&transition),
        },
    };
    let committee = get_beacon_committee(state, 9, 0).unwrap();
    let mut aggregation_bits = AggregationBits::with_capacity(committee.len()).unwrap();
    (0..committee.len()).for_each(|bit| aggregation_bits.set(bit, true).unwrap());
    let signatures: Vec<_> = committee
        .iter()
        .map(|index| signature(state, *index, &attestation_data, DOMAIN_BEACON_ATTESTER, 1))
        .collect();
    let signature = aggregate(&signatures).unwrap();
    (transition, Attestation { aggregation_bits, data: attestation_data, signature }, committee)
}

/// Returns a claim that the custody bit of the committee's first member is 1, by validator 63 or else 62.
fn slashing(state: &BeaconState<Minimal>, data: &[u8]) -> CustodySlashing<Phase1<Minimal>> {
    let (shard_transition, attestation, committee) = attested(state, data);
    let malefactor_index = committee[0];
    let period = get_custody_period_for_validator::<Minimal>(malefactor_index, 1).unwrap();
    let epoch = get_randao_epoch_for_custody_period::<Minimal>(period, malefactor_index).unwrap();
    CustodySlashing {
        data_index: 0,
        malefactor_index,
        malefactor_secret: signature(state, malefactor_index, &epoch, DOMAIN_RANDAO, epoch),
        whistleblower_index: if malefactor_index == 63 { 62 } else { 63 },
        shard_transition,
        attestation,
        data: data.to_vec().try_into().unwrap(),
    }
}

fn process(
    state: &BeaconState<Minimal>,
    message: CustodySlashing<Phase1<Minimal>>,
) -> Result<BeaconState<Minimal>, Error> {
    let epoch = get_current_epoch(state);
    let whistleblower = message.whistleblower_index;
    let signature = signature(state, whistleblower, &message, DOMAIN_CUSTODY_BIT_SLASHING, epoch);
    let mut state = state.clone();
    let signed = SignedCustodySlashing { message, signature };
    process_custody_slashing(&mut state, &signed, &mut Signatures::Each)?;
    Ok(state)
}

#[test]
fn custody_bit_decides_between_malefactor_and_whistleblower() {
    let state = state();
    let mut seen = [false; 2];
    for byte in 0..40 {
        let slashing = slashing(&state, &[byte; 100]);
        let (malefactor, whistleblower) = (slashing.malefactor_index, slashing.whistleblower_index);
        let bit = compute_custody_bit::<Minimal>(&slashing.malefactor_secret, &slashing.data).unwrap();
        let slashed = if bit { malefactor } else { whistleblower };
        let others: Vec<_> = get_beacon_committee(&state, 9, 0)
            .unwrap()
            .into_iter()
            .filter(|member| *member != malefactor)
            .collect();
        let proposer = get_beacon_proposer_index(&state).unwrap();
        let post = process(&state, slashing).unwrap();
        for (index, validator) in (0..).zip(&post.validators) {
            assert_eq!(validator.slashed, index == slashed, "validator {index}");
        }
        let reward = if bit { 32_000_000_000 / 512 / others.len() as u64 } else { 0 };
        for other in others.into_iter().filter(|other| ![proposer, slashed].contains(other)) {
            assert_eq!(*post.balances.get(other as usize).unwrap(), 32_000_000_000 + reward);
        }
        seen[usize::from(bit)] = true;
        if seen == [true; 2] {
            return;
        }
    }
    panic!("all 40 bits are equal, but one in four should be 1");
}

#[test]
fn slashings_with_a_wrong_field_are_refused() {
    #[track_caller]
    fn check(expected: Error, damage: impl FnOnce(&mut CustodySlashing<Phase1<Minimal>>)) {
        let state = state();
        let mut slashing = slashing(&state, &[7; 100]);
        damage(&mut slashing);
        assert_eq!(process(&state, slashing).map(drop), Err(expected));
    }
    check(Error::CustodyDataLength { got: 101, expected: 100 }, |slashing| slashing.data.push(7).unwrap());
    let intact = slashing(&state(), &[7; 100]);
    let mut data = intact.data.clone();
    data[3] = 8;
    let (got, expected) = (hash_tree_root(&data), hash_tree_root(&intact.data));
    check(Error::CustodyDataRoot { got, expected }, |slashing| slashing.data[3] = 8);
    let transition = ShardTransition { start_slot: 8, ..intact.shard_transition.clone() };
    let (got, expected) = (hash_tree_root(&transition), hash_tree_root(&intact.shard_transition));
    check(Error::ShardTransitionRoot { got, expected }, |slashing| slashing.shard_transition.start_slot = 8);
    check(Error::IndexOutOfRange, |slashing| slashing.data_index = 1);
    check(Error::ValidatorUnknown { got: 64, expected: 64 }, |slashing| slashing.malefactor_index = 64);
    check(Error::MalefactorSecret, |slashing| slashing.malefactor_secret = slashing.attestation.signature);
    check(Error::AttestationSignature, |slashing| {
        slashing.attestation.signature = slashing.malefactor_secret
    });
    check(Error::MalefactorNotAttester, |slashing| {
        let committee = get_beacon_committee(&state(), 9, 0).unwrap();
        slashing.malefactor_index = (0..62).find(|index| !committee.contains(index)).unwrap();
    });
}

#[test]
fn validators_two_keys_behind_are_slashed() {
    let mut state = state();
    // Two periods and an epoch. Validator 1 has revealed one key, and other validators' periods begin at other
    // epochs.
    state.slot = 65 * 8;
    state.validators.get_mut(1).unwrap().next_custody_secret_to_reveal = 1;
    let late: Vec<bool> = (0..64_u64)
        .map(|index| {
            let period = (65 + index % 32) / 32;
            period > if index == 1 { 2 } else { 1 }
        })
        .collect();
    process_reveal_deadlines(&mut state).unwrap();
    for (validator, is_late) in state.validators.iter().zip(&late) {
        assert_eq!(validator.slashed, *is_late);
    }
    assert!(late[0] && !late[1]);
}
