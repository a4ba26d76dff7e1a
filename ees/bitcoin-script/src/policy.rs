//! The rules of relay: nodes demand them of transactions before these are in a block, and blocks may break them.
//!
//! Consensus does not use them. They are here because Bitcoin's vectors have them, and for providers of packages.

use crate::Flags;

bitflags::bitflags! {
    /// A set of rules of relay, with the names and bits of Bitcoin Core's `SCRIPT_VERIFY_*`.
    #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
    pub struct Policy: u32 {
        /// Signatures are strict DER with a defined hash type, and keys are compressed or uncompressed.
        const STRICTENC = 1 << 1;
        /// `s` is at most half the group order (BIP 146).
        const LOW_S = 1 << 3;
        /// The scriptSig only pushes.
        const SIGPUSHONLY = 1 << 5;
        /// Pushes and numbers have their shortest form.
        const MINIMALDATA = 1 << 6;
        /// `OP_NOP1` and `OP_NOP4` to `OP_NOP10` fail.
        const DISCOURAGE_UPGRADABLE_NOPS = 1 << 7;
        /// Exactly one element remains on the stack.
        const CLEANSTACK = 1 << 8;
        /// Unknown witness programs fail.
        const DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM = 1 << 12;
        /// The condition of `OP_IF` in segwit v0 is empty or 1; in tapscript, this is consensus.
        const MINIMALIF = 1 << 13;
        /// A signature that does not verify is empty (BIP 146).
        const NULLFAIL = 1 << 14;
        /// Keys in segwit v0 are compressed.
        const WITNESS_PUBKEYTYPE = 1 << 15;
        /// Legacy scripts have no `OP_CODESEPARATOR` and do not contain their signatures.
        const CONST_SCRIPTCODE = 1 << 16;
        /// Unknown leaf versions fail.
        const DISCOURAGE_UPGRADABLE_TAPROOT_VERSION = 1 << 18;
        /// `OP_SUCCESSx` fails.
        const DISCOURAGE_OP_SUCCESS = 1 << 19;
        /// Unknown types of keys in tapscript fail.
        const DISCOURAGE_UPGRADABLE_PUBKEYTYPE = 1 << 20;
    }
}

/// All rules that hold for an input.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) flags: Flags,
    pub(crate) policy: Policy,
}
