//! Operations decoded from any bytes, and their runs on a map, by a state provider, and by a stateless executor.
//!
//! The bytes are a sequence of operations. The first byte of each, modulo 16, selects the operation:
//!
//! | number | operation | then |
//! |---|---|---|
//! | 0–4 | insert | key, value |
//! | 5–8 | get | key |
//! | 9–12 | remove | key |
//! | 13 | list all entries | |
//! | 14 | return the root | |
//! | 15 | end the block: commit, and continue from the root | |
//!
//! A value is two bytes: its content, and its length, which counts up to 127 and then by tens. [`Kind::key`]
//! describes keys.

use std::{collections::BTreeMap, fmt::Debug};

use outrider_witness::{
    Hash, Hasher, Keccak256, NodeBag, NodeSource, Recorder,
    mpt::{Trie, TrieError},
    reader::{ReadError, Reader},
    smt::{Key, Tree, TreeError, VALUE_BYTES_MAX},
};

#[path = "mpt_definition.rs"]
mod mpt_definition;
#[path = "smt_definition.rs"]
mod smt_definition;

/// The maximum number of operations, as roots by definition take long.
const OPERATIONS_MAX: usize = 128;

pub(crate) type Map<K> = BTreeMap<K, Vec<u8>>;

/// Runs the blocks in `bytes` on a map, as a state provider, and as a stateless executor with the provider's witness,
/// which `check_witness` has to accept.
pub(crate) fn run<K: Kind>(bytes: &[u8], check_witness: fn(&[u8]) -> bool) {
    let mut map = Map::new();
    let mut nodes = NodeBag::default();
    let mut root = K::root(&map);
    for block in blocks::<K>(bytes) {
        let answers: Vec<_> = block.iter().map(|operation| on_map::<K>(&mut map, operation)).collect();
        let (provided, witness) = K::provide(&root, &nodes, &block);
        assert_eq!(provided.answers, answers);
        assert_eq!(provided.post_root, K::root(&map));
        assert!(check_witness(&witness), "{witness:02x?}");
        let executed = K::execute(&root, &witness, &block);
        assert_eq!(executed, provided);
        root = executed.post_root;
        executed.new_nodes.iter().for_each(|(hash, bytes)| nodes.insert(*hash, bytes.to_vec()));
    }
    let (listed, _) = K::provide(&root, &nodes, &[Operation::List]);
    assert_eq!(listed.answers, [Answer::Entries(map)]);
}

/// An operation on a state.
#[derive(Debug)]
pub(crate) enum Operation<K> {
    Insert(K, Vec<u8>),
    Get(K),
    Remove(K),
    List,
    Root,
}

/// The answer to an operation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer<K> {
    /// Whether the value was accepted.
    Inserted(bool),
    Value(Option<Vec<u8>>),
    Removed(bool),
    Entries(Map<K>),
    Root(Hash),
}

/// The results of a block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome<K> {
    answers: Vec<Answer<K>>,
    post_root: Hash,
    new_nodes: NodeBag,
}

/// A kind of trie.
pub(crate) trait Kind {
    type Key: Clone + Debug + Ord;

    /// Reads a key. The two high bits of the first byte choose its form; there are few different keys of most forms.
    fn key(reader: &mut Reader<'_>) -> Result<Self::Key, ReadError>;

    /// Inserts into a map as this kind of trie does, and returns whether it accepts the value.
    fn insert(map: &mut Map<Self::Key>, key: &Self::Key, value: &[u8]) -> bool;

    /// Returns the root by definition.
    fn root(map: &Map<Self::Key>) -> Hash;

    /// Runs a block over all nodes of a state, and also returns the witness.
    fn provide(
        pre_root: &Hash,
        nodes: &NodeBag,
        block: &[Operation<Self::Key>],
    ) -> (Outcome<Self::Key>, Vec<u8>);

    /// Runs a block over its witness, and checks that all of it is used.
    fn execute(pre_root: &Hash, witness: &[u8], block: &[Operation<Self::Key>]) -> Outcome<Self::Key>;
}

/// Reads blocks to the end of the bytes.
fn blocks<K: Kind>(bytes: &[u8]) -> Vec<Vec<Operation<K::Key>>> {
    let mut reader = Reader::new(bytes);
    let mut blocks = vec![Vec::new()];
    for _ in 0..OPERATIONS_MAX {
        match operation::<K>(&mut reader) {
            Ok(Some(operation)) => blocks.last_mut().expect("there is a block").push(operation),
            Ok(None) => blocks.push(Vec::new()),
            Err(_) => break,
        }
    }
    blocks
}

/// Reads an operation. Returns `None` at the end of a block.
fn operation<K: Kind>(reader: &mut Reader<'_>) -> Result<Option<Operation<K::Key>>, ReadError> {
    Ok(Some(match reader.u8()? % 16 {
        0..5 => Operation::Insert(K::key(reader)?, value(reader)?),
        5..9 => Operation::Get(K::key(reader)?),
        9..13 => Operation::Remove(K::key(reader)?),
        13 => Operation::List,
        14 => Operation::Root,
        _ => return Ok(None),
    }))
}

fn value(reader: &mut Reader<'_>) -> Result<Vec<u8>, ReadError> {
    let [content, length] = reader.take_array()?;
    let length = usize::from(length);
    Ok(vec![content; if length < 128 { length } else { 10 * (length - 128) }])
}

fn on_map<K: Kind>(map: &mut Map<K::Key>, operation: &Operation<K::Key>) -> Answer<K::Key> {
    match operation {
        Operation::Insert(key, value) => Answer::Inserted(K::insert(map, key, value)),
        Operation::Get(key) => Answer::Value(map.get(key).cloned()),
        Operation::Remove(key) => Answer::Removed(map.remove(key).is_some()),
        Operation::List => Answer::Entries(map.clone()),
        Operation::Root => Answer::Root(K::root(map)),
    }
}

/// The Merkle Patricia trie. Inserting the empty value removes the key.
pub(crate) enum Mpt {}

impl Kind for Mpt {
    type Key = Vec<u8>;

    /// | bits | key |
    /// |---|---|
    /// | `00` | the number of next bytes in the other bits |
    /// | `01` | the hash of the other bits |
    /// | `10` | the hash of the lowest bit, the last byte replaced by the next one |
    /// | `11` | up to three bytes whose nibbles are 0 and 1, often prefixes of one another |
    fn key(reader: &mut Reader<'_>) -> Result<Vec<u8>, ReadError> {
        let byte = reader.u8()?;
        let low = byte & 0x3f;
        Ok(match byte >> 6 {
            0 => reader.take(low.into())?.to_vec(),
            1 => Keccak256::hash(&[low]).0.to_vec(),
            2 => {
                let mut key = Keccak256::hash(&[low & 1]).0;
                key[31] = reader.u8()?;
                key.to_vec()
            }
            _ => {
                let digit = |bits: u8| [0x00, 0x01, 0x10, 0x11][usize::from(bits & 3)];
                let length = usize::from(low >> 4);
                [digit(low), digit(low >> 2), digit(low)][..length].to_vec()
            }
        })
    }

    fn insert(map: &mut Map<Vec<u8>>, key: &Vec<u8>, value: &[u8]) -> bool {
        map.remove(key);
        if !value.is_empty() {
            map.insert(key.clone(), value.to_vec());
        }
        true
    }

    fn root(map: &Map<Vec<u8>>) -> Hash {
        mpt_definition::naive_root(map)
    }

    fn provide(
        pre_root: &Hash,
        nodes: &NodeBag,
        block: &[Operation<Vec<u8>>],
    ) -> (Outcome<Vec<u8>>, Vec<u8>) {
        let mut trie = Trie::<Keccak256, _>::open(pre_root, Recorder::new(nodes));
        let outcome = Self::outcome(&mut trie, block);
        (outcome, trie.into_forest().into_witness().expect("a record can be encoded"))
    }

    fn execute(pre_root: &Hash, witness: &[u8], block: &[Operation<Vec<u8>>]) -> Outcome<Vec<u8>> {
        let mut trie =
            Trie::<Keccak256, _>::from_witness(witness, pre_root).expect("the bytes are a witness");
        let outcome = Self::outcome(&mut trie, block);
        trie.check_all_used().expect("everything is used");
        outcome
    }
}

impl Mpt {
    fn outcome<S: NodeSource>(
        trie: &mut Trie<Keccak256, S>,
        block: &[Operation<Vec<u8>>],
    ) -> Outcome<Vec<u8>> {
        let answers = block.iter().map(|operation| Self::on_trie(trie, operation));
        let answers = answers.collect::<Result<_, _>>().expect("everything is covered");
        let mut new_nodes = NodeBag::default();
        Outcome { answers, post_root: trie.commit(&mut new_nodes), new_nodes }
    }

    fn on_trie<S: NodeSource>(
        trie: &mut Trie<Keccak256, S>,
        operation: &Operation<Vec<u8>>,
    ) -> Result<Answer<Vec<u8>>, TrieError> {
        Ok(match operation {
            Operation::Insert(key, value) => Answer::Inserted(trie.insert(key, value).map(|()| true)?),
            Operation::Get(key) => Answer::Value(trie.get(key)?.map(<[u8]>::to_vec)),
            Operation::Remove(key) => Answer::Removed(trie.remove(key)?),
            Operation::List => Answer::Entries(trie.iter().collect::<Result<_, _>>()?),
            Operation::Root => Answer::Root(trie.root()),
        })
    }
}

/// The sparse Merkle tree. The empty value is a value like any other, and too long values are refused.
pub(crate) enum Smt {}

impl Kind for Smt {
    type Key = Key;

    /// | bits | key |
    /// |---|---|
    /// | `00` | zeros but for one bit, at the position in the next byte |
    /// | `01` | the hash of the other bits |
    /// | `10` | the hash of the lowest bit, the last byte replaced by the next one |
    /// | `11` | zeros after the other bits |
    fn key(reader: &mut Reader<'_>) -> Result<Key, ReadError> {
        let byte = reader.u8()?;
        let low = byte & 0x3f;
        let mut key = [0; 32];
        match byte >> 6 {
            0 => {
                let bit = reader.u8()?;
                key[usize::from(bit / 8)] = 0x80 >> (bit % 8);
            }
            1 => key = Keccak256::hash(&[low]).0,
            2 => {
                key = Keccak256::hash(&[low & 1]).0;
                key[31] = reader.u8()?;
            }
            _ => key[0] = low << 2,
        }
        Ok(Key(key))
    }

    fn insert(map: &mut Map<Key>, key: &Key, value: &[u8]) -> bool {
        let is_taken = value.len() <= VALUE_BYTES_MAX;
        if is_taken {
            map.insert(*key, value.to_vec());
        }
        is_taken
    }

    fn root(map: &Map<Key>) -> Hash {
        smt_definition::naive_root(map)
    }

    fn provide(pre_root: &Hash, nodes: &NodeBag, block: &[Operation<Key>]) -> (Outcome<Key>, Vec<u8>) {
        let mut tree = Tree::<Keccak256, _>::open(pre_root, Recorder::new(nodes));
        let outcome = Self::outcome(&mut tree, block);
        (outcome, tree.into_witness().expect("a record can be encoded"))
    }

    fn execute(pre_root: &Hash, witness: &[u8], block: &[Operation<Key>]) -> Outcome<Key> {
        let mut tree =
            Tree::<Keccak256, _>::from_witness(witness, pre_root).expect("the bytes are a witness");
        let outcome = Self::outcome(&mut tree, block);
        tree.check_all_used().expect("everything is used");
        outcome
    }
}

impl Smt {
    fn outcome<S: NodeSource>(tree: &mut Tree<Keccak256, S>, block: &[Operation<Key>]) -> Outcome<Key> {
        let answers = block.iter().map(|operation| Self::on_tree(tree, operation));
        let answers = answers.collect::<Result<_, _>>().expect("everything is covered");
        let mut new_nodes = NodeBag::default();
        Outcome { answers, post_root: tree.commit(&mut new_nodes), new_nodes }
    }

    fn on_tree<S: NodeSource>(
        tree: &mut Tree<Keccak256, S>,
        operation: &Operation<Key>,
    ) -> Result<Answer<Key>, TreeError> {
        Ok(match operation {
            Operation::Insert(key, value) => Answer::Inserted(match tree.insert(key, value) {
                Err(TreeError::ValueTooLong { .. }) => false,
                inserted => inserted.map(|()| true)?,
            }),
            Operation::Get(key) => Answer::Value(tree.get(key)?.map(<[u8]>::to_vec)),
            Operation::Remove(key) => Answer::Removed(tree.remove(key)?),
            Operation::List => Answer::Entries(tree.iter().collect::<Result<_, _>>()?),
            Operation::Root => Answer::Root(tree.root()),
        })
    }
}
