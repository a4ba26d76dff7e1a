//! `outrider beacon prove` and `outrider beacon verify`: proofs of claims against the root of a block.

mod prove;
mod source;
mod verify;

pub(super) use prove::ProveArguments;
pub(super) use verify::{VerifyArguments, verify};

use outrider_beacon_spec::types::Slot;
use serde::{Deserialize, Serialize};

/// The format of proof files.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProofFile {
    /// The claims in the notation of the command line.
    claims: Vec<String>,
    /// SSZ of the multiproof of all claims, in hex.
    proof: String,
    /// The proof of an earlier block, if the claims are about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    earlier: Option<EarlierBlock>,
}

/// The proof of the root of an earlier block, from that of the block that the verifier knows.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EarlierBlock {
    slot: Slot,
    /// SSZ of the multiproof, in hex.
    proof: String,
}

/// The maximum length of a proof file, several times the length with as many claims as a proof may have.
const FILE_BYTES_MAX: u64 = 1 << 20;
