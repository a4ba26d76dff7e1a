//! Provider mode: an EE runs over the full state and yields the block data from which it runs without.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use outrider_abi::{Hash, NewNode};

use crate::execution::ExecutionOutput;

/// Where an EE in provider mode finds its state: nodes and blobs by their hash.
///
/// The host knows neither their encoding nor the hash function; both are the EE's.
///
/// An EE pays for a search before it is made, and for the bytes before they are copied to it: a source that has them in
/// memory lends them. What has to be read is read unpaid once, if the EE cannot pay for it.
pub trait StateSource: Send + Sync {
    /// Returns the node of this hash; `None` if there is none.
    ///
    /// # Errors
    ///
    /// Whatever keeps the source from telling; the execution ends as
    /// [`HostCallError::StateSource`](crate::HostCallError::StateSource).
    fn node(&self, hash: &Hash) -> Result<Option<Cow<'_, [u8]>>, Box<dyn Error + Send + Sync>>;

    /// Returns the blob of this hash; `None` if there is none.
    ///
    /// # Errors
    ///
    /// As [`node`](Self::node).
    fn blob(&self, hash: &Hash) -> Result<Option<Cow<'_, [u8]>>, Box<dyn Error + Send + Sync>>;
}

/// What comes out of an execution in provider mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderOutput {
    /// What comes out of any execution.
    pub execution: ExecutionOutput,
    /// The block data that the EE yielded; `None` if it yielded none.
    pub block_data: Option<Vec<u8>>,
    /// The nodes and blobs that the EE made, children before their parents.
    pub new_nodes: Vec<NewNode>,
}

/// What an execution in provider mode is given, and has yielded so far.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) source: Arc<dyn StateSource>,
    pub(crate) block_data: Option<Vec<u8>>,
    pub(crate) new_nodes: Vec<NewNode>,
    /// What the new nodes may still take.
    pub(crate) bytes_left: usize,
}

impl Provider {
    pub(crate) fn new(source: Arc<dyn StateSource>) -> Self {
        Self { source, block_data: None, new_nodes: Vec::new(), bytes_left: NEW_NODES_BYTES_MAX }
    }

    /// Tells whether two runs from the same source have yielded the same.
    #[cfg(any(feature = "wasmer", test))]
    pub(crate) fn yields_as(&self, other: &Self) -> bool {
        self.block_data == other.block_data && self.new_nodes == other.new_nodes
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("block_data", &self.block_data)
            .field("new_nodes", &self.new_nodes)
            .finish_non_exhaustive()
    }
}

/// What the new nodes of one execution may take, in bytes: four times the largest block data.
pub(crate) const NEW_NODES_BYTES_MAX: usize = 512 << 20;
