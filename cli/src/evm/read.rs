//! Reads files with blocks, headers and witnesses.

use std::path::Path;

use anyhow::Context as _;
use outrider_evm::json::{self, JsonError};
use outrider_evm_tests::execution_witness::BlockForm;

use crate::files;

/// Reads a file, and unpacks it if its name ends in `.gz`.
pub(super) fn read_bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    files::read_unpacked(path).with_context(|| files::name(path))
}

/// Reads JSON. Of a JSON-RPC response, returns the result.
pub(super) fn read_json(path: &Path) -> anyhow::Result<serde_json::Value> {
    let json = json::read(&read_bytes(path)?);
    Ok(result(json.with_context(|| files::name(path))?))
}

/// Reads a block: hex digits, or a JSON-RPC response or its result, with the block in hex or as an object.
pub(super) fn read_block(path: &Path) -> anyhow::Result<BlockForm> {
    let text =
        String::from_utf8(read_bytes(path)?).with_context(|| format!("{}: not text", files::name(path)))?;
    let digits = match json::read(text.as_bytes()).map(result) {
        Ok(serde_json::Value::String(digits)) => digits,
        Ok(json) => return Ok(BlockForm::Json(json)),
        Err(JsonError::Syntax(_)) => text.trim().to_owned(),
        Err(error) => return Err(error).with_context(|| files::name(path)),
    };
    let bytes = digits.parse().with_context(|| format!("{}: not a block in hex", files::name(path)))?;
    Ok(BlockForm::Rlp(bytes))
}

/// Returns the result of a JSON-RPC response, or other JSON as it is.
fn result(mut json: serde_json::Value) -> serde_json::Value {
    json.get_mut("result").map(serde_json::Value::take).unwrap_or(json)
}
