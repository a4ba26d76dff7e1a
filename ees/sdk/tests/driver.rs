//! A custom kind of state, small enough to be read as a whole: four cells of a byte each.

#![allow(clippy::unwrap_used, reason = "what is set up here cannot fail, or a test is to say so")]

use std::{array, convert::Infallible};

use outrider_sdk::{
    StateRoot, chain,
    driver::{self, ExecuteError, WitnessState},
    harness::{Execution, Failure, StateProvider},
    state::{self, HostNodes, HostSha256, HostSink, Key},
};
use outrider_witness::{Hash, Hasher, NodeBag, NodeError, NodeSink, Recorder, Sha256, node::node, smt::Tree};
use proptest::{collection::vec, prelude::*};

const N_CELLS: usize = 4;

/// The known part of the state. Its root is the SHA-256 hash of the cells' hashes, one after the other; zero if all
/// cells are zero.
#[derive(Debug)]
struct Cells {
    before: [Cell; N_CELLS],
    now: [Option<u8>; N_CELLS],
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    known: Known,
    is_used: bool,
}

#[derive(Clone, Copy, Debug)]
enum Known {
    Hash(Hash),
    Value(u8),
}

/// The witness of the empty state is empty. Any other has a byte with a bit for each revealed cell, and then for each
/// cell its value, one byte, or its hash.
#[derive(Debug, thiserror::Error, PartialEq)]
enum DecodeError {
    #[error("it has {got} bytes, and should have {expected}")]
    Length { got: usize, expected: usize },
    #[error("it is one of {got}")]
    Root { got: StateRoot },
}

#[derive(Debug, thiserror::Error, PartialEq)]
#[error("cell {0} was not needed")]
struct UnusedError(usize);

fn cell_hash(value: u8) -> Hash {
    Sha256::hash(&[value])
}

impl Known {
    fn hash(self) -> Hash {
        match self {
            Self::Hash(hash) => hash,
            Self::Value(value) => cell_hash(value),
        }
    }
}

impl Cells {
    fn known(known: [Known; N_CELLS]) -> Self {
        let before = known.map(|known| Cell { known, is_used: false });
        Self { before, now: [None; N_CELLS] }
    }

    fn empty() -> Self {
        Self::known([Known::Value(0); N_CELLS])
    }

    fn get(&mut self, index: usize) -> Result<u8, NodeError> {
        if let Some(value) = self.now[index] {
            return Ok(value);
        }
        let cell = &mut self.before[index];
        let value = match cell.known {
            Known::Value(value) => value,
            Known::Hash(hash) => node::<Sha256>(&HostNodes, &hash)?[0],
        };
        *cell = Cell { known: Known::Value(value), is_used: true };
        self.now[index] = Some(value);
        Ok(value)
    }

    fn set(&mut self, index: usize, value: u8) -> Result<(), NodeError> {
        self.get(index)?;
        self.now[index] = Some(value);
        Ok(())
    }

    fn node(&self) -> Vec<u8> {
        let hashes = self.before.iter().zip(self.now);
        hashes.flat_map(|(cell, now)| now.map_or(cell.known.hash(), cell_hash).0).collect()
    }

    fn root_of(node: &[u8]) -> StateRoot {
        let is_empty = node == cell_hash(0).0.repeat(N_CELLS);
        if is_empty { StateRoot::default() } else { StateRoot(Sha256::hash(node).0) }
    }
}

impl WitnessState for Cells {
    type Output = ();
    type DecodeError = DecodeError;
    type UnusedError = UnusedError;
    type HostError = NodeError;

    fn from_witness(witness: &[u8], root: StateRoot) -> Result<Self, DecodeError> {
        let Some((mask, mut rest)) = witness.split_first() else {
            let is_empty = root == StateRoot::default();
            return if is_empty {
                Ok(Self::empty())
            } else {
                Err(DecodeError::Length { got: 0, expected: 5 })
            };
        };
        let bytes_of = |index: usize| if mask >> index & 1 == 1 { 1 } else { 32 };
        let expected = 1 + (0..N_CELLS).map(bytes_of).sum::<usize>();
        if witness.len() != expected || mask >> N_CELLS != 0 {
            return Err(DecodeError::Length { got: witness.len(), expected });
        }
        let cells = array::from_fn(|index| {
            let (cell, after) = rest.split_at(bytes_of(index));
            rest = after;
            cell.try_into().map_or_else(|_| Known::Value(cell[0]), |hash| Known::Hash(Hash(hash)))
        });
        let cells = Self::known(cells);
        let got = Self::root_of(&cells.node());
        if got == root { Ok(cells) } else { Err(DecodeError::Root { got }) }
    }

    fn from_host(root: StateRoot) -> Result<Self, NodeError> {
        if root == StateRoot::default() {
            return Ok(Self::empty());
        }
        let node = node::<Sha256>(&HostNodes, &Hash(root.0))?;
        let (hashes, _) = node.as_chunks();
        Ok(Self::known(array::from_fn(|index| Known::Hash(Hash(hashes[index])))))
    }

    fn check_all_used(&self) -> Result<(), UnusedError> {
        let is_unused = |cell: &Cell| matches!(cell.known, Known::Value(_)) && !cell.is_used;
        // The witness of the empty state reveals nothing, so nothing can be unused.
        let is_empty =
            Self::root_of(&self.before.map(|cell| cell.known.hash().0).concat()) == StateRoot::default();
        match self.before.iter().position(is_unused).filter(|_| !is_empty) {
            Some(index) => Err(UnusedError(index)),
            None => Ok(()),
        }
    }

    fn root(&mut self, (): &()) -> StateRoot {
        Self::root_of(&self.node())
    }

    fn commit(&mut self, (): &(), sink: &mut HostSink) -> StateRoot {
        let node = self.node();
        let root = Self::root_of(&node);
        if root != StateRoot::default() {
            for value in (0..N_CELLS).map(|index| self.now[index].unwrap_or(0)) {
                sink.put(&cell_hash(value), &[value], &[]);
            }
            let (hashes, _) = node.as_chunks();
            let children: Vec<Hash> = hashes.iter().map(|hash| Hash(*hash)).collect();
            sink.put(&Hash(root.0), &node, &children);
        }
        root
    }

    fn into_witness(self) -> Result<Vec<u8>, NodeError> {
        let was_empty =
            Self::root_of(&self.before.map(|cell| cell.known.hash().0).concat()) == StateRoot::default();
        if was_empty {
            return Ok(Vec::new());
        }
        let mut witness = vec![0];
        for (index, cell) in self.before.iter().enumerate() {
            match cell.known {
                Known::Value(value) => {
                    witness[0] |= 1 << index;
                    witness.push(value);
                }
                Known::Hash(hash) => witness.extend(hash.0),
            }
        }
        Ok(witness)
    }
}

type Refusal = ExecuteError<Cells, Infallible, NodeError>;

/// An operation takes two bytes: a cell, and the number to add to it.
fn execute(root: StateRoot, block_data: &[u8]) -> Result<StateRoot, Refusal> {
    driver::execute(
        root,
        block_data,
        |packages| Ok(packages.concat()),
        |cells: &mut Cells, payload| {
            payload.as_chunks().0.iter().try_for_each(|[index, addend]| {
                let index = usize::from(*index) % N_CELLS;
                let value = cells.get(index)?;
                cells.set(index, value.wrapping_add(*addend))
            })
        },
    )
}

fn root_of(cells: &[u8; N_CELLS]) -> StateRoot {
    let hashes: Vec<u8> = cells.iter().flat_map(|cell| Sha256::hash(&[*cell]).0).collect();
    if *cells == [0; N_CELLS] { StateRoot::default() } else { StateRoot(Sha256::hash(&hashes).0) }
}

fn provider(payload: &[u8]) -> StateProvider {
    let mut provider = StateProvider::new();
    let provided = provider.provide(&[payload], execute).unwrap();
    provider.apply(&provided);
    provider
}

proptest! {
    #[test]
    fn a_state_of_ones_own_does_what_the_model_does(blocks in vec(vec(any::<[u8; 2]>(), 0..6), 1..6)) {
        let (mut provider, mut model) = (StateProvider::new(), [0_u8; N_CELLS]);
        for operations in blocks {
            for [index, addend] in &operations {
                let cell = &mut model[usize::from(*index) % N_CELLS];
                *cell = cell.wrapping_add(*addend);
            }
            // `provide` executes twice, and panics unless the outcomes are the same.
            let provided = provider.provide(&operations, execute).unwrap();
            provider.apply(&provided);
            prop_assert_eq!(provider.root(), root_of(&model));
            prop_assert!(provided.block_data.ends_with(&operations.concat()));
        }
    }
}

#[track_caller]
fn check_refused(block_data: Vec<u8>, expected: &str) {
    let provider = provider(&[0, 7, 1, 8]);
    assert_eq!(provider.root(), root_of(&[7, 8, 0, 0]));
    let refused = Execution::new(provider.root()).block_data(block_data).run(execute).unwrap_err();
    assert!(matches!(refused, Failure::Refused(_)));
    assert_eq!(chain(&refused), format!("block refused: {expected}"));
}

#[test]
fn each_step_refuses_for_its_own_reason() {
    let hashes = [7, 8, 0, 0].map(|value| cell_hash(value).0);
    let one = [&[1, 7][..], &hashes[1..].concat()].concat();
    let two = [&[3, 7, 8][..], &hashes[2..].concat()].concat();
    let other = [&[1, 6][..], &hashes[1..].concat()].concat();
    check_refused(vec![9], "block data: byte 0: expected 4 more bytes, got 1");
    check_refused(state::block_data(&one[1..], &[0, 1]), "witness: it has 97 bytes, and should have 36");
    let got = root_of(&[6, 8, 0, 0]);
    check_refused(state::block_data(&other, &[0, 1]), &format!("witness: it is one of {got}"));
    check_refused(state::block_data(&two, &[0, 1]), "cell 1 was not needed");
    let hash = cell_hash(8);
    check_refused(state::block_data(&one, &[1, 1]), &format!("nothing with hash {hash} is covered"));
}

#[test]
fn a_provider_without_the_state_is_to_blame() {
    let root = root_of(&[7, 8, 0, 0]);
    let refused =
        StateProvider::with_state(root, NodeBag::default()).provide(&[[0, 1]], execute).unwrap_err();
    assert_eq!(
        chain(&refused),
        format!("block refused: opening the state: nothing with hash {root} is covered")
    );
}

/// The tree that [`state`] has under Keccak-256 works under any hash function.
#[test]
fn a_tree_of_another_hash_function_needs_nothing_but_its_name() {
    type State = Tree<HostSha256, Recorder<HostNodes>>;
    let set = |root: StateRoot, block_data: &[u8]| {
        let merge = |packages: &[&[u8]]| Ok::<_, NodeError>(packages.concat());
        driver::execute(root, block_data, merge, |state: &mut State, payload| {
            payload.iter().try_for_each(|byte| state.insert(&Key([*byte; 32]), b"set"))
        })
    };
    let mut provider = StateProvider::new();
    let mut expected = Tree::<Sha256, _>::empty();
    for byte in [1, 2, 130] {
        let provided = provider.provide(&[[byte]], set).unwrap();
        provider.apply(&provided);
        expected.insert(&Key([byte; 32]), b"set").unwrap();
        assert_eq!(provider.root(), StateRoot(expected.root().0));
    }
}
