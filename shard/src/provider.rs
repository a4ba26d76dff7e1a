//! The state provider.

use std::sync::Arc;

use outrider_host::{
    CodeHash, Context, Deposit, Ee, ExecutionError, ExecutionInput, ExecutionOutput, NewNode, ProviderOutput,
    StateRoot,
};
use outrider_witness::{
    Hash, Hasher, Keccak256, NodeError, NodeSink,
    store::{Applied, Batch, Store, StoreError},
};
use tracing::info;

use crate::{
    built::Built,
    error::{Disagreement, ProviderError},
    frame::{Frame, encode_packages},
    source::{Nodes, Source},
};

/// Who holds the full state of an EE, in a store that is of this EE alone, and builds blocks for it.
///
/// A state is known by its root. The empty state has the root of 32 zero bytes, and nothing of it is stored; every other
/// root is the Keccak-256 hash of a node.
#[derive(Clone)]
pub struct Provider<S> {
    ee: Ee,
    store: Arc<S>,
}

/// What becomes of the state that a block began at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Previous {
    /// It is kept.
    Keep,
    /// It is let go, with all that no kept state shares.
    Release,
}

/// The root of the empty state.
pub const EMPTY_STATE: StateRoot = StateRoot([0; 32]);

impl<S: Store + Send + Sync + 'static> Provider<S> {
    /// Provides for `ee` from `store`, and makes an empty store one of this EE.
    ///
    /// # Errors
    ///
    /// [`ProviderError::OtherEe`], and failures of the store.
    pub fn open(ee: Ee, store: Arc<S>) -> Result<Self, ProviderError> {
        let got = ee.code_hash();
        match code_hash(&*store)? {
            Some(expected) if expected != got => Err(ProviderError::OtherEe { expected, got }),
            Some(_) => Ok(Self { ee, store }),
            None => {
                let mut batch = Batch::new();
                batch.note(CODE_HASH.as_bytes(), &got.0);
                store.apply(&batch)?;
                Ok(Self { ee, store })
            }
        }
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Builds a block on a state that is kept.
    ///
    /// 1. There is such a state.
    /// 2. The EE takes the packages, over the full state.
    /// 3. It yields block data with a witness and a payload, and the nodes that it puts have the hashes it says. Its new state
    ///    is one of them, an old one, or empty.
    /// 4. It takes the block data, over nothing else, and comes to the same post-state root and deposits.
    ///
    /// Nothing is stored by this; [`apply`](Self::apply) does that.
    ///
    /// # Errors
    ///
    /// [`ProviderError`], in the order of the list.
    pub fn build<P: AsRef<[u8]>>(
        &self,
        pre_state_root: StateRoot,
        packages: &[P],
        context: Context,
    ) -> Result<Built, ProviderError> {
        self.build_on(pre_state_root, &[], packages, context)
    }

    /// Builds a block on blocks that have not been applied. The first of these begins at `start`, a state that is kept, and
    /// each other one where the one before it ends.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and [`ProviderError::NotAChain`].
    pub fn build_on<P: AsRef<[u8]>>(
        &self,
        start: StateRoot,
        blocks: &[Built],
        packages: &[P],
        context: Context,
    ) -> Result<Built, ProviderError> {
        self.check_kept(start)?;
        check_chain(start, blocks)?;
        let unapplied = blocks.iter().map(|block| Arc::clone(&block.nodes)).collect();
        let pre_state_root = blocks.last().map_or(start, Built::post_state_root);
        self.build_over(unapplied, pre_state_root, packages, context)
    }

    /// Builds a block anew on another state: the payload stays, the stale witness goes.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and [`ProviderError::BlockData`].
    pub fn refresh(
        &self,
        block_data: &[u8],
        pre_state_root: StateRoot,
        context: Context,
    ) -> Result<Built, ProviderError> {
        self.merge(&[block_data], pre_state_root, context)
    }

    /// Builds one block of the payloads of many, in this order, whatever states they were built on.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and [`ProviderError::BlockData`].
    pub fn merge<B: AsRef<[u8]>>(
        &self,
        block_datas: &[B],
        pre_state_root: StateRoot,
        context: Context,
    ) -> Result<Built, ProviderError> {
        let payload = |(index, block_data): (usize, &'_ B)| match Frame::parse(block_data.as_ref()) {
            Ok(frame) => Ok(frame.payload.to_vec()),
            Err(source) => Err(ProviderError::BlockData { index, source }),
        };
        let payloads = block_datas.iter().enumerate().map(payload).collect::<Result<Vec<_>, _>>()?;
        self.build(pre_state_root, &payloads, context)
    }

    /// Stores the state after blocks that follow from one another, as [`current_root`], all in one batch. States between
    /// them are not kept.
    ///
    /// # Errors
    ///
    /// [`ProviderError::NotAChain`], [`ProviderError::UnknownRoot`] if the first does not begin at a state that is
    /// kept, and failures of the store.
    pub fn apply(&self, blocks: &[Built], previous: Previous) -> Result<Applied, ProviderError> {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
            return Ok(Applied::default());
        };
        let (old, new) = (first.pre_state_root(), last.post_state_root());
        check_chain(old, blocks)?;
        self.check_kept(old)?;
        let mut batch = Batch::new();
        for (hash, node) in blocks.iter().flat_map(|block| &*block.nodes) {
            batch.put(hash, &node.bytes, &node.children);
        }
        // A state that stays the same is kept already.
        if new != old && new != EMPTY_STATE {
            batch.pin(&Hash(new.0));
        }
        if new != old && old != EMPTY_STATE && previous == Previous::Release {
            batch.unpin(&Hash(old.0));
        }
        batch.note(CURRENT_ROOT.as_bytes(), &new.0);
        let applied = self.store.apply(&batch)?;
        info!(root = %new, added = applied.n_added, deleted = applied.n_deleted, "state stored");
        Ok(applied)
    }

    fn build_over<P: AsRef<[u8]>>(
        &self,
        unapplied: Vec<Arc<Nodes>>,
        pre_state_root: StateRoot,
        packages: &[P],
        context: Context,
    ) -> Result<Built, ProviderError> {
        let packages = encode_packages(packages)?;
        let input = ExecutionInput { pre_state_root, block_data: packages.into(), context };
        let source = Source { store: Arc::clone(&self.store), unapplied: unapplied.clone() };
        let provided = self.ee.provide(&input, Arc::new(source)).map_err(failed)?;
        let ProviderOutput { execution: provided, block_data, new_nodes } = provided;
        let block_data: Arc<[u8]> = block_data.ok_or(ProviderError::NoBlockData)?.into();
        let frame = Frame::parse(&block_data).map_err(ProviderError::Yielded)?;
        let (witness_bytes, payload_bytes) = (frame.witness.len(), frame.payload.len());
        let nodes = check_nodes(new_nodes)?;
        let known =
            |hash: &Hash| nodes.contains_key(hash) || unapplied.iter().any(|nodes| nodes.contains_key(hash));
        self.check_put(provided.post_state_root, known)?;

        let input = ExecutionInput { block_data: Arc::clone(&block_data), ..input };
        let output = self.ee.execute(&input).map_err(ProviderError::Witness)?;
        check_agreement(&provided, &output)?;
        Ok(Built {
            pre_state_root,
            block_data,
            witness_bytes,
            payload_bytes,
            output,
            provider_fuel_used: provided.fuel_used,
            nodes: Arc::new(nodes),
        })
    }

    fn check_kept(&self, root: StateRoot) -> Result<(), ProviderError> {
        let kept = root == EMPTY_STATE || self.is_pinned(root)?;
        if kept { Ok(()) } else { Err(ProviderError::UnknownRoot { root }) }
    }

    fn is_pinned(&self, root: StateRoot) -> Result<bool, ProviderError> {
        Ok(self.store.roots()?.contains_key(&Hash(root.0)))
    }

    /// Checks that a root is that of a node: a new one, or one that is stored.
    fn check_put(&self, root: StateRoot, is_new: impl Fn(&Hash) -> bool) -> Result<(), ProviderError> {
        let hash = Hash(root.0);
        if root == EMPTY_STATE || is_new(&hash) {
            return Ok(());
        }
        match self.store.node(&hash) {
            Ok(_) => Ok(()),
            Err(NodeError::NotCovered { .. }) => Err(ProviderError::RootNotPut { root }),
            Err(error) => Err(StoreError::Backend(error.into()).into()),
        }
    }
}

/// The root that a provider stored last; that of the empty state at first.
///
/// # Errors
///
/// Failures of the store.
pub fn current_root(store: &impl Store) -> Result<StateRoot, ProviderError> {
    Ok(read_note(store, CURRENT_ROOT)?.map_or(EMPTY_STATE, StateRoot))
}

/// The EE whose state a store holds; none if nobody has provided from it yet.
///
/// # Errors
///
/// Failures of the store.
pub fn code_hash(store: &impl Store) -> Result<Option<CodeHash>, ProviderError> {
    Ok(read_note(store, CODE_HASH)?.map(CodeHash))
}

/// Makes a store that of another EE, such as a new build of the one before, and returns which EE it was of. States and roots stay as
/// they are; whether the new EE can read them is for its author to know.
///
/// # Errors
///
/// Failures of the store.
pub fn adopt(store: &impl Store, new: CodeHash) -> Result<Option<CodeHash>, ProviderError> {
    let old = code_hash(store)?;
    let mut batch = Batch::new();
    batch.note(CODE_HASH.as_bytes(), &new.0);
    store.apply(&batch)?;
    info!(ee = %new, "store adopted");
    Ok(old)
}

/// The note with the hash of the EE's code, 32 bytes.
const CODE_HASH: &str = "code_hash";
/// The note with the root that was stored last, 32 bytes.
const CURRENT_ROOT: &str = "current_root";

fn read_note(store: &impl Store, name: &'static str) -> Result<Option<[u8; 32]>, ProviderError> {
    let note = store.note(name.as_bytes())?;
    note.map(|text| text.try_into().map_err(|_| ProviderError::Note { name })).transpose()
}

/// Tells an execution over the full state that says something about the packages from one that does not.
fn failed(error: ExecutionError) -> ProviderError {
    if error.fault().is_verdict() { ProviderError::Refused(error) } else { ProviderError::Failed(error) }
}

/// Checks that each block begins where the one before it ends, the first at `start`.
fn check_chain(start: StateRoot, blocks: &[Built]) -> Result<(), ProviderError> {
    let ends = std::iter::once(start).chain(blocks.iter().map(Built::post_state_root));
    for (index, (block, expected)) in blocks.iter().zip(ends).enumerate() {
        let got = block.pre_state_root();
        if got != expected {
            return Err(ProviderError::NotAChain { index, expected, got });
        }
    }
    Ok(())
}

/// Checks that nodes have the hashes that the EE tells.
fn check_nodes(new_nodes: Vec<NewNode>) -> Result<Nodes, ProviderError> {
    let mut nodes = Nodes::new();
    for NewNode { hash, bytes, children } in new_nodes {
        let (expected, got) = (Hash(hash), Keccak256::hash(&bytes));
        if got != expected {
            return Err(ProviderError::WrongHash { expected, got });
        }
        let node = nodes.entry(expected).or_default();
        node.bytes = bytes;
        node.children.extend(children.into_iter().map(Hash));
    }
    Ok(nodes)
}

/// Checks that an execution over the full state and one over the witness do the same.
fn check_agreement(provided: &ExecutionOutput, stateless: &ExecutionOutput) -> Result<(), ProviderError> {
    let (provided_root, stateless_root) = (provided.post_state_root, stateless.post_state_root);
    let disagreement = if provided_root != stateless_root {
        Disagreement::PostStateRoot { provided: provided_root, stateless: stateless_root }
    } else if provided.deposits != stateless.deposits {
        let (provided, stateless) = (&provided.deposits, &stateless.deposits);
        let same = |(one, other): &(&Deposit, &Deposit)| one == other;
        let first = provided.iter().zip(stateless).take_while(same).count();
        Disagreement::Deposits { provided: provided.len(), stateless: stateless.len(), first }
    } else {
        return Ok(());
    };
    Err(ProviderError::Disagreement(disagreement))
}
