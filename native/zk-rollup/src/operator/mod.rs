//! The operator of a rollup: it takes signed transfers, and makes sections of blocks of them.
//!
//! | module | contents |
//! |---|---|
//! | `view` | a state of the rollup, as a store has it |
//! | `request` | signed transfers with their nonces, as senders hand them to the operator |
//! | `order` | the order in which transfers are made |
//! | `apply` | the effects of deposits, exits and transfers on a view |
//! | `assembly` | a section before it has proofs, with the witnesses for these |
//! | `rebuild` | states from published blocks, without an operator |

mod apply;
mod assembly;
mod order;
mod rebuild;
mod request;
mod view;

pub use apply::{ApplyError, Refusal};
pub use assembly::{AssembleError, Assembly, FinishError, Plan, Refused, public_inputs};
pub use rebuild::{Part, Rebuild, RebuildError};
pub use request::{REQUEST_BYTES, Request, RequestError};
pub use view::{View, ViewError};
