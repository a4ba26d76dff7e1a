//! Operations that check signatures.

use alloc::{borrow::Cow, vec::Vec};

use super::{Context, Interpreter, Version};
use crate::{
    Crypto, Flags, ScriptError,
    limit::{MULTISIG_KEYS_MAX, VALIDATION_WEIGHT_PER_SIGOP},
    opcode::{OP_CHECKMULTISIG, OP_CHECKMULTISIGVERIFY, OP_CHECKSIG, OP_CHECKSIGADD, OP_CHECKSIGVERIFY},
    policy::Policy,
    script::{find_and_delete, push},
    sighash::{TaprootPath, segwit_v0, taproot},
    signature::{check_encoding, check_key_encoding, is_key, parse_lax_der},
};

impl<C: Crypto> Interpreter<'_, C> {
    pub(super) fn check_signatures(&mut self, opcode: u8) -> Result<(), ScriptError> {
        match opcode {
            OP_CHECKSIG | OP_CHECKSIGVERIFY => {
                self.stack.require(2)?;
                let is_valid = self.check_signature(1, 0)?;
                self.drop(2)?;
                self.push_or_verify(is_valid, opcode == OP_CHECKSIGVERIFY, ScriptError::CheckSigVerify)
            }
            OP_CHECKSIGADD if self.version.is_tapscript() => {
                self.stack.require(3)?;
                let sum = self.operand(1)?;
                let is_valid = self.check_signature(2, 0)?;
                self.drop(3)?;
                self.stack.push_number(sum + i64::from(is_valid));
                Ok(())
            }
            OP_CHECKMULTISIG | OP_CHECKMULTISIGVERIFY => {
                if self.version.is_tapscript() {
                    return Err(ScriptError::TapscriptCheckMultisig);
                }
                let are_valid = self.check_multisig()?;
                let is_verified = opcode == OP_CHECKMULTISIGVERIFY;
                self.push_or_verify(are_valid, is_verified, ScriptError::CheckMultisigVerify)
            }
            _ => Err(ScriptError::BadOpcode),
        }
    }

    /// Checks the signature at one depth of the stack under the key at another.
    fn check_signature(&mut self, signature: usize, key: usize) -> Result<bool, ScriptError> {
        let (signature, key) = (self.stack.peek(signature)?, self.stack.peek(key)?);
        if let Version::Tapscript(tapscript) = &mut self.version {
            if !signature.is_empty() {
                tapscript.validation_weight_left = tapscript
                    .validation_weight_left
                    .checked_sub(VALIDATION_WEIGHT_PER_SIGOP)
                    .ok_or(ScriptError::TapscriptValidationWeight)?;
            }
            let path =
                TaprootPath::Script { leaf_hash: tapscript.leaf_hash, code_separator: self.code_separator };
            return check_tapscript(self.context, signature, key, path, tapscript.annex_hash);
        }
        let rules = self.context.rules;
        let code = self.script_code([signature])?;
        check_encoding(signature, rules)?;
        check_key_encoding(key, self.version.is_v0(), rules)?;
        let is_valid = verify_ecdsa(self.context, &self.version, signature, key, &code);
        if !is_valid && !signature.is_empty() && self.has_policy(Policy::NULLFAIL) {
            return Err(ScriptError::NullFail);
        }
        Ok(is_valid)
    }

    /// Checks `dummy signature* n key* m`, and removes them.
    ///
    /// Signatures have the order of their keys. The element below them is taken, too, by a mistake that is consensus.
    fn check_multisig(&mut self) -> Result<bool, ScriptError> {
        let n_keys = self.count(0, MULTISIG_KEYS_MAX, ScriptError::PubkeyCount)?;
        self.count_operations(n_keys)?;
        // Depths: the number of keys, the keys, the number of signatures, the signatures, the dummy.
        let signatures_count = 1 + n_keys;
        let n_signatures = self.count(signatures_count, n_keys, ScriptError::SigCount)?;
        let (first_signature, dummy) = (signatures_count + 1, signatures_count + 1 + n_signatures);
        self.stack.require(dummy)?;

        let signatures = || (first_signature..dummy).map(|depth| self.stack.peek(depth));
        let code = self.script_code(signatures().collect::<Result<Vec<_>, _>>()?)?;
        let (mut key, mut signature) = (0, 0);
        // Each signature needs a key of those that remain.
        while signature < n_signatures && n_signatures - signature <= n_keys - key {
            let (signature_bytes, key_bytes) =
                (self.stack.peek(first_signature + signature)?, self.stack.peek(1 + key)?);
            check_encoding(signature_bytes, self.context.rules)?;
            check_key_encoding(key_bytes, self.version.is_v0(), self.context.rules)?;
            if verify_ecdsa(self.context, &self.version, signature_bytes, key_bytes, &code) {
                signature += 1;
            }
            key += 1;
        }
        let are_valid = signature == n_signatures;

        if !are_valid && self.has_policy(Policy::NULLFAIL) {
            for bytes in signatures() {
                if !bytes?.is_empty() {
                    return Err(ScriptError::NullFail);
                }
            }
        }
        let is_null = self.stack.peek(dummy)?.is_empty();
        if !is_null && self.context.rules.flags.contains(Flags::NULLDUMMY) {
            return Err(ScriptError::SigNullDummy);
        }
        self.drop(dummy + 1)?;
        Ok(are_valid)
    }

    /// Reads a number from 0 to `max`.
    fn count(&self, depth: usize, max: usize, error: ScriptError) -> Result<usize, ScriptError> {
        let n = usize::try_from(self.operand(depth)?).map_err(|_| error)?;
        if n > max { Err(error) } else { Ok(n) }
    }

    /// Returns what signatures sign of the script: the part behind the last executed code separator, and outside of
    /// witnesses without the signatures themselves.
    fn script_code<'s>(
        &self,
        signatures: impl IntoIterator<Item = &'s [u8]>,
    ) -> Result<Cow<'_, [u8]>, ScriptError> {
        let mut code = Cow::Borrowed(&self.script[self.code_start..]);
        if matches!(self.version, Version::Base) {
            for signature in signatures {
                let is_found = find_and_delete(&mut code, &push(signature));
                if is_found && self.has_policy(Policy::CONST_SCRIPTCODE) {
                    return Err(ScriptError::SigFindAndDelete);
                }
            }
        }
        Ok(code)
    }
}

/// Verifies an ECDSA signature with its hash type; anything malformed does not verify.
fn verify_ecdsa<C: Crypto>(
    context: &Context<'_, C>,
    version: &Version,
    signature: &[u8],
    key: &[u8],
    script_code: &[u8],
) -> bool {
    let Some((&hash_type, der)) = signature.split_last() else { return false };
    let Some(signature) = parse_lax_der(der).filter(|_| is_key(key)) else { return false };
    let (spending, input_index) = (context.spending, context.input_index);
    let hash_type = u32::from(hash_type);
    let digest = match version {
        Version::Base => {
            let mut hashes = context.legacy_hashes.borrow_mut();
            Some(hashes.hash(&spending.legacy_source(input_index), script_code, hash_type, context.crypto))
        }
        _ => segwit_v0(spending, input_index, script_code, hash_type, context.crypto),
    };
    digest.is_some_and(|digest| context.crypto.ecdsa_verify(key, &signature, &digest))
}

/// Checks a signature of tapscript: an empty one is not valid, and another that is not valid fails the script.
fn check_tapscript<C: Crypto>(
    context: &Context<'_, C>,
    signature: &[u8],
    key: &[u8],
    path: TaprootPath,
    annex_hash: Option<[u8; 32]>,
) -> Result<bool, ScriptError> {
    if key.is_empty() {
        return Err(ScriptError::PubkeyType);
    }
    match key.try_into() {
        Ok(key) if !signature.is_empty() => verify_schnorr(context, signature, key, path, annex_hash)?,
        Ok(_) => {}
        // A key of another length is of a type that soft forks may define.
        Err(_) if context.rules.policy.contains(Policy::DISCOURAGE_UPGRADABLE_PUBKEYTYPE) => {
            return Err(ScriptError::DiscourageUpgradablePubkeyType);
        }
        Err(_) => {}
    }
    Ok(!signature.is_empty())
}

/// Verifies a Schnorr signature, with its hash type if there is a byte more.
pub(crate) fn verify_schnorr<C: Crypto>(
    context: &Context<'_, C>,
    signature: &[u8],
    key: &[u8; 32],
    path: TaprootPath,
    annex_hash: Option<[u8; 32]>,
) -> Result<(), ScriptError> {
    let (signature, hash_type) = match signature.split_first_chunk() {
        Some((signature, [])) => (signature, 0),
        Some((_, [0])) => return Err(ScriptError::SchnorrSigHashType),
        Some((signature, [hash_type])) => (signature, *hash_type),
        _ => return Err(ScriptError::SchnorrSigSize),
    };
    let Context { spending, input_index, crypto, .. } = *context;
    let digest = taproot(spending, input_index, path, annex_hash, hash_type, crypto)
        .ok_or(ScriptError::SchnorrSigHashType)?;
    if crypto.schnorr_verify(key, signature, &digest) { Ok(()) } else { Err(ScriptError::SchnorrSig) }
}
