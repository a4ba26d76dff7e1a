//! The engines that run the modules of the test suite.

use outrider_host::TrapKind;

/// A value, floats by their bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    I32(u32),
    I64(u64),
    F32(u32),
    F64(u64),
    V128(u128),
    NullFunction,
    Function,
}

/// The reason for which there is no result.
#[derive(Debug)]
#[expect(dead_code, reason = "engines' messages are only printed")]
pub(crate) enum Failure {
    /// An import is missing or has another type.
    Link(String),
    /// The module trapped.
    Trap(TrapKind),
    /// Anything else, which is never expected.
    Other(String),
}

/// An engine with the instances of one script. Each script has its own.
pub(crate) trait Session {
    /// Handle of an instance.
    type Instance: Clone;

    /// Starts a script, with the module `spectest` to import from.
    fn new() -> Self;

    /// Compiles and instantiates a module that is within the profile.
    fn instantiate(&mut self, code: &[u8]) -> Result<Self::Instance, Failure>;

    /// Makes an instance available to the imports of later modules.
    fn register(&mut self, name: &str, instance: &Self::Instance);

    /// Returns whether a registered module, or `spectest`, has something of this name.
    fn has(&mut self, module: &str, name: &str) -> bool;

    fn invoke(
        &mut self,
        instance: &Self::Instance,
        export: &str,
        arguments: &[Value],
    ) -> Result<Vec<Value>, Failure>;

    fn global(&mut self, instance: &Self::Instance, export: &str) -> Option<Value>;
}
