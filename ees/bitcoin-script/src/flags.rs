//! The rules of consensus that soft forks added to scripts.

bitflags::bitflags! {
    /// The set of soft forks that are active, with the names and bits of Bitcoin Core's `SCRIPT_VERIFY_*`.
    ///
    /// `WITNESS` is defined on top of `P2SH`, and `TAPROOT` on top of both; without the lower one, the upper one only
    /// has the effects that do not need it.
    #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
    pub struct Flags: u32 {
        /// Redeem scripts are executed (BIP 16).
        const P2SH = 1 << 0;
        /// Signatures are strict DER (BIP 66).
        const DERSIG = 1 << 2;
        /// The unused element of `OP_CHECKMULTISIG` is empty (BIP 147).
        const NULLDUMMY = 1 << 4;
        /// `OP_CHECKLOCKTIMEVERIFY` (BIP 65).
        const CHECKLOCKTIMEVERIFY = 1 << 9;
        /// `OP_CHECKSEQUENCEVERIFY` (BIP 112).
        const CHECKSEQUENCEVERIFY = 1 << 10;
        /// Witness programs (BIP 141).
        const WITNESS = 1 << 11;
        /// Witness programs of version 1 (BIP 341 and BIP 342).
        const TAPROOT = 1 << 17;
    }
}
