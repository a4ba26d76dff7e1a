//! The container of iden3's files (`@iden3/binfileutils`): four bytes of kind, the version, the number of sections, and
//! sections of a number (`u32`), a size (`u64`) and as many bytes; all little-endian.

use super::{
    CeremonyError,
    error::Fault,
    point::{self, Point},
};
use rayon::prelude::*;
use std::{
    collections::BTreeMap,
    fmt,
    io::{Read, Seek, SeekFrom, Write},
};

/// Sections of a file; snarkjs writes at most 11.
const SECTIONS_MAX: u32 = 16;
const HEADER_BYTES: u64 = 12;

/// A section: the kind of its file and its number. Zero is the file's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionId {
    kind: [u8; 4],
    number: u32,
}

impl fmt::Display for SectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: &[&str] = match &self.kind {
            b"ptau" => &[
                "",
                "header",
                "tauG1",
                "tauG2",
                "alphaTauG1",
                "betaTauG1",
                "betaG2",
                "contributions",
                "",
                "",
                "",
                "",
                "Lagrange of tauG1",
                "Lagrange of tauG2",
                "Lagrange of alphaTauG1",
                "Lagrange of betaTauG1",
            ],
            _ => {
                &["", "protocol", "header", "IC", "coefficients", "A", "B1", "B2", "L", "H", "contributions"]
            }
        };
        match (self.number, usize::try_from(self.number).ok().and_then(|number| names.get(number))) {
            (0, _) => write!(f, "the table of sections"),
            (number, Some(name)) if !name.is_empty() => write!(f, "section {number} ({name})"),
            (number, _) => write!(f, "section {number}"),
        }
    }
}

/// A file whose sections lie in it as a whole, once each, and are all of it.
pub(super) struct BinFile<R> {
    reader: R,
    kind: [u8; 4],
    /// Position and size by number, in bytes.
    sections: BTreeMap<u32, (u64, u64)>,
}

impl<R: Read + Seek> BinFile<R> {
    /// Finds the sections of a file.
    ///
    /// # Errors
    ///
    /// Fails if the file is of another kind, of a version above `version`, or if its sections are not all of the file.
    pub(super) fn open(mut reader: R, kind: [u8; 4], version: u32) -> Result<Self, CeremonyError> {
        let io = |source| CeremonyError::Io { section: SectionId { kind, number: 0 }, position: 0, source };
        let length = reader.seek(SeekFrom::End(0)).map_err(io)?;
        let mut file = Self { reader, kind, sections: BTreeMap::from([(0, (0, length))]) };
        let mut header = file.section(0)?;
        let found = header.take::<4>(&mut file)?;
        if found != kind {
            return Err(file.fault(0, 0, Fault::Magic { expected: kind }));
        }
        let found = header.u32(&mut file)?;
        if found == 0 || found > version {
            return Err(file.fault(0, 4, Fault::Version(found)));
        }
        let count = header.u32(&mut file)?;
        if count > SECTIONS_MAX {
            return Err(file.fault(0, 8, Fault::Unknown));
        }
        let mut position = HEADER_BYTES;
        for _ in 0..count {
            position = file.find_section(position, length)?;
        }
        if position != length {
            return Err(file.fault(0, position, Fault::Trailing));
        }
        Ok(file)
    }

    /// Notes the section that begins at a position, and returns the position after it.
    fn find_section(&mut self, position: u64, length: u64) -> Result<u64, CeremonyError> {
        let mut header = Cursor { section: 0, position, end: length };
        let number = header.u32(self)?;
        let size = header.u64(self)?;
        let end = header.position.checked_add(size).filter(|end| *end <= length);
        let end = end.ok_or_else(|| self.fault(number, position, Fault::Truncated))?;
        if self.sections.insert(number, (header.position, size)).is_some() {
            return Err(self.fault(number, position, Fault::Duplicate));
        }
        Ok(end)
    }

    /// Fails unless all sections have one of these numbers.
    pub(super) fn only(&self, known: impl Fn(u32) -> bool) -> Result<(), CeremonyError> {
        match self.sections.iter().find(|(number, _)| **number != 0 && !known(**number)) {
            Some((number, (position, _))) => Err(self.fault(*number, *position, Fault::Unknown)),
            None => Ok(()),
        }
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.sections.contains_key(&number)
    }

    pub(super) fn id(&self, number: u32) -> SectionId {
        SectionId { kind: self.kind, number }
    }

    /// Returns the whole of a section.
    pub(super) fn section(&self, number: u32) -> Result<Cursor, CeremonyError> {
        let (position, size) =
            *self.sections.get(&number).ok_or_else(|| self.fault(number, 0, Fault::Missing))?;
        // Sections were found to end in the file.
        Ok(Cursor { section: number, position, end: position.saturating_add(size) })
    }

    /// Returns the whole of a section that has a size.
    pub(super) fn sized(&self, number: u32, expected: u64) -> Result<Cursor, CeremonyError> {
        let section = self.section(number)?;
        let got = section.left();
        let size_fault = || self.fault(number, section.position, Fault::Size { got, expected });
        if got == expected { Ok(section) } else { Err(size_fault()) }
    }

    pub(super) fn fault(&self, number: u32, position: u64, fault: Fault) -> CeremonyError {
        CeremonyError::File { section: self.id(number), position, fault }
    }
}

/// A part of a section that is yet to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    section: u32,
    position: u64,
    end: u64,
}

impl Cursor {
    pub(super) fn left(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn skip<R: Read + Seek>(
        &mut self,
        file: &BinFile<R>,
        bytes: u64,
    ) -> Result<(), CeremonyError> {
        if bytes > self.left() {
            return Err(file.fault(self.section, self.position, Fault::Truncated));
        }
        self.position = self.position.saturating_add(bytes);
        Ok(())
    }

    /// Reads bytes; nothing is allocated for bytes that the file does not have.
    pub(super) fn bytes<R: Read + Seek>(
        &mut self,
        file: &mut BinFile<R>,
        count: usize,
    ) -> Result<Vec<u8>, CeremonyError> {
        let position = self.position;
        self.skip(file, count as u64)?;
        let section = file.id(self.section);
        let io = |source| CeremonyError::Io { section, position, source };
        file.reader.seek(SeekFrom::Start(position)).map_err(io)?;
        let mut bytes = vec![0; count];
        file.reader.read_exact(&mut bytes).map_err(io)?;
        Ok(bytes)
    }

    pub(super) fn take<const N: usize>(
        &mut self,
        file: &mut BinFile<impl Read + Seek>,
    ) -> Result<[u8; N], CeremonyError> {
        let mut array = [0; N];
        array.copy_from_slice(&self.bytes(file, N)?);
        Ok(array)
    }

    pub(super) fn u32(&mut self, file: &mut BinFile<impl Read + Seek>) -> Result<u32, CeremonyError> {
        self.take(file).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, file: &mut BinFile<impl Read + Seek>) -> Result<u64, CeremonyError> {
        self.take(file).map(u64::from_le_bytes)
    }

    /// Reads a point that is not infinity.
    pub(super) fn point<P: Point>(
        &mut self,
        file: &mut BinFile<impl Read + Seek>,
    ) -> Result<P, CeremonyError> {
        let position = self.position;
        let bytes = self.bytes(file, P::BYTES)?;
        point::read(&bytes).map_err(|fault| file.fault(self.section, position, fault))
    }

    /// Reads points on all cores.
    pub(super) fn points<P: Point>(
        &mut self,
        file: &mut BinFile<impl Read + Seek>,
        count: usize,
        read: fn(&[u8]) -> Result<P, Fault>,
    ) -> Result<Vec<P>, CeremonyError> {
        let position = self.position;
        let bytes = self.bytes(file, count.saturating_mul(P::BYTES))?;
        let points =
            bytes.par_chunks_exact(P::BYTES).map(|bytes| read(bytes).ok()).collect::<Option<Vec<_>>>();
        if let Some(points) = points {
            return Ok(points);
        }
        // One at a time, so that the error is the first.
        for (bytes, index) in bytes.chunks_exact(P::BYTES).zip(0_u64..) {
            let position = position.saturating_add(index.saturating_mul(P::BYTES as u64));
            read(bytes).map_err(|fault| file.fault(self.section, position, fault))?;
        }
        Ok(Vec::new())
    }

    /// Fails unless all was read.
    pub(super) fn all(&self, file: &BinFile<impl Read + Seek>) -> Result<(), CeremonyError> {
        if self.left() == 0 { Ok(()) } else { Err(file.fault(self.section, self.position, Fault::Trailing)) }
    }
}

/// Writes a file of sections of numbers and bytes.
pub(super) fn write(
    mut to: impl Write,
    kind: [u8; 4],
    sections: &[(u32, Vec<u8>)],
) -> Result<(), CeremonyError> {
    let mut position = 0_u64;
    let mut put = |number, bytes: &[u8]| {
        let section = SectionId { kind, number };
        let result = to.write_all(bytes).map_err(|source| CeremonyError::Io { section, position, source });
        position = position.saturating_add(bytes.len() as u64);
        result
    };
    put(0, &kind)?;
    put(0, &1_u32.to_le_bytes())?;
    put(0, &(sections.len() as u32).to_le_bytes())?;
    for (number, bytes) in sections {
        put(*number, &number.to_le_bytes())?;
        put(*number, &(bytes.len() as u64).to_le_bytes())?;
        put(*number, bytes)?;
    }
    Ok(())
}

/// Returns points as files have them.
pub(super) fn points<P: Point>(points: &[P]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(points.len().saturating_mul(P::BYTES));
    points.iter().for_each(|point| point::write(point, &mut bytes));
    bytes
}
