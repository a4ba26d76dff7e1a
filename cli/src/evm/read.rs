//! Files with blocks and what belongs to them.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use flate2::read::GzDecoder;
use outrider_evm::execution_witness::BlockForm;

/// Reads a file, unpacked when its name ends in `.gz`.
pub(super) fn read_bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let context = || path.display().to_string();
    let bytes = std::fs::read(path).with_context(context)?;
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Ok(bytes);
    }
    let mut unpacked = Vec::new();
    GzDecoder::new(&bytes[..]).read_to_end(&mut unpacked).with_context(context)?;
    Ok(unpacked)
}

/// Reads JSON; of an answer to a call, the result.
pub(super) fn read_json(path: &Path) -> anyhow::Result<serde_json::Value> {
    let json = serde_json::from_slice(&read_bytes(path)?);
    Ok(result(json.with_context(|| format!("{}: no JSON", path.display()))?))
}

/// Reads a block: hex digits as they are, or the answer to a call, with the block in hex or as an object.
pub(super) fn read_block(path: &Path) -> anyhow::Result<BlockForm> {
    let text =
        String::from_utf8(read_bytes(path)?).with_context(|| format!("{}: no text", path.display()))?;
    let digits = match serde_json::from_str(&text).map(result) {
        Ok(serde_json::Value::String(digits)) => digits,
        Ok(json) => return Ok(BlockForm::Json(json)),
        Err(_) => text.trim().to_owned(),
    };
    let bytes = digits.parse().with_context(|| format!("{}: no block in hex", path.display()))?;
    Ok(BlockForm::Rlp(bytes))
}

/// Of an answer to a call, the result.
fn result(mut json: serde_json::Value) -> serde_json::Value {
    json.get_mut("result").map(serde_json::Value::take).unwrap_or(json)
}
