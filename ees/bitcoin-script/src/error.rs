//! Why an input is invalid.

use core::fmt;

use thiserror::Error;

use crate::opcode;

macro_rules! script_errors {
    ($($variant:ident $name:literal $message:literal),* $(,)?) => {
        /// A rule of scripts that an input breaks; the author of the transaction is at fault, and for `TX_INDEX` the caller.
        ///
        /// The names are those of Bitcoin Core's `SCRIPT_ERR_*`, and `TX_INDEX` is that of its library.
        #[derive(Clone, Copy, Debug, Eq, Error, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum ScriptError {
            $(#[doc = concat!("`", $name, "`: ", $message, ".")] #[error("{}: {}", $name, $message)] $variant,)*
        }

        impl ScriptError {
            /// Returns the name in Bitcoin Core, without its prefix `SCRIPT_ERR_`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

script_errors! {
    Unknown "UNKNOWN_ERROR" "a number has more bytes than the operation takes, or not the shortest form",
    EvalFalse "EVAL_FALSE" "the script ends with a false or no top element",
    OpReturn "OP_RETURN" "OP_RETURN is executed",
    ScriptSize "SCRIPT_SIZE" "the script exceeds 10,000 bytes",
    PushSize "PUSH_SIZE" "an element exceeds 520 bytes",
    OpCount "OP_COUNT" "the script exceeds 201 operations",
    StackSize "STACK_SIZE" "the stacks exceed 1,000 elements",
    SigCount "SIG_COUNT" "the number of signatures is negative or exceeds the number of keys",
    PubkeyCount "PUBKEY_COUNT" "the number of keys is negative or exceeds 20",
    Verify "VERIFY" "OP_VERIFY fails",
    EqualVerify "EQUALVERIFY" "OP_EQUALVERIFY fails",
    CheckMultisigVerify "CHECKMULTISIGVERIFY" "OP_CHECKMULTISIGVERIFY fails",
    CheckSigVerify "CHECKSIGVERIFY" "OP_CHECKSIGVERIFY fails",
    NumEqualVerify "NUMEQUALVERIFY" "OP_NUMEQUALVERIFY fails",
    BadOpcode "BAD_OPCODE" "the opcode is not defined, or its data is cut off",
    DisabledOpcode "DISABLED_OPCODE" "the opcode is disabled",
    InvalidStackOperation "INVALID_STACK_OPERATION" "the operation needs more elements than the stack has",
    InvalidAltstackOperation "INVALID_ALTSTACK_OPERATION" "the altstack is empty",
    UnbalancedConditional "UNBALANCED_CONDITIONAL" "OP_IF, OP_ELSE and OP_ENDIF do not match, or a condition is missing",
    NegativeLocktime "NEGATIVE_LOCKTIME" "the lock time is negative",
    UnsatisfiedLocktime "UNSATISFIED_LOCKTIME" "the transaction does not satisfy the lock time",
    SigHashType "SIG_HASHTYPE" "the hash type of the signature is not defined",
    SigDer "SIG_DER" "the signature is not strict DER",
    MinimalData "MINIMALDATA" "the push does not have its shortest form",
    SigPushOnly "SIG_PUSHONLY" "the scriptSig has other operations than pushes",
    SigHighS "SIG_HIGH_S" "the s of the signature is in the upper half of the range",
    SigNullDummy "SIG_NULLDUMMY" "the unused element of OP_CHECKMULTISIG is not empty",
    PubkeyType "PUBKEYTYPE" "the key is not of a known form",
    CleanStack "CLEANSTACK" "the stack has more or fewer than one element at the end",
    MinimalIf "MINIMALIF" "the condition is neither empty nor 1",
    NullFail "NULLFAIL" "a signature that does not verify is not empty",
    DiscourageUpgradableNops "DISCOURAGE_UPGRADABLE_NOPS" "the operation is reserved for soft forks",
    DiscourageUpgradableWitnessProgram "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM" "the witness version is reserved for soft forks",
    DiscourageUpgradableTaprootVersion "DISCOURAGE_UPGRADABLE_TAPROOT_VERSION" "the leaf version is reserved for soft forks",
    DiscourageOpSuccess "DISCOURAGE_OP_SUCCESS" "OP_SUCCESSx is reserved for soft forks",
    DiscourageUpgradablePubkeyType "DISCOURAGE_UPGRADABLE_PUBKEYTYPE" "the type of the key is reserved for soft forks",
    WitnessProgramWrongLength "WITNESS_PROGRAM_WRONG_LENGTH" "a witness program of version 0 has neither 20 nor 32 bytes",
    WitnessProgramWitnessEmpty "WITNESS_PROGRAM_WITNESS_EMPTY" "the witness is empty",
    WitnessProgramMismatch "WITNESS_PROGRAM_MISMATCH" "the witness does not match its program",
    WitnessMalleated "WITNESS_MALLEATED" "the scriptSig of a witness program is not empty",
    WitnessMalleatedP2sh "WITNESS_MALLEATED_P2SH" "the scriptSig is not exactly the push of the redeem script",
    WitnessUnexpected "WITNESS_UNEXPECTED" "an input without a witness program has a witness",
    WitnessPubkeyType "WITNESS_PUBKEYTYPE" "the key is not compressed",
    SchnorrSigSize "SCHNORR_SIG_SIZE" "the Schnorr signature has neither 64 nor 65 bytes",
    SchnorrSigHashType "SCHNORR_SIG_HASHTYPE" "the hash type of the Schnorr signature is not defined or has no output",
    SchnorrSig "SCHNORR_SIG" "the Schnorr signature does not verify",
    TaprootWrongControlSize "TAPROOT_WRONG_CONTROL_SIZE" "the control block does not have 33 + 32 * n bytes with n up to 128",
    TapscriptValidationWeight "TAPSCRIPT_VALIDATION_WEIGHT" "there are too many signature checks for the size of the witness",
    TapscriptCheckMultisig "TAPSCRIPT_CHECKMULTISIG" "tapscript has no OP_CHECKMULTISIG",
    TapscriptMinimalIf "TAPSCRIPT_MINIMALIF" "the condition is neither empty nor 1",
    OpCodeSeparator "OP_CODESEPARATOR" "a legacy script has an OP_CODESEPARATOR",
    TxIndex "TX_INDEX" "the transaction does not have the input",
    SigFindAndDelete "SIG_FINDANDDELETE" "the script contains its signature",
}

/// An input is invalid: which one, where, and why.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("input {input_index}{} is invalid", Where(place))]
pub struct InputError {
    /// The index of the input.
    pub input_index: usize,
    /// The operation that fails, if one does.
    pub place: Option<Place>,
    /// The rule that the input breaks.
    #[source]
    pub reason: ScriptError,
}

/// An operation of a script.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// The script.
    pub script: ScriptKind,
    /// The position of the operation: the number of operations before it, pushes included.
    pub opcode_position: u32,
    /// The operation, or the byte that is none.
    pub opcode: u8,
}

/// The scripts that an input may execute.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ScriptKind {
    /// The script of the input.
    ScriptSig,
    /// The script of the output that the input spends.
    ScriptPubkey,
    /// The last element that a scriptSig pushes (BIP 16).
    RedeemScript,
    /// The last element of a witness of version 0, or the one that stands for a hash of a key (BIP 141).
    WitnessScript,
    /// The leaf of a taproot output (BIP 342).
    Tapscript,
}

impl fmt::Display for ScriptKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ScriptSig => "scriptSig",
            Self::ScriptPubkey => "scriptPubKey",
            Self::RedeemScript => "redeem script",
            Self::WitnessScript => "witness script",
            Self::Tapscript => "tapscript",
        })
    }
}

/// The number of spent outputs is not that of the inputs; the caller is at fault.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the transaction has {n_inputs} inputs, but {n_spent_outputs} spent outputs are given")]
pub struct SpentOutputsError {
    /// The number of inputs.
    pub n_inputs: usize,
    /// The number of spent outputs.
    pub n_spent_outputs: usize,
}

/// A rule that is broken, perhaps by an operation.
#[derive(Clone, Copy)]
pub(crate) struct Failure {
    pub(crate) place: Option<Place>,
    pub(crate) reason: ScriptError,
}

impl From<ScriptError> for Failure {
    fn from(reason: ScriptError) -> Self {
        Self { place: None, reason }
    }
}

struct Where<'a>(&'a Option<Place>);

impl fmt::Display for Where<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Place { script, opcode_position, opcode }) = self.0 else { return Ok(()) };
        write!(f, ", {script}, operation {opcode_position} ({})", opcode::Name(*opcode))
    }
}
