//! The tree of accounts against a naive model, and its paths.

use std::collections::{BTreeMap, BTreeSet};

use outrider_sdk::Reader;
use outrider_witness::{NoNodes, NodeBag, NodeError};
use outrider_zk_rollup_core::{
    Account, AccountIndex, Fr,
    poseidon::compress,
    tree::{DEPTH, EMPTY, child_position},
};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use zk_rollup::{PathsError, Tree, TreeError};

use crate::rollup::index;

fn account(number: u64) -> Account {
    Account { key_y: Fr::from(number), balance: number, nonce: number % 3 }
}

/// The root of accounts, computed level by level.
fn naive_root(accounts: &BTreeMap<AccountIndex, Account>) -> Fr {
    let leaves = accounts.iter().map(|(index, account)| (index.get(), account.leaf()));
    let mut level: BTreeMap<u32, Fr> = leaves.collect();
    for empty in &EMPTY[..DEPTH] {
        let parents: BTreeSet<u32> = level.keys().map(|place| place / 4).collect();
        let hash = |place: u32| *level.get(&place).unwrap_or(empty);
        let parent = |place: u32| (place, compress([0, 1, 2, 3].map(|child| hash(4 * place + child))));
        level = parents.into_iter().map(parent).collect();
    }
    level.get(&0).copied().unwrap_or(EMPTY[DEPTH])
}

/// Commits a tree, and opens it again over its nodes.
fn stored(accounts: &BTreeMap<AccountIndex, Account>) -> Tree<NodeBag> {
    let mut tree = Tree::empty(NoNodes);
    accounts.iter().for_each(|(index, account)| tree.set(*index, *account).unwrap());
    let mut nodes = NodeBag::default();
    let root = tree.commit(&mut nodes);
    assert!(nodes.iter().all(|(hash, bytes)| zk_rollup::node_hash(bytes) == Some(*hash)));
    Tree::open(root, nodes)
}

fn accounts_of(numbers: &[u32]) -> BTreeMap<AccountIndex, Account> {
    numbers.iter().map(|number| (index(*number), account(u64::from(*number)))).collect()
}

#[test]
fn the_empty_tree_has_the_root_of_its_constants() {
    assert_eq!(Tree::empty(NoNodes).root(), EMPTY[DEPTH]);
    assert_eq!(naive_root(&BTreeMap::new()), EMPTY[DEPTH]);
    let mut tree = Tree::open(EMPTY[DEPTH], NoNodes);
    assert_eq!(tree.account(AccountIndex::MAX).unwrap(), None);
}

#[test]
fn a_path_leads_from_the_root_to_the_account() {
    let numbers = [1, 2, 5, 300, 0xff_ffff];
    let mut tree = stored(&accounts_of(&numbers));
    for number in numbers.into_iter().chain([3, 4, 0x12_3456]) {
        let path = tree.path(index(number)).unwrap();
        let mut expected = tree.root();
        for (depth, children) in path.iter().enumerate() {
            assert_eq!(compress(*children), expected);
            expected = children[child_position(number, DEPTH - 1 - depth)];
        }
        let leaf = tree.account(index(number)).unwrap().map_or(EMPTY[0], |account| account.leaf());
        assert_eq!(expected, leaf);
    }
}

#[test]
fn what_no_path_covers_is_an_error_and_not_an_absence() {
    let mut tree = stored(&accounts_of(&[1, 2, 0x10_0000]));
    let mut bytes = Vec::new();
    tree.write_paths(&BTreeSet::from([index(1)]), &mut bytes).unwrap();
    let mut partial =
        Tree::read_paths(&mut Reader::new(&bytes), &BTreeSet::from([index(1)]), NoNodes).unwrap();
    assert_eq!(partial.root(), tree.root());
    assert_eq!(partial.account(index(1)).unwrap(), Some(account(1)));
    // The leaf beside it is empty, and the path shows it.
    assert_eq!(partial.account(index(3)).unwrap(), None);
    for uncovered in [2, 0x10_0000] {
        let failure = partial.account(index(uncovered));
        assert!(matches!(failure, Err(TreeError::Node(NodeError::NotCovered { .. }))));
        assert!(partial.set(index(uncovered), account(9)).is_err());
    }
    assert_eq!(partial.root(), tree.root());
}

/// One path to the only account, and the same for four of one branch.
#[test]
fn a_witness_has_the_bytes_that_it_is_said_to_have() {
    let bytes = |accounts: &[u32], indices: &[u32]| {
        let mut bytes = Vec::new();
        let indices = indices.iter().map(|number| index(*number)).collect();
        stored(&accounts_of(accounts)).write_paths(&indices, &mut bytes).unwrap();
        bytes.len()
    };
    assert_eq!(bytes(&[1], &[1]), DEPTH + 48);
    assert_eq!(bytes(&[], &[1]), 1);
    assert_eq!(bytes(&[4, 5, 6, 7], &[4]), DEPTH + 48 + 3 * 32);
    assert_eq!(bytes(&[4, 5, 6, 7], &[4, 5, 6, 7]), DEPTH + 4 * 48);
    // The other account leaves the path at the root, where the path to no account ends.
    assert_eq!(bytes(&[1, 0xff_ffff], &[0x80_0000]), 1 + 2 * 32);
}

#[test]
fn a_malformed_path_is_refused() {
    let indices = BTreeSet::from([index(1)]);
    let read = |bytes: &[u8]| Tree::read_paths(&mut Reader::new(bytes), &indices, NoNodes).unwrap_err();
    assert!(matches!(read(&[]), PathsError::Read(_)));
    assert!(matches!(read(&[16]), PathsError::Children { offset: 0, got: 16 }));
    assert!(matches!(read(&[1, 0]), PathsError::Children { offset: 1, got: 0 }));
    assert!(matches!(read(&[[2].as_slice(), &[0xff; 32]].concat()), PathsError::Hash { offset: 1 }));
    let empty = outrider_zk_rollup_core::field::to_bytes(&EMPTY[DEPTH - 1]);
    assert!(matches!(read(&[[2].as_slice(), &empty].concat()), PathsError::Hash { offset: 1 }));
    let deep = [[1; DEPTH - 1].as_slice(), &[2], &[0xff; 48]].concat();
    assert!(matches!(read(&deep), PathsError::Account { offset: DEPTH, .. }));
    // An empty leaf beside it would be 32 zeros.
    let deep = [[1; DEPTH - 1].as_slice(), &[1], &[0; 32]].concat();
    assert!(matches!(read(&deep), PathsError::Hash { offset: DEPTH }));
}

#[test]
fn a_provider_whose_nodes_are_wrong_is_caught() {
    let accounts = accounts_of(&[1]);
    let mut tree = stored(&accounts);
    let root = tree.root();
    let mut other = Tree::empty(NoNodes);
    other.set(index(2), account(2)).unwrap();
    let mut nodes = NodeBag::default();
    let other_root = other.commit(&mut nodes);
    let bytes = nodes.bytes(&outrider_witness::Hash(outrider_zk_rollup_core::field::to_bytes(&other_root)));
    let mut lying = NodeBag::default();
    let hash = outrider_witness::Hash(outrider_zk_rollup_core::field::to_bytes(&root));
    lying.insert(hash, bytes.unwrap().to_vec());
    let failure = Tree::open(root, lying.clone()).account(index(1));
    assert!(matches!(failure, Err(TreeError::Node(NodeError::WrongHash { .. }))));
    lying.insert(hash, vec![1; 5]);
    assert!(matches!(Tree::open(root, lying).account(index(1)), Err(TreeError::Malformed { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A tree, one of its nodes, and one of a witness agree with the naive root, before and after changes.
    #[test]
    fn all_trees_agree_with_the_naive_root(
        numbers in prop::collection::btree_set(prop::sample::select(vec![1_u32, 2, 3, 4, 5, 16, 17, 0x4000, 0xff_fffe, 0xff_ffff]), 0..8),
        changes in prop::collection::vec((prop::sample::select(vec![1_u32, 2, 5, 6, 0x4001, 0xff_ffff]), any::<u32>()), 1..5),
    ) {
        let mut accounts = accounts_of(&numbers.into_iter().collect::<Vec<_>>());
        let mut full = stored(&accounts);
        assert_eq!(full.root(), naive_root(&accounts));
        let indices: BTreeSet<AccountIndex> = changes.iter().map(|(number, _)| index(*number)).collect();
        let mut bytes = Vec::new();
        full.write_paths(&indices, &mut bytes).unwrap();
        let mut reader = Reader::new(&bytes);
        let mut partial = Tree::read_paths(&mut reader, &indices, NoNodes).unwrap();
        assert_eq!((reader.remaining(), partial.root()), (0, full.root()));
        let mut again = Vec::new();
        partial.write_paths(&indices, &mut again).unwrap();
        assert_eq!(again, bytes);
        for (number, value) in changes {
            let (at, changed) = (index(number), account(u64::from(value)));
            assert_eq!(partial.account(at).unwrap(), accounts.get(&at).copied());
            accounts.insert(at, changed);
            full.set(at, changed).unwrap();
            partial.set(at, changed).unwrap();
            assert_eq!(full.path(at).unwrap()[0], partial.path(at).unwrap()[0]);
        }
        assert_eq!([full.root(), partial.root()], [naive_root(&accounts); 2]);
        // Any flipped bit is refused, or leads to another root.
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            let mut reader = Reader::new(&changed);
            if let Ok(mut read) = Tree::read_paths(&mut reader, &indices, NoNodes) {
                assert!(reader.remaining() > 0 || read.root() != stored_root(&bytes, &indices), "byte {at}");
            }
        }
    }
}

fn stored_root(bytes: &[u8], indices: &BTreeSet<AccountIndex>) -> Fr {
    Tree::read_paths(&mut Reader::new(bytes), indices, NoNodes).unwrap().root()
}
