//! The input of an execution besides state and block data.

use std::sync::Arc;

use outrider_host::{Context, ReceivedReceipt, RootRead};

/// Everything that an EE is given with a block besides its state and the block data. A [`Context`] is one without reads
/// and receipts.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The context.
    pub context: Context,
    /// The state roots of other EEs that the block declares.
    pub reads: Arc<[RootRead]>,
    /// The receipts that the EE gets: by source shard, then by sequence number.
    pub receipts: Arc<[ReceivedReceipt]>,
}

impl From<Context> for Surroundings {
    fn from(context: Context) -> Self {
        Self { context, ..Self::default() }
    }
}
