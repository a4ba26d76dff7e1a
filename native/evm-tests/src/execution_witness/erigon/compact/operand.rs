//! Operands of compact witnesses: bytes, and CBOR numbers and byte strings.
//!
//! Witnesses use two types of CBOR items, both with a length before them. Reading these takes fewer lines than turning
//! the errors of a library such as minicbor into those of a compact witness, with their offset; and `deny.toml` does not
//! allow its licence, Blue Oak 1.0.0.

use super::CompactError;

/// A reader of operands.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    /// The offset of the next operand.
    pub(super) offset: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], CompactError> {
        let end = CompactError::End { offset: self.bytes.len() };
        let next = usize::try_from(length).ok().and_then(|length| self.offset.checked_add(length));
        let next = next.ok_or_else(|| end.clone())?;
        let taken = self.bytes.get(self.offset..next).ok_or(end)?;
        self.offset = next;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, CompactError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CompactError> {
        let end = CompactError::End { offset: self.bytes.len() };
        self.take(N as u64)?.try_into().map_err(|_| end)
    }

    /// Reads the head of a CBOR item ([RFC 8949](https://www.rfc-editor.org/rfc/rfc8949#section-3)): its type and a
    /// number.
    fn head(&mut self) -> Result<(u8, u64), CompactError> {
        let offset = self.offset;
        let byte = self.byte()?;
        let number = match byte & 0x1f {
            small @ 0..24 => small.into(),
            24 => self.byte()?.into(),
            25 => u16::from_be_bytes(self.array()?).into(),
            26 => u32::from_be_bytes(self.array()?).into(),
            27 => u64::from_be_bytes(self.array()?),
            _ => return Err(CompactError::Operand { offset, expected: "CBOR item with a length" }),
        };
        Ok((byte >> 5, number))
    }

    pub(super) fn number(&mut self) -> Result<u64, CompactError> {
        let offset = self.offset;
        match self.head()? {
            (CBOR_NUMBER, number) => Ok(number),
            _ => Err(CompactError::Operand { offset, expected: "number" }),
        }
    }

    pub(super) fn string(&mut self) -> Result<&'a [u8], CompactError> {
        let offset = self.offset;
        match self.head()? {
            (CBOR_BYTES, length) => self.take(length),
            _ => Err(CompactError::Operand { offset, expected: "byte string" }),
        }
    }

    /// Reads the nibbles of a key.
    pub(super) fn key(&mut self) -> Result<Vec<u8>, CompactError> {
        let offset = self.offset;
        let key = match self.string()? {
            [nibble @ 0..16] => vec![*nibble],
            [flags @ 0..4, packed @ ..] if !packed.is_empty() => {
                let mut nibbles: Vec<u8> = packed.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).collect();
                if flags & KEY_IS_ODD != 0 {
                    nibbles.pop();
                }
                nibbles
            }
            _ => return Err(CompactError::Operand { offset, expected: "key" }),
        };
        Ok(key)
    }
}

const KEY_IS_ODD: u8 = 1;

const CBOR_NUMBER: u8 = 0;
const CBOR_BYTES: u8 = 2;
