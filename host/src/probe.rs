//! Probes: rewrites metered modules so that they report to the host which functions they enter and leave.
//!
//! [`probe`] adds two imports of [`IMPORT_MODULE`](crate::meter::IMPORT_MODULE) to the modules of an EE, and has each
//! function call them: [`ENTER_IMPORT`] with the function's number when it starts, [`LEAVE_IMPORT`] when it returns. A
//! function that traps does not leave, and neither do its callers. The added code is in `rewrite`.
//!
//! The modules must be metered first: at calls and returns, the fuel counter then holds exactly the fuel that is left.
//! Because probes are added after metering, they cost no fuel and no counted stack, and an execution of a probed EE
//! spends and returns the same as any other.
//!
//! *Invariant*: no other module can import the probes. Metering refuses a module that imports from that module name,
//! and an unmetered module finds no library of that name.

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

/// The number of these imports.
pub(crate) const N_PROBES: u32 = 2;

/// Adds probes to the modules of a metered program, and returns the names of their functions, by number.
///
/// The numbers are the indices of the EE's own functions, imported ones included, and then those of the libraries, in
/// the same way.
///
/// # Errors
///
/// Fails with [`MeterError`]; a metered module does not cause one.
pub(crate) fn probe(program: &Program) -> Result<(Program, Vec<Arc<str>>), MeterError> {
    let mut names = function_names(&program.code, None);
    let code = rewrite(&program.code, 0)?;
    let mut libraries = Vec::new();
    for (name, library) in &program.libraries {
        let first_number = u32::try_from(names.len()).unwrap_or(u32::MAX);
        libraries.push((name.clone(), rewrite(library, first_number)?));
        names.extend(function_names(library, Some(name)));
    }
    Ok((Program { code, libraries, requirements: program.requirements }, names))
}
