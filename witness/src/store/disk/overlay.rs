//! A file that is only read: what is written to it stays in memory, and is forgotten.
//!
//! redb writes while it opens and closes a database, and when it recovers one. Over this it does all of that, with every check,
//! and the file stays as it is.

use std::{
    boxed::Box,
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    sync::{Mutex, MutexGuard, PoisonError},
};

use redb::StorageBackend;

/// A file, and what was written over it.
#[derive(Debug)]
pub(super) struct Overlay(Mutex<State>);

#[derive(Debug)]
struct State {
    file: File,
    /// As far as the file counts, in bytes; after that there are zeros.
    file_len: u64,
    len: u64,
    /// Pages that were written to, by their index.
    pages: BTreeMap<u64, Box<Page>>,
}

type Page = [u8; PAGE_BYTES];

/// The unit that is kept in memory: redb's own.
const PAGE_BYTES: usize = 4096;

impl Overlay {
    /// Lies over a file that is open for reading.
    pub(super) fn over(file: File) -> io::Result<Self> {
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

    /// Reads what the file has; zeros come after it.
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

/// Divides bytes from an offset on by pages: the page, the place in it, and the part that goes there.
fn parts(offset: u64, bytes: &mut [u8]) -> impl Iterator<Item = (u64, usize, &mut [u8])> {
    let (mut offset, mut rest) = (offset, bytes);
    core::iter::from_fn(move || {
        let (page, at) = (offset / PAGE_BYTES as u64, (offset % PAGE_BYTES as u64) as usize);
        let bytes = core::mem::take(&mut rest);
        if bytes.is_empty() {
            return None;
        }
        let (part, after) = bytes.split_at_mut((PAGE_BYTES - at).min(bytes.len()));
        (offset, rest) = (offset + part.len() as u64, after);
        Some((page, at, part))
    })
}
