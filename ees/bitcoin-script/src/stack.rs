//! The stack of elements, and the stack of conditions.

use alloc::vec::Vec;

use crate::{ScriptError, number};

/// A stack of byte strings.
#[derive(Clone, Default)]
pub(crate) struct Stack(Vec<Vec<u8>>);

impl Stack {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn push(&mut self, element: impl Into<Vec<u8>>) {
        self.0.push(element.into());
    }

    pub(crate) fn push_number(&mut self, number: i64) {
        self.push(number::encode(number));
    }

    pub(crate) fn push_bool(&mut self, value: bool) {
        self.push_number(i64::from(value));
    }

    pub(crate) fn pop(&mut self) -> Result<Vec<u8>, ScriptError> {
        self.0.pop().ok_or(ScriptError::InvalidStackOperation)
    }

    /// Fails if there are fewer than `n` elements.
    pub(crate) fn require(&self, n: usize) -> Result<(), ScriptError> {
        if self.0.len() < n { Err(ScriptError::InvalidStackOperation) } else { Ok(()) }
    }

    /// Returns the element `depth` below the top, which has depth 0.
    pub(crate) fn peek(&self, depth: usize) -> Result<&[u8], ScriptError> {
        Ok(&self.0[self.index(depth)?])
    }

    /// Removes the element `depth` below the top.
    pub(crate) fn remove(&mut self, depth: usize) -> Result<Vec<u8>, ScriptError> {
        let index = self.index(depth)?;
        Ok(self.0.remove(index))
    }

    /// Pushes a copy of the element `depth` below the top.
    pub(crate) fn copy(&mut self, depth: usize) -> Result<(), ScriptError> {
        let element = self.peek(depth)?.to_vec();
        self.0.push(element);
        Ok(())
    }

    /// Moves the element `depth` below the top to the top.
    pub(crate) fn roll(&mut self, depth: usize) -> Result<(), ScriptError> {
        let element = self.remove(depth)?;
        self.0.push(element);
        Ok(())
    }

    /// Inserts a copy of the top below the element under it.
    pub(crate) fn tuck(&mut self) -> Result<(), ScriptError> {
        let index = self.index(1)?;
        let top = self.peek(0)?.to_vec();
        self.0.insert(index, top);
        Ok(())
    }

    fn index(&self, depth: usize) -> Result<usize, ScriptError> {
        let above = depth.checked_add(1).and_then(|n| self.0.len().checked_sub(n));
        above.ok_or(ScriptError::InvalidStackOperation)
    }
}

impl<T: Into<Vec<u8>>> FromIterator<T> for Stack {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().map(Into::into).collect())
    }
}

/// The conditions of the enclosing `OP_IF`s: only their number and the outermost false one matter.
#[derive(Default)]
pub(crate) struct Conditions {
    n: u32,
    first_false: Option<u32>,
}

impl Conditions {
    pub(crate) fn is_empty(&self) -> bool {
        self.n == 0
    }

    pub(crate) fn are_true(&self) -> bool {
        self.first_false.is_none()
    }

    pub(crate) fn push(&mut self, condition: bool) {
        if self.first_false.is_none() && !condition {
            self.first_false = Some(self.n);
        }
        // A script has fewer than 2^32 bytes, because a transaction has at most four million.
        self.n = self.n.saturating_add(1);
    }

    /// Inverts the innermost condition.
    pub(crate) fn toggle(&mut self) -> Result<(), ScriptError> {
        let innermost = self.n.checked_sub(1).ok_or(ScriptError::UnbalancedConditional)?;
        match self.first_false {
            None => self.first_false = Some(innermost),
            Some(index) if index == innermost => self.first_false = None,
            // An outer condition is false, so that the innermost one cannot be observed.
            Some(_) => {}
        }
        Ok(())
    }

    pub(crate) fn pop(&mut self) -> Result<(), ScriptError> {
        self.n = self.n.checked_sub(1).ok_or(ScriptError::UnbalancedConditional)?;
        if self.first_false == Some(self.n) {
            self.first_false = None;
        }
        Ok(())
    }
}
