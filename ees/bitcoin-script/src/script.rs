//! Scripts as sequences of operations.

use alloc::{borrow::Cow, vec::Vec};

use crate::{
    ScriptError,
    opcode::{
        OP_0, OP_1, OP_1NEGATE, OP_16, OP_EQUAL, OP_HASH160, OP_PUSHDATA1, OP_PUSHDATA2, OP_PUSHDATA4,
        small_number,
    },
};

/// An operation of a script.
#[derive(Clone, Copy)]
pub(crate) struct Instruction<'a> {
    pub(crate) opcode: u8,
    /// The data of a push from `OP_0` to `OP_PUSHDATA4`.
    pub(crate) push: Option<&'a [u8]>,
    /// The offset of the next operation.
    pub(crate) end: usize,
}

/// Iterates over the operations of a script; the last item is an error if its data is cut off.
pub(crate) struct Instructions<'a> {
    script: &'a [u8],
    position: usize,
}

pub(crate) fn instructions(script: &[u8]) -> Instructions<'_> {
    Instructions { script, position: 0 }
}

impl<'a> Iterator for Instructions<'a> {
    type Item = Result<Instruction<'a>, ScriptError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&opcode, rest) = self.script.get(self.position..)?.split_first()?;
        let Some((push, rest)) = split_push(opcode, rest) else {
            self.position = self.script.len();
            return Some(Err(ScriptError::BadOpcode));
        };
        self.position = self.script.len() - rest.len();
        Some(Ok(Instruction { opcode, push, end: self.position }))
    }
}

/// Splits the data of a push from what follows its opcode; `None` if it is cut off.
fn split_push(opcode: u8, rest: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let length_bytes = match opcode {
        OP_0..OP_PUSHDATA1 => 0,
        OP_PUSHDATA1 => 1,
        OP_PUSHDATA2 => 2,
        OP_PUSHDATA4 => 4,
        _ => return Some((None, rest)),
    };
    let (length, rest) = rest.split_at_checked(length_bytes)?;
    let mut bytes = [0; 4];
    bytes[..length_bytes].copy_from_slice(length);
    let length = if length_bytes == 0 { usize::from(opcode) } else { u32::from_le_bytes(bytes) as usize };
    rest.split_at_checked(length).map(|(push, rest)| (Some(push), rest))
}

/// Returns whether the script only has pushes, for which also `OP_RESERVED` counts.
pub(crate) fn is_push_only(script: &[u8]) -> bool {
    instructions(script).all(|instruction| instruction.is_ok_and(|it| it.opcode <= OP_16))
}

/// Returns whether a push has its shortest form.
pub(crate) fn is_minimal_push(opcode: u8, push: &[u8]) -> bool {
    match push {
        [] => opcode == OP_0,
        [1..=16 | 0x81] => false,
        _ => push_opcode(push.len()) == opcode,
    }
}

/// Returns the bytes of a push with the shortest length field; unlike the shortest push, never `OP_1` to `OP_16`.
pub(crate) fn push(data: &[u8]) -> Vec<u8> {
    let opcode = push_opcode(data.len());
    let length_bytes = match opcode {
        OP_PUSHDATA1 => 1,
        OP_PUSHDATA2 => 2,
        OP_PUSHDATA4 => 4,
        _ => 0,
    };
    let mut bytes = Vec::with_capacity(1 + length_bytes + data.len());
    bytes.push(opcode);
    bytes.extend_from_slice(&data.len().to_le_bytes()[..length_bytes]);
    bytes.extend_from_slice(data);
    bytes
}

fn push_opcode(length: usize) -> u8 {
    match length {
        0..=0x4b => length as u8,
        0x4c..=0xff => OP_PUSHDATA1,
        0x100..=0xffff => OP_PUSHDATA2,
        _ => OP_PUSHDATA4,
    }
}

/// Returns whether the script is `OP_HASH160 <20 bytes> OP_EQUAL` (BIP 16).
pub(crate) fn is_p2sh(script: &[u8]) -> bool {
    matches!(script, [OP_HASH160, 20, .., OP_EQUAL]) && script.len() == 23
}

/// Returns version and program of a witness program: `OP_0` to `OP_16` and a push of 2 to 40 bytes (BIP 141).
pub(crate) fn witness_program(script: &[u8]) -> Option<(u8, &[u8])> {
    let [version @ (OP_0 | OP_1..=OP_16), length @ 2..=40, program @ ..] = script else { return None };
    (program.len() == usize::from(*length)).then_some((small_number(*version)?, program))
}

/// Returns the data that the last push of a script with only pushes leaves on the stack, as BIP 16 takes it for a script;
/// the pushes of numbers, which are no data, count as empty.
pub(crate) fn last_push(script: &[u8]) -> Option<&[u8]> {
    let mut last: &[u8] = &[];
    for instruction in instructions(script) {
        let instruction = instruction.ok().filter(|it| it.opcode <= OP_16)?;
        last = instruction.push.unwrap_or_default();
    }
    Some(last)
}

/// Removes each occurrence of `pattern` that begins where an operation does; returns whether there was one.
///
/// The search goes on right behind an occurrence, and stops at data that is cut off.
pub(crate) fn find_and_delete(script: &mut Cow<'_, [u8]>, pattern: &[u8]) -> bool {
    if pattern.is_empty() {
        return false;
    }
    let mut kept = Vec::new();
    let mut is_found = false;
    // The operations up to `start` are kept or deleted.
    let (mut start, mut position) = (0, 0);
    loop {
        let next = position;
        while script[position..].starts_with(pattern) {
            position += pattern.len();
        }
        if position > next {
            is_found = true;
            kept.extend_from_slice(&script[start..next]);
            start = position;
        }
        match (Instructions { script, position }).next() {
            Some(Ok(instruction)) => position = instruction.end,
            Some(Err(_)) | None => break,
        }
    }
    if is_found {
        kept.extend_from_slice(&script[start..]);
        *script = Cow::Owned(kept);
    }
    is_found
}

/// Returns what `OP_1NEGATE` and `OP_1` to `OP_16` push.
pub(crate) fn pushed_number(opcode: u8) -> Option<i64> {
    match opcode {
        OP_1NEGATE => Some(-1),
        OP_1..=OP_16 => small_number(opcode).map(i64::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases of Bitcoin Core's test `script_FindAndDelete` (`src/test/script_tests.cpp`, MIT).
    #[test]
    fn find_and_delete_is_that_of_bitcoin_core() {
        let cases: &[(&[u8], &[u8], &[u8])] = &[
            (&[0x51, 0x52], &[], &[0x51, 0x52]),
            (&[0x51, 0x52, 0x53], &[0x52], &[0x51, 0x53]),
            (&[0x53, 0x51, 0x53, 0x53, 0x54, 0x53], &[0x53], &[0x51, 0x54]),
            // A push and its data.
            (&[0x03, 0x02, 0xff, 0x03], &[0x03, 0x02, 0xff, 0x03], &[]),
            (&[0x03, 2, 0xff, 3, 3, 2, 0xff, 3], &[0x03, 2, 0xff, 3], &[]),
            // Data without its push does not begin where an operation does.
            (&[0x03, 2, 0xff, 3, 3, 2, 0xff, 3], &[2], &[0x03, 2, 0xff, 3, 3, 2, 0xff, 3]),
            (&[0x03, 2, 0xff, 3, 3, 2, 0xff, 3], &[0xff], &[0x03, 2, 0xff, 3, 3, 2, 0xff, 3]),
            // The first byte of a push is found, and its data become operations.
            (&[0x03, 2, 0xff, 3, 3, 2, 0xff, 3], &[3], &[2, 0xff, 3, 2, 0xff, 3]),
            (&[2, 0xfe, 0xed, 0x51, 0x69], &[0xfe, 0xed, 0x51], &[2, 0xfe, 0xed, 0x51, 0x69]),
            (&[2, 0xfe, 0xed, 0x51, 0x69], &[2, 0xfe, 0xed, 0x51], &[0x69]),
            (&[0x51, 0x69, 0x51, 0x69, 0x51, 0x69], &[0x51, 0x69], &[]),
            // A single pass.
            (&[0, 0, 0x51, 0x51], &[0, 0x51], &[0, 0x51]),
            (&[0, 0, 0x51, 0, 0x51, 0x51], &[0, 0x51], &[0, 0x51]),
            // Data that is cut off ends the search behind the last whole operation.
            (&[0x03, 0x9f, 0xfe], &[0x9f], &[0x03, 0x9f, 0xfe]),
        ];
        for (script, pattern, expected) in cases {
            let mut result = Cow::Borrowed(*script);
            assert_eq!(
                find_and_delete(&mut result, pattern),
                script != expected,
                "{script:x?} without {pattern:x?}"
            );
            assert_eq!(*result, **expected, "{script:x?} without {pattern:x?}");
        }
    }

    #[test]
    fn pushes_end_with_their_data() {
        assert!(instructions(&[OP_PUSHDATA2, 1]).next().is_some_and(|it| it.is_err()));
        assert!(
            instructions(&[OP_PUSHDATA4, 0xff, 0xff, 0xff, 0xff, 0]).next().is_some_and(|it| it.is_err())
        );
        for length in [0, 1, 75, 76, 255, 256, 65_535, 65_536] {
            let data = alloc::vec![7; length];
            let script = push(&data);
            let read: Vec<_> = instructions(&script).map(|it| it.unwrap()).collect();
            assert_eq!((read.len(), read[0].push), (1, Some(&data[..])));
            assert!(length == 1 || is_minimal_push(read[0].opcode, &data));
        }
    }

    #[test]
    fn witness_programs_have_2_to_40_bytes() {
        assert_eq!(witness_program(&[0x51, 2, 7, 7]), Some((1, &[7, 7][..])));
        assert_eq!(witness_program(&[0x60, 2, 7, 7]), Some((16, &[7, 7][..])));
        for script in
            [&[0x51, 1, 7][..], &[0x50, 2, 7, 7], &[0x61, 2, 7, 7], &[0x51, 2, 7], &[0x51, 2, 7, 7, 7]]
        {
            assert_eq!(witness_program(script), None);
        }
        let mut script = alloc::vec![0, 40];
        script.extend([0; 40]);
        assert!(witness_program(&script).is_some());
        script[1] = 41;
        script.push(0);
        assert_eq!(witness_program(&script), None);
    }
}
