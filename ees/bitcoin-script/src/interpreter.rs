//! The machine that executes one script.

mod arithmetic;
pub(crate) mod check_signature;
mod control;
mod stack_operations;

use core::cell::RefCell;

use bitcoin_primitives::{TxIn, TxOut};

use crate::{
    Crypto, Place, ScriptError, ScriptKind, Spending,
    error::Failure,
    limit::{ELEMENT_BYTES_MAX, OPERATIONS_MAX, SCRIPT_BYTES_MAX, STACK_ELEMENTS_MAX},
    number,
    opcode::{
        OP_16, OP_CHECKMULTISIGVERIFY, OP_CHECKSIG, OP_CHECKSIGADD, OP_CODESEPARATOR, OP_ENDIF, OP_EQUAL,
        OP_HASH256, OP_IF, OP_NOP, OP_NOP1, OP_NOP10, OP_RETURN, OP_SIZE, OP_TOALTSTACK, OP_TUCK,
        is_disabled,
    },
    policy::{Policy, Rules},
    script::{Instruction, instructions, is_minimal_push, pushed_number},
    sighash::legacy,
    stack::{Conditions, Stack},
};

/// The knowledge that the scripts of an input share.
pub(crate) struct Context<'a, C> {
    pub(crate) spending: &'a Spending<'a>,
    pub(crate) input_index: usize,
    /// The input of the index.
    pub(crate) input: &'a TxIn,
    /// The output that the input spends.
    pub(crate) spent: &'a TxOut,
    pub(crate) rules: Rules,
    pub(crate) crypto: &'a C,
    pub(crate) legacy_hashes: RefCell<legacy::Cache>,
}

/// The rules by which a script is executed and signed.
pub(crate) enum Version {
    /// Outside of witnesses.
    Base,
    /// In a witness of version 0.
    WitnessV0,
    /// In a witness of version 1.
    Tapscript(Tapscript),
}

/// The part of the witness that signatures of tapscript sign, and the budget of their checks.
pub(crate) struct Tapscript {
    pub(crate) leaf_hash: [u8; 32],
    pub(crate) annex_hash: Option<[u8; 32]>,
    pub(crate) validation_weight_left: usize,
}

impl Version {
    fn is_tapscript(&self) -> bool {
        matches!(self, Self::Tapscript(_))
    }

    fn is_v0(&self) -> bool {
        matches!(self, Self::WitnessV0)
    }
}

/// A script in execution.
pub(crate) struct Interpreter<'a, C> {
    context: &'a Context<'a, C>,
    script: &'a [u8],
    version: Version,
    stack: &'a mut Stack,
    altstack: Stack,
    conditions: Conditions,
    /// The operations that count for the limit.
    n_operations: usize,
    /// The offset behind the last executed code separator.
    code_start: usize,
    /// The position of the last executed code separator, or 2^32 - 1.
    code_separator: u32,
}

/// Executes a script on a stack.
///
/// # Errors
///
/// Returns the first rule that the script breaks, and the operation that breaks it.
pub(crate) fn execute<C: Crypto>(
    context: &Context<'_, C>,
    script: &[u8],
    kind: ScriptKind,
    version: Version,
    stack: &mut Stack,
) -> Result<(), Failure> {
    if !version.is_tapscript() && script.len() > SCRIPT_BYTES_MAX {
        return Err(ScriptError::ScriptSize.into());
    }
    let mut interpreter = Interpreter {
        context,
        script,
        version,
        stack,
        altstack: Stack::default(),
        conditions: Conditions::default(),
        n_operations: 0,
        code_start: 0,
        code_separator: u32::MAX,
    };
    let mut offset = 0;
    for (position, instruction) in (0..).zip(instructions(script)) {
        let outcome = instruction.and_then(|instruction| {
            interpreter.step(instruction, position)?;
            offset = instruction.end;
            Ok(())
        });
        outcome.map_err(|reason| {
            let opcode = script.get(offset).copied().unwrap_or_default();
            Failure { place: Some(Place { script: kind, opcode_position: position, opcode }), reason }
        })?;
    }
    if interpreter.conditions.is_empty() { Ok(()) } else { Err(ScriptError::UnbalancedConditional.into()) }
}

impl<C: Crypto> Interpreter<'_, C> {
    /// Executes an operation, or skips it in a branch that is not taken:
    ///
    /// 1. the limits of elements and operations,
    /// 2. disabled operations, which fail even in such a branch,
    /// 3. the operation itself, of which only conditionals have an effect in such a branch,
    /// 4. the limit of the stack.
    fn step(&mut self, instruction: Instruction<'_>, position: u32) -> Result<(), ScriptError> {
        let Instruction { opcode, push, end } = instruction;
        if push.is_some_and(|push| push.len() > ELEMENT_BYTES_MAX) {
            return Err(ScriptError::PushSize);
        }
        // OP_RESERVED does not count.
        if opcode > OP_16 {
            self.count_operations(1)?;
        }
        if is_disabled(opcode) {
            return Err(ScriptError::DisabledOpcode);
        }
        let is_base = matches!(self.version, Version::Base);
        if opcode == OP_CODESEPARATOR && is_base && self.has_policy(Policy::CONST_SCRIPTCODE) {
            return Err(ScriptError::OpCodeSeparator);
        }
        let is_executed = self.conditions.are_true();
        match push {
            Some(push) if is_executed => {
                if self.has_policy(Policy::MINIMALDATA) && !is_minimal_push(opcode, push) {
                    return Err(ScriptError::MinimalData);
                }
                self.stack.push(push);
            }
            None if is_executed && opcode == OP_CODESEPARATOR => {
                self.code_start = end;
                self.code_separator = position;
            }
            None if is_executed || (OP_IF..=OP_ENDIF).contains(&opcode) => {
                self.operate(opcode, is_executed)?
            }
            Some(_) | None => {}
        }
        if self.stack.len() + self.altstack.len() > STACK_ELEMENTS_MAX {
            return Err(ScriptError::StackSize);
        }
        Ok(())
    }

    /// Executes an operation that is neither a push of data nor a code separator.
    fn operate(&mut self, opcode: u8, is_executed: bool) -> Result<(), ScriptError> {
        if let Some(number) = pushed_number(opcode) {
            self.stack.push_number(number);
            return Ok(());
        }
        match opcode {
            OP_NOP..=OP_RETURN | OP_NOP1..=OP_NOP10 => self.control(opcode, is_executed),
            OP_TOALTSTACK..=OP_TUCK | OP_SIZE => self.move_elements(opcode),
            OP_EQUAL..=OP_HASH256 => self.compute(opcode),
            OP_CHECKSIG..=OP_CHECKMULTISIGVERIFY | OP_CHECKSIGADD => self.check_signatures(opcode),
            _ => Err(ScriptError::BadOpcode),
        }
    }

    fn count_operations(&mut self, n: usize) -> Result<(), ScriptError> {
        if self.version.is_tapscript() {
            return Ok(());
        }
        self.n_operations += n;
        if self.n_operations > OPERATIONS_MAX { Err(ScriptError::OpCount) } else { Ok(()) }
    }

    fn has_policy(&self, policy: Policy) -> bool {
        self.context.rules.policy.contains(policy)
    }

    /// Reads the number `depth` below the top.
    fn number(&self, depth: usize, bytes_max: usize) -> Result<i64, ScriptError> {
        number::decode(self.stack.peek(depth)?, bytes_max, self.has_policy(Policy::MINIMALDATA))
    }

    /// Reads the operand of arithmetic `depth` below the top.
    fn operand(&self, depth: usize) -> Result<i64, ScriptError> {
        self.number(depth, number::OPERAND_BYTES_MAX)
    }
}
