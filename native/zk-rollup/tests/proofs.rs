//! Proofs of a small circuit, from setup to verification.

mod world;

use ark_bls12_381::Bls12_381;
use outrider_zk_rollup::keys::{KeyError, Origin, ProvingKey};
use outrider_zk_rollup::prover::{ProveError, Step, prove};
use outrider_zk_rollup::setup::development_key;
use outrider_zk_rollup_core::batch::public_input;
use outrider_zk_rollup_core::pairing::{Arkworks, VerifyError, verify};
use outrider_zk_rollup_core::{Fr, Proof, VerifyingKey};
use world::{World, circuit};

#[test]
fn a_proof_verifies_for_its_batch_and_key_only() {
    let key = development_key(circuit(2), [1; 32]).expect("a key");
    let verifying = key.verifying_key().expect("a key that passes its checks");
    let mut world = World::new();
    let signed = world.sign(1, 14, 300, 5);
    let batch = world.batch(2, &[signed]);
    let mut steps = Vec::new();
    let (proof, _) =
        prove(&key, batch.circuit, &batch.witness, [2; 32], &mut |step| steps.push(step)).expect("a proof");
    assert_eq!(steps, [Step::Values, Step::Quotient, Step::Sums]);

    let bytes = (verifying.to_bytes(), proof.to_bytes());
    let verifying = VerifyingKey::from_bytes(&bytes.0).expect("a key");
    let proof = Proof::from_bytes(&bytes.1).expect("a proof");
    let input = |old_root, new_root, transfers: &[_]| {
        public_input(&world.domain, &old_root, &new_root, transfers, 2).expect("a batch of two")
    };
    let right = input(batch.old_root, batch.new_root, &batch.transfers);
    assert_eq!(verify(&Arkworks, &verifying, &right, &proof), Ok(()));
    let wrong = [
        input(batch.new_root, batch.new_root, &batch.transfers),
        input(batch.old_root, batch.old_root, &batch.transfers),
        input(batch.old_root, batch.new_root, &[]),
        input(batch.old_root, batch.new_root, &[batch.transfers[0]; 2]),
    ];
    for wrong in wrong {
        assert_eq!(verify(&Arkworks, &verifying, &wrong, &proof), Err(VerifyError));
    }
    let other = development_key(circuit(2), [3; 32]).map(|key| key.verifying_key()).expect("a key");
    assert_eq!(verify(&Arkworks, &other.expect("a key"), &right, &proof), Err(VerifyError));

    // The library's own verifier agrees.
    let prepared = ark_groth16::prepare_verifying_key::<Bls12_381>(&key.key.vk);
    let theirs = ark_groth16::Proof { a: proof.a, b: proof.b, c: proof.c };
    for (input, expected) in [(right, true), (wrong[0], false)] {
        let verified = ark_groth16::Groth16::<Bls12_381>::verify_proof(&prepared, &theirs, &[input]);
        assert_eq!(verified.ok(), Some(expected));
    }
    a_key_reads_as_it_was_written(&key);
    an_unusable_key_or_witness_is_refused(key);
}

fn a_key_reads_as_it_was_written(key: &ProvingKey) {
    let mut bytes = Vec::new();
    key.write(&mut bytes).expect("room");
    let read = ProvingKey::read(bytes.as_slice()).expect("a key");
    assert_eq!((read.circuit, read.origin, &read.key), (key.circuit, Origin::InsecureDevelopment, &key.key));
    let check = |position: usize, expected: fn(&KeyError) -> bool| {
        let mut bytes = bytes.clone();
        bytes[position] ^= 0x80;
        let error = ProvingKey::read(bytes.as_slice()).expect_err("a damaged key");
        assert!(expected(&error), "{error:?}");
    };
    check(0, |error| matches!(error, KeyError::Magic));
    check(8, |error| matches!(error, KeyError::Version { got: 0x81 }));
    check(12, |error| matches!(error, KeyError::Origin { got: 0x80 }));
    let error = ProvingKey::read(&bytes[..bytes.len() - 1]).expect_err("a short key");
    assert!(matches!(error, KeyError::Points(_)), "{error:?}");
}

fn an_unusable_key_or_witness_is_refused(mut key: ProvingKey) {
    let mut world = World::new();
    let mut batch = world.batch(2, &[]);
    let error = prove(&key, circuit(3), &batch.witness, [2; 32], &mut |_| ()).err();
    assert!(matches!(error, Some(ProveError::Circuit { .. })), "{error:?}");
    batch.witness.public_input += Fr::from(1);
    let error = prove(&key, batch.circuit, &batch.witness, [2; 32], &mut |_| ()).err();
    assert!(matches!(error, Some(ProveError::Unsatisfied)), "{error:?}");
    batch.witness.public_input -= Fr::from(1);
    key.key.vk.delta_g2 = key.key.vk.gamma_g2;
    assert!(matches!(key.verifying_key(), Err(KeyError::Verifying(_))));
    key.key.l_query.pop();
    let error = prove(&key, batch.circuit, &batch.witness, [2; 32], &mut |_| ()).err();
    assert!(matches!(error, Some(ProveError::Key)), "{error:?}");
}

#[test]
fn the_development_key_follows_from_the_seed() {
    let [a, b, c] = [1, 1, 2].map(|seed| development_key(circuit(1), [seed; 32]).expect("a key").key);
    assert_eq!(a, b);
    assert_ne!(a.vk, c.vk);
}
