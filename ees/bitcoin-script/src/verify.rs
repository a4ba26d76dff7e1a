//! The verification of an input.

use core::cell::RefCell;

use alloc::vec::Vec;

use crate::{
    Crypto, Flags, InputError, ScriptError, ScriptKind, Spending,
    error::Failure,
    hash::Serialize as _,
    interpreter::{Context, Tapscript, Version, check_signature::verify_schnorr, execute},
    limit::{ELEMENT_BYTES_MAX, STACK_ELEMENTS_MAX, VALIDATION_WEIGHT_OFFSET},
    number::is_true,
    opcode::{OP_CHECKSIG, OP_DUP, OP_EQUALVERIFY, OP_HASH160, is_success},
    policy::{Policy, Rules},
    script::{instructions, is_p2sh, is_push_only, push, witness_program},
    sighash::{TaprootPath, legacy},
    stack::Stack,
    taproot::{ANNEX_TAG, ControlBlock, TAPSCRIPT_LEAF_VERSION, leaf_hash},
};

/// Verifies that an input of a transaction may spend its output:
///
/// 1. The scriptSig and then the scriptPubKey, on the same stack, end with a true element.
/// 2. If the scriptPubKey is a witness program, the scriptSig is empty and the witness satisfies the program.
/// 3. If it is a P2SH program, the scriptSig only pushes, and its last push is a script that ends with a true element,
///    and that may itself be a witness program.
/// 4. An input without a witness program has no witness.
///
/// # Errors
///
/// Returns the first rule that the input breaks, or `TxIndex` if the transaction does not have the input.
pub fn verify_input<C: Crypto>(
    spending: &Spending<'_>,
    input_index: usize,
    flags: Flags,
    crypto: &C,
) -> Result<(), InputError> {
    verify(spending, input_index, Rules { flags, policy: Policy::empty() }, crypto)
}

/// Verifies an input under consensus flags and rules of relay; see [`verify_input`].
///
/// # Errors
///
/// Returns the first rule that the input breaks.
pub fn verify_input_with_policy<C: Crypto>(
    spending: &Spending<'_>,
    input_index: usize,
    flags: Flags,
    policy: Policy,
    crypto: &C,
) -> Result<(), InputError> {
    verify(spending, input_index, Rules { flags, policy }, crypto)
}

fn verify<C: Crypto>(
    spending: &Spending<'_>,
    input_index: usize,
    rules: Rules,
    crypto: &C,
) -> Result<(), InputError> {
    let input = spending.transaction().inputs.get(input_index);
    let Some((input, spent)) = input.zip(spending.spent_outputs().get(input_index)) else {
        return Err(InputError { input_index, place: None, reason: ScriptError::TxIndex });
    };
    let legacy_hashes = RefCell::new(legacy::Cache::default());
    let context = Context { spending, input_index, input, spent, rules, crypto, legacy_hashes };
    let outcome = context.verify();
    spending.count_legacy_bytes(context.legacy_hashes.into_inner().bytes_hashed);
    outcome.map_err(|Failure { place, reason }| InputError { input_index, place, reason })
}

impl<C: Crypto> Context<'_, C> {
    fn verify(&self) -> Result<(), Failure> {
        let Rules { flags, policy } = self.rules;
        let script_sig = self.input.script_sig.as_bytes();
        let script_pubkey = self.spent.script_pubkey.as_bytes();
        if policy.contains(Policy::SIGPUSHONLY) && !is_push_only(script_sig) {
            return Err(ScriptError::SigPushOnly.into());
        }

        let mut stack = Stack::default();
        execute(self, script_sig, ScriptKind::ScriptSig, Version::Base, &mut stack)?;
        let is_p2sh = flags.contains(Flags::P2SH) && is_p2sh(script_pubkey);
        let pushed = is_p2sh.then(|| stack.clone());
        execute(self, script_pubkey, ScriptKind::ScriptPubkey, Version::Base, &mut stack)?;
        require_true(&stack)?;

        let mut program = flags.contains(Flags::WITNESS).then(|| witness_program(script_pubkey)).flatten();
        if let Some((version, program)) = program {
            if !script_sig.is_empty() {
                return Err(ScriptError::WitnessMalleated.into());
            }
            self.verify_witness(version, program, false)?;
        }
        let redeem_script;
        if let Some(pushed) = pushed {
            if !is_push_only(script_sig) {
                return Err(ScriptError::SigPushOnly.into());
            }
            stack = pushed;
            redeem_script = stack.pop()?;
            execute(self, &redeem_script, ScriptKind::RedeemScript, Version::Base, &mut stack)?;
            require_true(&stack)?;
            program = flags.contains(Flags::WITNESS).then(|| witness_program(&redeem_script)).flatten();
            if let Some((version, program)) = program {
                if script_sig != push(&redeem_script) {
                    return Err(ScriptError::WitnessMalleatedP2sh.into());
                }
                self.verify_witness(version, program, true)?;
            }
        }

        // The stack of a witness program is in the witness.
        if policy.contains(Policy::CLEANSTACK) && program.is_none() && stack.len() != 1 {
            return Err(ScriptError::CleanStack.into());
        }
        if flags.contains(Flags::WITNESS) && program.is_none() && !self.input.witness.is_empty() {
            return Err(ScriptError::WitnessUnexpected.into());
        }
        Ok(())
    }

    fn verify_witness(&self, version: u8, program: &[u8], is_p2sh: bool) -> Result<(), Failure> {
        let witness = &self.input.witness;
        let elements: Vec<&[u8]> = witness.iter().collect();
        match (version, program.len()) {
            (0, 32) => {
                let (script, elements) =
                    elements.split_last().ok_or(ScriptError::WitnessProgramWitnessEmpty)?;
                if self.crypto.sha256(script) != program {
                    return Err(ScriptError::WitnessProgramMismatch.into());
                }
                self.execute_witness(elements, script, Version::WitnessV0)
            }
            (0, 20) => {
                if elements.len() != 2 {
                    return Err(ScriptError::WitnessProgramMismatch.into());
                }
                let script =
                    [&[OP_DUP, OP_HASH160, 20][..], program, &[OP_EQUALVERIFY, OP_CHECKSIG]].concat();
                self.execute_witness(&elements, &script, Version::WitnessV0)
            }
            (0, _) => Err(ScriptError::WitnessProgramWrongLength.into()),
            (1, 32) if !is_p2sh => match program.try_into() {
                Ok(output_key) if self.rules.flags.contains(Flags::TAPROOT) => {
                    self.verify_taproot(&elements, output_key, witness.size())
                }
                _ => Ok(()),
            },
            _ => self.upgradable(
                Policy::DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM,
                ScriptError::DiscourageUpgradableWitnessProgram,
            ),
        }
    }

    fn verify_taproot(
        &self,
        elements: &[&[u8]],
        output_key: &[u8; 32],
        witness_bytes: usize,
    ) -> Result<(), Failure> {
        let (annex_hash, elements) = match elements {
            [] => return Err(ScriptError::WitnessProgramWitnessEmpty.into()),
            [elements @ .., annex @ [ANNEX_TAG, ..]] if !elements.is_empty() => {
                let mut message = Vec::new();
                message.bytes_with_size(annex);
                (Some(self.crypto.sha256(&message)), elements)
            }
            _ => (None, elements),
        };
        let [elements @ .., script, control] = elements else {
            let [signature] = elements else { return Err(ScriptError::WitnessProgramWitnessEmpty.into()) };
            return Ok(verify_schnorr(self, signature, output_key, TaprootPath::Key, annex_hash)?);
        };
        let control = ControlBlock::decode(control)?;
        let leaf_hash = leaf_hash(control.leaf_version(), script, self.crypto);
        control.verify(output_key, &leaf_hash, self.crypto)?;
        if control.leaf_version() != TAPSCRIPT_LEAF_VERSION {
            return self.upgradable(
                Policy::DISCOURAGE_UPGRADABLE_TAPROOT_VERSION,
                ScriptError::DiscourageUpgradableTaprootVersion,
            );
        }
        for instruction in instructions(script) {
            if is_success(instruction?.opcode) {
                return self.upgradable(Policy::DISCOURAGE_OP_SUCCESS, ScriptError::DiscourageOpSuccess);
            }
        }
        if elements.len() > STACK_ELEMENTS_MAX {
            return Err(ScriptError::StackSize.into());
        }
        let validation_weight_left = witness_bytes + VALIDATION_WEIGHT_OFFSET;
        self.execute_witness(
            elements,
            script,
            Version::Tapscript(Tapscript { leaf_hash, annex_hash, validation_weight_left }),
        )
    }

    /// Executes the script of a witness, which leaves exactly one true element.
    fn execute_witness(&self, elements: &[&[u8]], script: &[u8], version: Version) -> Result<(), Failure> {
        if elements.iter().any(|element| element.len() > ELEMENT_BYTES_MAX) {
            return Err(ScriptError::PushSize.into());
        }
        let kind = match version {
            Version::Tapscript(_) => ScriptKind::Tapscript,
            Version::WitnessV0 | Version::Base => ScriptKind::WitnessScript,
        };
        let mut stack: Stack = elements.iter().copied().collect();
        execute(self, script, kind, version, &mut stack)?;
        if stack.len() != 1 {
            return Err(ScriptError::CleanStack.into());
        }
        require_true(&stack)
    }

    /// Accepts what soft forks may define, unless a rule of relay is against it.
    fn upgradable(&self, policy: Policy, error: ScriptError) -> Result<(), Failure> {
        if self.rules.policy.contains(policy) { Err(error.into()) } else { Ok(()) }
    }
}

fn require_true(stack: &Stack) -> Result<(), Failure> {
    match stack.peek(0) {
        Ok(top) if is_true(top) => Ok(()),
        _ => Err(ScriptError::EvalFalse.into()),
    }
}
