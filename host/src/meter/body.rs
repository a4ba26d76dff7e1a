//! Reads a function body without its dead code.

use wasmparser::{FunctionBody, Operator, OperatorsReader};

use super::MeterError;

/// The instructions of a function body without its dead code.
///
/// Dead code is the code after `br`, `br_table`, `return` or `unreachable` up to the `else` or `end` of the enclosing
/// construct. Both passes over a body, the analysis and the rewriting, read it through this type. So they see the same
/// instructions, and neither has to handle polymorphic stacks.
pub(super) struct LiveBody<'a> {
    reader: OperatorsReader<'a>,
    dead: bool,
}

/// One reachable instruction.
pub(super) struct Instruction<'a> {
    pub(super) operator: Operator<'a>,
    /// Its offset in the module.
    pub(super) start: usize,
    /// The offset of its end.
    pub(super) end: usize,
    /// Whether control can come here from the instruction before. It is false only for an `else` or `end` after dead
    /// code.
    pub(super) entered: bool,
}

impl<'a> LiveBody<'a> {
    pub(super) fn new(body: &FunctionBody<'a>) -> Result<Self, MeterError> {
        Ok(Self { reader: body.get_operators_reader()?, dead: false })
    }

    /// Returns the offset of the next instruction in the module.
    pub(super) fn offset(&self) -> usize {
        self.reader.original_position()
    }

    /// Returns the next instruction, or `None` after the last `end`.
    pub(super) fn next(&mut self) -> Result<Option<Instruction<'a>>, MeterError> {
        let mut nested = 0_u32;
        while !self.reader.eof() {
            let (operator, start) = self.reader.read_with_offset()?;
            if self.dead {
                match operator {
                    Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => nested += 1,
                    Operator::End if nested > 0 => nested -= 1,
                    Operator::Else | Operator::End if nested == 0 => {
                        return Ok(Some(self.revive(operator, start)));
                    }
                    _ => {}
                }
                continue;
            }
            self.dead = ends_control(&operator);
            return Ok(Some(Instruction {
                operator,
                start,
                end: self.reader.original_position(),
                entered: true,
            }));
        }
        Ok(None)
    }

    fn revive(&mut self, operator: Operator<'a>, start: usize) -> Instruction<'a> {
        self.dead = false;
        Instruction { operator, start, end: self.reader.original_position(), entered: false }
    }
}

/// Returns whether the code after `operator`, up to the end of the construct, is dead.
fn ends_control(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Br { .. } | Operator::BrTable { .. } | Operator::Return | Operator::Unreachable
    )
}
