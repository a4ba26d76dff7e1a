//! Conditionals, ends of scripts, lock times and operations without effect.

use super::{Interpreter, Version};
use crate::{
    Flags, ScriptError,
    number::{LOCK_TIME_BYTES_MAX, is_true},
    opcode::{
        OP_CHECKLOCKTIMEVERIFY, OP_CHECKSEQUENCEVERIFY, OP_ELSE, OP_ENDIF, OP_IF, OP_NOP, OP_NOP1, OP_NOP4,
        OP_NOP10, OP_NOTIF, OP_RETURN, OP_VERIFY,
    },
    policy::Policy,
};

impl<C: crate::Crypto> Interpreter<'_, C> {
    pub(super) fn control(&mut self, opcode: u8, is_executed: bool) -> Result<(), ScriptError> {
        match opcode {
            OP_NOP => Ok(()),
            OP_IF | OP_NOTIF => {
                let condition = is_executed && self.pop_condition()? == (opcode == OP_IF);
                self.conditions.push(condition);
                Ok(())
            }
            OP_ELSE => self.conditions.toggle(),
            OP_ENDIF => self.conditions.pop(),
            OP_VERIFY => {
                if !is_true(self.stack.peek(0)?) {
                    return Err(ScriptError::Verify);
                }
                self.stack.pop().map(drop)
            }
            OP_RETURN => Err(ScriptError::OpReturn),
            OP_CHECKLOCKTIMEVERIFY if self.context.rules.flags.contains(Flags::CHECKLOCKTIMEVERIFY) => {
                self.check_lock_time()
            }
            OP_CHECKSEQUENCEVERIFY if self.context.rules.flags.contains(Flags::CHECKSEQUENCEVERIFY) => {
                self.check_sequence()
            }
            // Without their soft fork, the two are operations without effect, but not reserved ones.
            OP_CHECKLOCKTIMEVERIFY | OP_CHECKSEQUENCEVERIFY => Ok(()),
            OP_NOP1 | OP_NOP4..=OP_NOP10 => {
                if self.has_policy(Policy::DISCOURAGE_UPGRADABLE_NOPS) {
                    return Err(ScriptError::DiscourageUpgradableNops);
                }
                Ok(())
            }
            _ => Err(ScriptError::BadOpcode),
        }
    }

    fn pop_condition(&mut self) -> Result<bool, ScriptError> {
        let condition = self.stack.pop().map_err(|_| ScriptError::UnbalancedConditional)?;
        let is_minimal = matches!(condition[..], [] | [1]);
        match self.version {
            Version::Tapscript(_) if !is_minimal => Err(ScriptError::TapscriptMinimalIf),
            Version::WitnessV0 if !is_minimal && self.has_policy(Policy::MINIMALIF) => {
                Err(ScriptError::MinimalIf)
            }
            _ => Ok(is_true(&condition)),
        }
    }

    /// BIP 65.
    fn check_lock_time(&self) -> Result<(), ScriptError> {
        let lock_time = self.number(0, LOCK_TIME_BYTES_MAX)?;
        if lock_time < 0 {
            return Err(ScriptError::NegativeLocktime);
        }
        let context = self.context;
        let transaction = context.spending.transaction();
        let of_transaction = i64::from(transaction.lock_time.to_consensus_u32());
        let is_height = |lock_time: i64| lock_time < LOCK_TIME_THRESHOLD;
        // The lock time of a transaction has no effect if all of its inputs are final.
        let is_final = context.input.sequence.is_final();
        if is_height(lock_time) != is_height(of_transaction) || lock_time > of_transaction || is_final {
            return Err(ScriptError::UnsatisfiedLocktime);
        }
        Ok(())
    }

    /// BIP 112.
    fn check_sequence(&self) -> Result<(), ScriptError> {
        let sequence = self.number(0, LOCK_TIME_BYTES_MAX)?;
        if sequence < 0 {
            return Err(ScriptError::NegativeLocktime);
        }
        if sequence & SEQUENCE_DISABLED != 0 {
            return Ok(());
        }
        let context = self.context;
        let transaction = context.spending.transaction();
        let of_input = i64::from(context.input.sequence.to_consensus_u32());
        let sequence = sequence & (SEQUENCE_IS_TIME | SEQUENCE_VALUE);
        let masked = of_input & (SEQUENCE_IS_TIME | SEQUENCE_VALUE);
        let is_time = |sequence: i64| sequence & SEQUENCE_IS_TIME != 0;
        let has_relative = transaction.version.to_u32() >= 2 && of_input & SEQUENCE_DISABLED == 0;
        if !has_relative || is_time(sequence) != is_time(masked) || sequence > masked {
            return Err(ScriptError::UnsatisfiedLocktime);
        }
        Ok(())
    }
}

/// Lock times below it are heights, and others seconds.
const LOCK_TIME_THRESHOLD: i64 = 500_000_000;
/// The bit of a sequence number that says that it is no relative lock time (BIP 68).
const SEQUENCE_DISABLED: i64 = 1 << 31;
/// The bit that says that it is in units of 512 seconds, and not in blocks.
const SEQUENCE_IS_TIME: i64 = 1 << 22;
/// The bits of the value.
const SEQUENCE_VALUE: i64 = 0xffff;
