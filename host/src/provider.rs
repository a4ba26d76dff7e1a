//! Provider mode: an EE runs over the full state, and yields block data from which it runs without that state.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use outrider_abi::{Hash, NewNode};

use crate::execution::ExecutionOutput;

/// The state of an EE in provider mode: nodes and blobs by hash.
///
/// The host knows neither their encoding nor the hash function; both are the EE's.
///
/// An EE pays for a lookup before it is made, and for the bytes before they are copied: a source that has them in
/// memory lends them. If the EE cannot pay for the bytes, it has caused one unpaid read.
pub trait StateSource: Send + Sync {
    /// Returns the node with this hash, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// Fails if the source cannot answer; the execution then fails with
    /// [`HostCallError::StateSource`](crate::HostCallError::StateSource).
    fn node(&self, hash: &Hash) -> Result<Option<Cow<'_, [u8]>>, Box<dyn Error + Send + Sync>>;

    /// Returns the blob with this hash, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// Fails as [`node`](Self::node) does.
    fn blob(&self, hash: &Hash) -> Result<Option<Cow<'_, [u8]>>, Box<dyn Error + Send + Sync>>;
}

/// The result of an execution in provider mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderOutput {
    /// The result as in any execution.
    pub execution: ExecutionOutput,
    /// The block data that the EE yielded; `None` if it yielded none.
    pub block_data: Option<Vec<u8>>,
    /// The nodes and blobs that the EE made, children before their parents.
    pub new_nodes: Vec<NewNode>,
}

/// The source and the results so far of an execution in provider mode.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) source: Arc<dyn StateSource>,
    pub(crate) block_data: Option<Vec<u8>>,
    pub(crate) new_nodes: Vec<NewNode>,
    /// The bytes that further new nodes may take.
    pub(crate) bytes_left: usize,
}

impl Provider {
    pub(crate) fn new(source: Arc<dyn StateSource>) -> Self {
        Self { source, block_data: None, new_nodes: Vec::new(), bytes_left: NEW_NODES_BYTES_MAX }
    }

    /// Returns whether two runs from the same source have yielded the same.
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

/// The most bytes that the new nodes of one execution may take: four times the largest block data.
pub(crate) const NEW_NODES_BYTES_MAX: usize = 512 << 20;
