//! A state provider: executes a transition in provider mode, and then over the block data that this yields.

use alloc::{sync::Arc, vec::Vec};
use core::fmt::Debug;

use outrider_abi::NewNode;
use outrider_witness::NodeBag;

use super::{Context, Execution, Failure, Outcome, ReceivedReceipt, RootRead};
use crate::{StateRoot, state};

/// A provider that holds all of an EE's state, and makes blocks from packages.
///
/// ```
/// use outrider_sdk::{StateRoot, harness::StateProvider, state::{self, Key, State, StateError, TreeError}};
///
/// /// Sets the keys that a payload lists, each of 32 bytes.
/// fn execute(root: StateRoot, block_data: &[u8]) -> Result<StateRoot, StateError<TreeError, TreeError>> {
///     state::execute(root, block_data, |packages| Ok(packages.concat()), transition)
/// }
///
/// fn transition(state: &mut State, payload: &[u8]) -> Result<(), TreeError> {
///     payload.as_chunks().0.iter().try_for_each(|key| state.insert(&Key(*key), b"set"))
/// }
///
/// let mut provider = StateProvider::new();
/// let provided = provider.provide(&[[1; 32], [2; 32]], execute).unwrap();
/// provider.apply(&provided);
/// assert_eq!(provider.root(), provided.outcome.post_state_root);
/// ```
#[derive(Clone, Debug, Default)]
pub struct StateProvider {
    root: StateRoot,
    nodes: Arc<NodeBag>,
    context: Context,
    reads: Vec<RootRead>,
    receipts: Vec<ReceivedReceipt>,
}

/// A block that a provider made from packages.
#[derive(Clone, Debug)]
pub struct Provided {
    /// The outcome of the block data at an executor.
    pub outcome: Outcome,
    /// The block data: the minimal witness, and the merged payload.
    pub block_data: Vec<u8>,
    /// The nodes of the new state that the old one does not have, children before their parents.
    pub new_nodes: Vec<NewNode>,
}

impl StateProvider {
    /// Makes a provider of the empty state, for an EE whose empty state has the root zero.
    pub fn new() -> StateProvider {
        StateProvider::default()
    }

    /// Makes a provider of the state with this root, all of whose nodes and blobs are in `nodes`.
    pub fn with_state(root: StateRoot, nodes: NodeBag) -> StateProvider {
        StateProvider { root, nodes: Arc::new(nodes), ..StateProvider::default() }
    }

    /// Sets the context of further executions.
    pub fn context(self, context: Context) -> StateProvider {
        StateProvider { context, ..self }
    }

    /// Sets the state roots of other EEs that further blocks declare.
    pub fn reads(self, reads: impl Into<Vec<RootRead>>) -> StateProvider {
        StateProvider { reads: reads.into(), ..self }
    }

    /// Sets the receipts that the EE gets with further blocks.
    pub fn receipts(self, receipts: impl Into<Vec<ReceivedReceipt>>) -> StateProvider {
        StateProvider { receipts: receipts.into(), ..self }
    }

    /// Returns the root of the state.
    pub fn root(&self) -> StateRoot {
        self.root
    }

    /// Returns the nodes of the state, and of those before it.
    pub fn nodes(&self) -> &NodeBag {
        &self.nodes
    }

    /// Executes `transition` on the packages in provider mode, and then, without the state, on the yielded block data.
    /// The provider's state does not change.
    ///
    /// # Errors
    ///
    /// Fails as [`Execution::run`] does, for the run in provider mode.
    ///
    /// # Panics
    ///
    /// Panics if the first run yields no block data, or if the second one has another result.
    pub fn provide<E: Debug>(
        &self,
        packages: &[impl AsRef<[u8]>],
        transition: impl Fn(StateRoot, &[u8]) -> Result<StateRoot, E>,
    ) -> Result<Provided, Failure<E>> {
        let execution = Execution::new(self.root).context(self.context).reads(self.reads.clone());
        let execution = execution.receipts(self.receipts.clone());
        let given = execution.clone().block_data(state::packages(packages));
        let (outcome, yielded) = given.run_over(Arc::clone(&self.nodes), &transition)?;
        let block_data = yielded.block_data.expect("an EE yields block data in provider mode");
        match execution.block_data(block_data.clone()).run(&transition) {
            Ok(stateless) => assert_eq!(stateless, outcome, "the two runs differ"),
            Err(failure) => panic!("the run without the state fails: {failure:?}"),
        }
        Ok(Provided { outcome, block_data, new_nodes: yielded.new_nodes })
    }

    /// Advances to the state after a block.
    pub fn apply(&mut self, provided: &Provided) {
        let nodes = Arc::make_mut(&mut self.nodes);
        for NewNode { hash, bytes, .. } in &provided.new_nodes {
            nodes.insert(*hash, bytes.clone());
        }
        self.root = provided.outcome.post_state_root;
    }
}
