//! Merging of packages.

use account::{Block, InputError, MergeError, Payload, Signature, execute, merge};
use outrider_sdk::{ReadError, chain};

use crate::owner::{Owner, accept, genesis, package, provider, split};

fn merged(packages: &[Vec<u8>]) -> Result<Vec<u8>, MergeError> {
    merge(&packages.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[test]
fn blocks_that_were_built_merge_like_raw_transactions() {
    let [alice, bob, carol] = [0, 1, 2].map(Owner::new);
    let raw = [
        carol.propose(),
        alice.transfer(0, 1, 2, &bob),
        bob.transfer(0, 3, 4, &carol),
        alice.transfer(1, 5, 6, &carol),
    ];
    let at_once = merged(&raw).unwrap();
    let in_parts = [merged(&raw[..2]).unwrap(), merged(&raw[2..]).unwrap()];
    assert_eq!(merged(&in_parts).unwrap(), at_once);
    assert_eq!(merged(std::slice::from_ref(&at_once)).unwrap(), at_once);

    let mut provider = provider(&[100; 3]);
    let provided = accept(&mut provider, &in_parts);
    assert_eq!(split(&provided.block_data).1, at_once);
}

#[test]
fn no_packages_are_an_empty_block() {
    let block = Block { signature: Signature::EMPTY_SUM, proposer: None, transactions: vec![] };
    assert_eq!(merged(&[]), Ok(Payload::Block(block).to_bytes()));
}

#[test]
fn a_genesis_alone_stays_as_it_is() {
    let genesis = genesis(&[1, 2]);
    assert_eq!(merged(std::slice::from_ref(&genesis)), Ok(genesis));
}

#[test]
fn packages_that_cannot_be_merged_are_refused() {
    let [alice, bob] = [0, 1].map(Owner::new);
    let transfer = alice.transfer(0, 1, 0, &bob);
    assert_eq!(merged(&[transfer.clone(), genesis(&[1])]), Err(MergeError::GenesisAmongOthers { index: 1 }));
    assert_eq!(
        merged(&[alice.propose(), alice.propose(), bob.propose()]),
        Err(MergeError::Proposers { index: 2, got: bob.address(), expected: alice.address() })
    );
    let source = InputError::Read(ReadError::UnexpectedEnd { offset: 0, expected: 1, got: 0 });
    assert_eq!(merged(&[transfer, vec![]]), Err(MergeError::Input { index: 1, source }));
}

#[test]
fn a_signature_that_is_not_a_point_is_refused() {
    let alice = Owner::new(0);
    let transaction = alice.transaction(0, 1, 0, account::Action::Transfer { recipient: alice.address() });
    let bad = package(Signature([7; 96]), &transaction);
    assert!(matches!(merged(std::slice::from_ref(&bad)), Err(MergeError::Signature(_))));
    let refused = provider(&[1]).provide(&[bad], execute).unwrap_err();
    let expected = "block refused: packages: the signatures cannot be aggregated: the input is malformed";
    assert_eq!(chain(&refused), expected);
}

#[test]
fn a_signature_without_transactions_is_refused() {
    let alice = Owner::new(0);
    let transaction = alice.transaction(0, 1, 0, account::Action::Transfer { recipient: alice.address() });
    let signature = alice.sign(crate::owner::DOMAIN, &transaction);
    let block = Block { signature, proposer: None, transactions: vec![] };
    let refused = provider(&[1]).provide(&[Payload::Block(block).to_bytes()], execute).unwrap_err();
    assert_eq!(chain(&refused), "block refused: aggregate signature: not that of an empty block");
}
