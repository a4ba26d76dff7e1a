//! The text of scripts in Bitcoin Core's vectors.

use outrider_bitcoin_script::opcode::{ALL, OP_0, OP_1, OP_1NEGATE, OP_NOP, OP_RESERVED};

use super::{fuzz::push, hex};

/// Assembles words: decimal numbers, `'text'`, raw `0x` bytes, and operations with or without `OP_`.
pub fn assemble(text: &str) -> Vec<u8> {
    text.split_whitespace().flat_map(word).collect()
}

fn word(word: &str) -> Vec<u8> {
    if let Ok(number) = word.parse::<i64>() {
        return number_push(number);
    }
    if let Some(bytes) = word.strip_prefix("0x") {
        return hex(bytes);
    }
    if let Some(text) = word.strip_prefix('\'') {
        return push(text.strip_suffix('\'').unwrap().as_bytes());
    }
    let name = word.strip_prefix("OP_").unwrap_or(word);
    let found = ALL.iter().find(|(known, opcode)| {
        known.strip_prefix("OP_") == Some(name) && (*opcode >= OP_NOP || *opcode == OP_RESERVED)
    });
    vec![found.unwrap_or_else(|| panic!("{word} is no operation")).1]
}

fn number_push(number: i64) -> Vec<u8> {
    match number {
        0 => vec![OP_0],
        -1 => vec![OP_1NEGATE],
        1..=16 => vec![OP_1 - 1 + number as u8],
        _ => {
            let mut bytes: Vec<u8> = number.unsigned_abs().to_le_bytes().to_vec();
            while bytes.last() == Some(&0) {
                bytes.pop();
            }
            if bytes.last().is_some_and(|last| last & 0x80 != 0) {
                bytes.push(0);
            }
            *bytes.last_mut().unwrap() |= if number < 0 { 0x80 } else { 0 };
            push(&bytes)
        }
    }
}
