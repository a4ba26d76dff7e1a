//! `debug`: logging, without effect on the state.

use super::{Call, read};
use crate::error::HostCallError;
use crate::execution::LogValue;

pub(crate) fn print32(call: &mut Call<'_>, value: u32) -> Result<(), HostCallError> {
    log_u32(call, "debug.print32", value)
}

pub(crate) fn print64(call: &mut Call<'_>, value: u64) -> Result<(), HostCallError> {
    call.execution.log("debug.print64", size_of::<u64>(), || LogValue::U64(value));
    Ok(())
}

pub(crate) fn print_mem(call: &mut Call<'_>, pointer: u32, length: u32) -> Result<(), HostCallError> {
    // The text is at least as long as the bytes; replacements of bytes that are not UTF-8 make it longer.
    log_memory(call, "debug.printMem", [pointer, length], |bytes| {
        LogValue::Text(String::from_utf8_lossy(bytes).into_owned())
    })
}

pub(crate) fn print_mem_hex(call: &mut Call<'_>, pointer: u32, length: u32) -> Result<(), HostCallError> {
    log_bytes(call, "debug.printMemHex", [pointer, length])
}

pub(crate) fn log(call: &mut Call<'_>, value: u32) -> Result<(), HostCallError> {
    log_u32(call, "debug.log", value)
}

pub(crate) fn mem(call: &mut Call<'_>, pointer: u32, length: u32) -> Result<(), HostCallError> {
    log_bytes(call, "debug.mem", [pointer, length])
}

pub(crate) fn print_f2(call: &mut Call<'_>, value: u32) -> Result<(), HostCallError> {
    log_u32(call, "debug.print_f2", value)
}

pub(crate) fn print_f6(call: &mut Call<'_>, value: u32) -> Result<(), HostCallError> {
    log_u32(call, "debug.print_f6", value)
}

fn log_u32(call: &mut Call<'_>, import: &'static str, value: u32) -> Result<(), HostCallError> {
    call.execution.log(import, size_of::<u32>(), || LogValue::U32(value));
    Ok(())
}

fn log_bytes(call: &mut Call<'_>, import: &'static str, range: [u32; 2]) -> Result<(), HostCallError> {
    log_memory(call, import, range, |bytes| LogValue::Bytes(bytes.to_vec()))
}

/// Logs a conversion of a memory range, which takes at least as many bytes as the range.
fn log_memory(
    call: &mut Call<'_>,
    import: &'static str,
    [pointer, length]: [u32; 2],
    value: fn(&[u8]) -> LogValue,
) -> Result<(), HostCallError> {
    call.read_charged(pointer, length)?;
    let Call { memory, execution, .. } = call;
    let bytes = read(memory, pointer, length)?;
    execution.log(import, bytes.len(), || value(bytes));
    Ok(())
}
