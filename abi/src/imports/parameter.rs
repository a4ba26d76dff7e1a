//! The parameters and results of imports.

/// A parameter of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name.
    pub name: &'static str,
    /// The kind of argument.
    pub kind: ParameterKind,
}

/// The kind of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A pointer from which the host reads.
    Read,
    /// A pointer to which the host writes.
    Written,
    /// A number.
    Number(ValueType),
}

/// The types of parameters and results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
}

impl Parameter {
    /// Returns whether it is a pointer into the EE's memory; all others are numbers.
    pub const fn is_pointer(&self) -> bool {
        matches!(self.kind, ParameterKind::Read | ParameterKind::Written)
    }

    /// Returns whether it is a pointer to which the host writes.
    pub const fn is_written(&self) -> bool {
        matches!(self.kind, ParameterKind::Written)
    }

    /// Returns its type; pointers are numbers of 32 bits.
    pub const fn value_type(&self) -> ValueType {
        match self.kind {
            ParameterKind::Read | ParameterKind::Written => ValueType::I32,
            ParameterKind::Number(ty) => ty,
        }
    }
}

pub(super) const fn read(name: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::Read }
}

pub(super) const fn written(name: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::Written }
}

pub(super) const fn number(name: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::Number(ValueType::I32) }
}

pub(super) const fn number64(name: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::Number(ValueType::I64) }
}
