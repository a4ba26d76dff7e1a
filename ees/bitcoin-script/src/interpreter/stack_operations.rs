//! Operations that move elements.

use super::Interpreter;
use crate::{
    ScriptError,
    number::is_true,
    opcode::{
        OP_2DROP, OP_2DUP, OP_2OVER, OP_2ROT, OP_2SWAP, OP_3DUP, OP_DEPTH, OP_DROP, OP_DUP, OP_FROMALTSTACK,
        OP_IFDUP, OP_NIP, OP_OVER, OP_PICK, OP_ROLL, OP_ROT, OP_SIZE, OP_SWAP, OP_TOALTSTACK, OP_TUCK,
    },
};

impl<C: crate::Crypto> Interpreter<'_, C> {
    pub(super) fn move_elements(&mut self, opcode: u8) -> Result<(), ScriptError> {
        let stack = &mut *self.stack;
        match opcode {
            OP_TOALTSTACK => {
                let element = stack.pop()?;
                self.altstack.push(element);
                Ok(())
            }
            OP_FROMALTSTACK => {
                let element = self.altstack.pop().map_err(|_| ScriptError::InvalidAltstackOperation)?;
                stack.push(element);
                Ok(())
            }
            OP_2DROP => stack.pop().and_then(|_| stack.pop()).map(drop),
            OP_2DUP => (0..2).try_for_each(|_| stack.copy(1)),
            OP_3DUP => (0..3).try_for_each(|_| stack.copy(2)),
            OP_2OVER => (0..2).try_for_each(|_| stack.copy(3)),
            OP_2ROT => (0..2).try_for_each(|_| stack.roll(5)),
            OP_2SWAP => (0..2).try_for_each(|_| stack.roll(3)),
            OP_IFDUP => {
                if is_true(stack.peek(0)?) {
                    stack.copy(0)?;
                }
                Ok(())
            }
            OP_DEPTH => {
                stack.push_number(stack.len() as i64);
                Ok(())
            }
            OP_DROP => stack.pop().map(drop),
            OP_DUP => stack.copy(0),
            OP_NIP => stack.remove(1).map(drop),
            OP_OVER => stack.copy(1),
            OP_PICK | OP_ROLL => {
                stack.require(2)?;
                let depth = self.operand(0)?;
                self.stack.pop()?;
                let depth = usize::try_from(depth).map_err(|_| ScriptError::InvalidStackOperation)?;
                if opcode == OP_PICK { self.stack.copy(depth) } else { self.stack.roll(depth) }
            }
            OP_ROT => stack.roll(2),
            OP_SWAP => stack.roll(1),
            OP_TUCK => stack.tuck(),
            OP_SIZE => {
                let size = stack.peek(0)?.len();
                stack.push_number(size as i64);
                Ok(())
            }
            _ => Err(ScriptError::BadOpcode),
        }
    }
}
