//! The text of scripts in Bitcoin Core's vectors (`ParseScript` in `src/core_io.cpp`).

use outrider_bitcoin_script::opcode::{
    ALL, OP_0, OP_1, OP_1NEGATE, OP_NOP, OP_PUSHDATA1, OP_PUSHDATA2, OP_RESERVED,
};

use super::{error::RowError, row::hex};

/// Assembles words: decimal numbers, `'text'`, raw `0x` bytes, and operations with or without `OP_`.
pub(super) fn assemble(text: &str) -> Result<Vec<u8>, RowError> {
    let words: Vec<Vec<u8>> = text.split_ascii_whitespace().map(assemble_word).collect::<Result<_, _>>()?;
    Ok(words.concat())
}

fn assemble_word(word: &str) -> Result<Vec<u8>, RowError> {
    let unknown = || RowError::Word { word: word.to_owned() };
    if let Ok(number) = word.parse::<i64>() {
        return push_number(number).ok_or_else(unknown);
    }
    if let Some(bytes) = word.strip_prefix("0x") {
        return hex(bytes);
    }
    if let Some(text) = word.strip_prefix('\'') {
        return text.strip_suffix('\'').and_then(|text| push(text.as_bytes())).ok_or_else(unknown);
    }
    let name = word.strip_prefix("OP_").unwrap_or(word);
    let found = ALL.iter().find(|(known, opcode)| {
        known.strip_prefix("OP_") == Some(name) && (*opcode >= OP_NOP || *opcode == OP_RESERVED)
    });
    found.map(|(_, opcode)| vec![*opcode]).ok_or_else(unknown)
}

fn push_number(number: i64) -> Option<Vec<u8>> {
    match number {
        0 => return Some(vec![OP_0]),
        -1 => return Some(vec![OP_1NEGATE]),
        1..=16 => return Some(vec![u8::try_from(number).ok()?.checked_add(OP_1 - 1)?]),
        _ => {}
    }
    let mut bytes = number.unsigned_abs().to_le_bytes().to_vec();
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    if bytes.last().is_some_and(|last| last & 0x80 != 0) {
        bytes.push(0);
    }
    if let (true, Some(last)) = (number < 0, bytes.last_mut()) {
        *last |= 0x80;
    }
    push(&bytes)
}

/// Pushes up to 65,535 bytes.
fn push(data: &[u8]) -> Option<Vec<u8>> {
    let [low, high] = u16::try_from(data.len()).ok()?.to_le_bytes();
    let head = match (low, high) {
        (length @ 0..=75, 0) => vec![length],
        (length, 0) => vec![OP_PUSHDATA1, length],
        (low, high) => vec![OP_PUSHDATA2, low, high],
    };
    Some([head, data.to_vec()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[u8]) {
        assert_eq!(assemble(text).unwrap(), expected, "{text}");
    }

    #[test]
    fn words_have_their_bytes() {
        check("", &[]);
        check(" 0  -1 1 16", &[0, 0x4f, 0x51, 0x60]);
        check("17 127 128 -128 -255 256", &[1, 17, 1, 127, 2, 128, 0, 2, 128, 0x80, 2, 255, 0x80, 2, 0, 1]);
        check("0x4c01 0x07 'ab' ''", &[0x4c, 1, 7, 2, b'a', b'b', 0]);
        check("NOP OP_ADD RESERVED CHECKSIGADD", &[0x61, 0x93, 0x50, 0xba]);
        let long = format!("'{}'", "a".repeat(256));
        check(&long, &[&[0x4d, 0, 1][..], &[b'a'; 256]].concat());
        check(&format!("'{}'", "a".repeat(76)), &[&[0x4c, 76][..], &[b'a'; 76]].concat());
    }

    #[test]
    fn other_words_are_refused() {
        for text in ["NO_SUCH", "0x1", "0xzz", "'open", "PUSHDATA1", "OP_1x"] {
            assert!(assemble(text).is_err(), "{text}");
        }
    }
}
