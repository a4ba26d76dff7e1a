//! `debug`: logging, without effect on the state.

use super::Call;
use crate::error::HostCallError;
use crate::execution::LogValue;

pub(crate) fn print32(call: &mut Call<'_>, value: u32) -> Result<(), HostCallError> {
    log_u32(call, "debug.print32", value)
}

pub(crate) fn print64(call: &mut Call<'_>, value: u64) -> Result<(), HostCallError> {
    call.execution.log("debug.print64", LogValue::U64(value));
    Ok(())
}

pub(crate) fn print_mem(call: &mut Call<'_>, pointer: u32, length: u32) -> Result<(), HostCallError> {
    let text = String::from_utf8_lossy(call.read_charged(pointer, length)?).into_owned();
    call.execution.log("debug.printMem", LogValue::Text(text));
    Ok(())
}

pub(crate) fn print_mem_hex(call: &mut Call<'_>, pointer: u32, length: u32) -> Result<(), HostCallError> {
    log_bytes(call, "debug.printMemHex", pointer, length)
}

pub(crate) fn log(call: &mut Call<'_>, value: u32) -> Result<(), HostCallError> {
    log_u32(call, "debug.log", value)
}

pub(crate) fn mem(call: &mut Call<'_>, pointer: u32, length: u32) -> Result<(), HostCallError> {
    log_bytes(call, "debug.mem", pointer, length)
}

pub(crate) fn print_f2(call: &mut Call<'_>, value: u32) -> Result<(), HostCallError> {
    log_u32(call, "debug.print_f2", value)
}

pub(crate) fn print_f6(call: &mut Call<'_>, value: u32) -> Result<(), HostCallError> {
    log_u32(call, "debug.print_f6", value)
}

fn log_u32(call: &mut Call<'_>, import: &'static str, value: u32) -> Result<(), HostCallError> {
    call.execution.log(import, LogValue::U32(value));
    Ok(())
}

fn log_bytes(
    call: &mut Call<'_>,
    import: &'static str,
    pointer: u32,
    length: u32,
) -> Result<(), HostCallError> {
    let bytes = call.read_charged(pointer, length)?.to_vec();
    call.execution.log(import, LogValue::Bytes(bytes));
    Ok(())
}
