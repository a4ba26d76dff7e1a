//! A file that is only read: writes to it stay in memory, and are dropped.
//!
//! redb writes while it opens, closes and recovers a database. Over this overlay it does all of that, with every check,
//! and the file stays unchanged.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    sync::{Mutex, MutexGuard, PoisonError},
};

use redb::StorageBackend;

/// A file with an overlay of written pages.
#[derive(Debug)]
pub(crate) struct Overlay(Mutex<State>);

#[derive(Debug)]
struct State {
    file: File,
    /// The length up to which the file counts, in bytes; zeros follow.
    file_len: u64,
    len: u64,
    /// Written pages, by index.
    pages: BTreeMap<u64, Box<Page>>,
}

type Page = [u8; PAGE_BYTES];

/// The unit of the overlay: redb's own page.
const PAGE_BYTES: usize = 4096;

impl Overlay {
    /// Makes an overlay over a file that is open for reading.
    pub(crate) fn over(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self(Mutex::new(State { file, file_len: len, len, pages: BTreeMap::new() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        state.check(offset, out.len())?;
        state.read_file(offset, out)?;
        for (page, at, part) in parts(offset, out) {
            if let Some(written) = state.pages.get(&page) {
                part.copy_from_slice(&written[at..at + part.len()]);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        let (last, at) = (len / PAGE_BYTES as u64, (len % PAGE_BYTES as u64) as usize);
        state.pages.split_off(&(last + 1));
        if let Some(page) = state.pages.get_mut(&last) {
            page[at..].fill(0);
        }
        state.file_len = state.file_len.min(len);
        state.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        state.check(offset, data.len())?;
        let mut data = data.to_vec();
        for (page, at, part) in parts(offset, &mut data) {
            if !state.pages.contains_key(&page) {
                let mut whole = [0; PAGE_BYTES];
                state.read_file(page * PAGE_BYTES as u64, &mut whole)?;
                state.pages.insert(page, Box::new(whole));
            }
            if let Some(whole) = state.pages.get_mut(&page) {
                whole[at..at + part.len()].copy_from_slice(part);
            }
        }
        Ok(())
    }
}

impl State {
    fn check(&self, offset: u64, length: usize) -> io::Result<()> {
        let end = offset.checked_add(length as u64);
        if end.is_some_and(|end| end <= self.len) { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Reads from the file, with zeros after its end.
    fn read_file(&mut self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = usize::try_from(self.file_len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let (from_file, after) = out.split_at_mut(there.min(out.len()));
        after.fill(0);
        if from_file.is_empty() {
            return Ok(());
        }
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(from_file)
    }
}

/// Splits a range by pages: the page, the offset in it, and the part of the bytes.
fn parts(offset: u64, bytes: &mut [u8]) -> impl Iterator<Item = (u64, usize, &mut [u8])> {
    let (mut offset, mut rest) = (offset, bytes);
    std::iter::from_fn(move || {
        let (page, at) = (offset / PAGE_BYTES as u64, (offset % PAGE_BYTES as u64) as usize);
        let bytes = std::mem::take(&mut rest);
        if bytes.is_empty() {
            return None;
        }
        let (part, after) = bytes.split_at_mut((PAGE_BYTES - at).min(bytes.len()));
        (offset, rest) = (offset + part.len() as u64, after);
        Some((page, at, part))
    })
}
