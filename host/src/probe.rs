//! Probes: rewrites metered modules so that they tell the host which functions they enter and leave.
//!
//! [`probe`] gives the modules of an EE two more imports, of [`IMPORT_MODULE`](crate::meter::IMPORT_MODULE), and has
//! each function call them: [`ENTER_IMPORT`] with the function's number when it starts, [`LEAVE_IMPORT`] when it
//! returns. A function that traps does not leave, and neither do its callers. See `rewrite` for what is written.
//!
//! The modules must be metered before: at calls and returns, the fuel counter then holds what is left, to the
//! unit. As probes are written in later, they cost no fuel and take no stack that counts, and an execution of a probed
//! EE spends and answers the same as any other.
//!
//! *Invariant*: no other module can import the probes. One that is metered is refused if it imports from that module
//! name, one that is not finds no library of the name.

mod names;
mod rewrite;

use std::sync::Arc;

use crate::meter::MeterError;
use crate::program::Program;
use names::function_names;
use rewrite::rewrite;

/// The import that functions call first, of type `(i32) -> ()`.
pub(crate) const ENTER_IMPORT: &str = "enter";

/// The import that functions call last, of type `() -> ()`.
pub(crate) const LEAVE_IMPORT: &str = "leave";

/// How many imports that makes.
pub(crate) const N_PROBES: u32 = 2;

/// Writes probes into the modules of a metered program, and returns the names of their functions, by number.
///
/// The numbers are the indices of the EE's own functions, imported ones included, and then those of the
/// libraries, in the same way.
///
/// # Errors
///
/// See [`MeterError`]; no module that has been metered can cause one.
pub(crate) fn probe(program: &Program) -> Result<(Program, Vec<Arc<str>>), MeterError> {
    let mut names = function_names(&program.code, None);
    let code = rewrite(&program.code, 0)?;
    let mut libraries = Vec::new();
    for (name, library) in &program.libraries {
        let first_number = u32::try_from(names.len()).unwrap_or(u32::MAX);
        libraries.push((name.clone(), rewrite(library, first_number)?));
        names.extend(function_names(library, Some(name)));
    }
    Ok((Program { code, libraries, needs: program.needs }, names))
}
