//! Comparison, arithmetic and hashes.

use bitcoin_hashes::sha1;

use super::Interpreter;
use crate::{
    ScriptError,
    hash::double,
    opcode::{
        OP_0NOTEQUAL, OP_1ADD, OP_1SUB, OP_ABS, OP_ADD, OP_BOOLAND, OP_BOOLOR, OP_EQUAL, OP_EQUALVERIFY,
        OP_GREATERTHAN, OP_GREATERTHANOREQUAL, OP_HASH160, OP_HASH256, OP_LESSTHAN, OP_LESSTHANOREQUAL,
        OP_MAX, OP_MIN, OP_NEGATE, OP_NOT, OP_NUMEQUAL, OP_NUMEQUALVERIFY, OP_NUMNOTEQUAL, OP_RIPEMD160,
        OP_SHA1, OP_SHA256, OP_SUB, OP_WITHIN,
    },
};

impl<C: crate::Crypto> Interpreter<'_, C> {
    pub(super) fn compute(&mut self, opcode: u8) -> Result<(), ScriptError> {
        match opcode {
            OP_EQUAL | OP_EQUALVERIFY => {
                let is_equal = self.stack.peek(0)? == self.stack.peek(1)?;
                self.drop(2)?;
                self.push_or_verify(is_equal, opcode == OP_EQUALVERIFY, ScriptError::EqualVerify)
            }
            OP_1ADD | OP_1SUB | OP_NEGATE..=OP_0NOTEQUAL => {
                let result = unary(opcode, self.operand(0)?)?;
                self.drop(1)?;
                self.stack.push_number(result);
                Ok(())
            }
            OP_NUMEQUALVERIFY => {
                let is_equal = self.operands()?;
                self.drop(2)?;
                self.push_or_verify(is_equal.0 == is_equal.1, true, ScriptError::NumEqualVerify)
            }
            OP_ADD | OP_SUB | OP_BOOLAND..=OP_MAX => {
                let (a, b) = self.operands()?;
                let result = binary(opcode, a, b)?;
                self.drop(2)?;
                self.stack.push_number(result);
                Ok(())
            }
            OP_WITHIN => {
                self.stack.require(3)?;
                let (value, min, max) = (self.operand(2)?, self.operand(1)?, self.operand(0)?);
                self.drop(3)?;
                self.stack.push_bool((min..max).contains(&value));
                Ok(())
            }
            OP_RIPEMD160..=OP_HASH256 => self.hash(opcode),
            _ => Err(ScriptError::BadOpcode),
        }
    }

    /// Pushes a result, or fails if it is false and the operation verifies it.
    pub(super) fn push_or_verify(
        &mut self,
        result: bool,
        is_verified: bool,
        error: ScriptError,
    ) -> Result<(), ScriptError> {
        match (is_verified, result) {
            (true, true) => {}
            (true, false) => return Err(error),
            (false, _) => self.stack.push_bool(result),
        }
        Ok(())
    }

    pub(super) fn drop(&mut self, n: usize) -> Result<(), ScriptError> {
        (0..n).try_for_each(|_| self.stack.pop().map(drop))
    }

    fn operands(&self) -> Result<(i64, i64), ScriptError> {
        self.stack.require(2)?;
        Ok((self.operand(1)?, self.operand(0)?))
    }

    fn hash(&mut self, opcode: u8) -> Result<(), ScriptError> {
        let input = self.stack.pop()?;
        let crypto = self.context.crypto;
        match opcode {
            OP_RIPEMD160 => self.stack.push(crypto.ripemd160(&input)),
            OP_SHA1 => self.stack.push(sha1::Hash::hash(&input).to_byte_array()),
            OP_SHA256 => self.stack.push(crypto.sha256(&input)),
            OP_HASH160 => self.stack.push(crypto.ripemd160(&crypto.sha256(&input))),
            OP_HASH256 => self.stack.push(double(&input, crypto)),
            _ => return Err(ScriptError::BadOpcode),
        }
        Ok(())
    }
}

// Operands have 31 bits and a sign, so that no operation overflows.

fn unary(opcode: u8, a: i64) -> Result<i64, ScriptError> {
    Ok(match opcode {
        OP_1ADD => a + 1,
        OP_1SUB => a - 1,
        OP_NEGATE => -a,
        OP_ABS => a.abs(),
        OP_NOT => i64::from(a == 0),
        OP_0NOTEQUAL => i64::from(a != 0),
        _ => return Err(ScriptError::BadOpcode),
    })
}

fn binary(opcode: u8, a: i64, b: i64) -> Result<i64, ScriptError> {
    Ok(match opcode {
        OP_ADD => a + b,
        OP_SUB => a - b,
        OP_BOOLAND => i64::from(a != 0 && b != 0),
        OP_BOOLOR => i64::from(a != 0 || b != 0),
        OP_NUMEQUAL => i64::from(a == b),
        OP_NUMNOTEQUAL => i64::from(a != b),
        OP_LESSTHAN => i64::from(a < b),
        OP_GREATERTHAN => i64::from(a > b),
        OP_LESSTHANOREQUAL => i64::from(a <= b),
        OP_GREATERTHANOREQUAL => i64::from(a >= b),
        OP_MIN => a.min(b),
        OP_MAX => a.max(b),
        _ => return Err(ScriptError::BadOpcode),
    })
}
