//! The lock of a store.
//!
//! A process that may change the store locks the file `lock` for itself and writes its number into it. Processes that read
//! the store share the lock; where nobody has made the file, nothing is locked, as reading writes nothing.

use std::{
    fs::{File, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::Path,
    thread,
    time::Duration,
};

use crate::{
    content::Content,
    error::{DiskError, Holder},
    file::{Access, failed, has_name, open},
};

/// The number of attempts to take the lock. If a process is killed while it spawns another one, the new process can hold the
/// lock until it has started.
const TRIES: u32 = 50;
/// The pause between attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// Takes the lock for this process alone.
pub(crate) fn lock(path: &Path, content: Content) -> Result<File, DiskError> {
    let taken = attempt(path, Access::Create, |file| file.try_lock())?;
    let mut file = match taken {
        Some(Taken::Locked(file)) => file,
        Some(Taken::Held(mut file)) => {
            // Only readers let this process share the lock.
            let has_readers = file.try_lock_shared().is_ok();
            let holder = if has_readers { Holder::Readers } else { Holder::Writer(writer(&mut file)) };
            return Err(DiskError::InUse { content, holder });
        }
        None => return Err(DiskError::InUse { content, holder: Holder::Writer(None) }),
    };
    let written = file.set_len(0).and_then(|()| file.rewind());
    written.and_then(|()| write!(file, "{}", std::process::id())).map_err(failed("write", path))?;
    Ok(file)
}

/// Shares the lock with other readers; returns `None` if there is no file to lock.
pub(crate) fn lock_to_read(path: &Path, content: Content) -> Result<Option<File>, DiskError> {
    match attempt(path, Access::Read, |file| file.try_lock_shared())? {
        Some(Taken::Locked(file)) => Ok(Some(file)),
        Some(Taken::Held(mut file)) => {
            Err(DiskError::InUse { content, holder: Holder::Writer(writer(&mut file)) })
        }
        None => Ok(None),
    }
}

enum Taken {
    Locked(File),
    /// Others hold the lock.
    Held(File),
}

/// Tries to take a lock; returns `None` if there is no file. A process that removes the file leaves those that have it open
/// with a lock on nothing, so they open it again.
fn attempt(
    path: &Path,
    access: Access,
    take: impl Fn(&File) -> Result<(), TryLockError>,
) -> Result<Option<Taken>, DiskError> {
    let mut tries = 1..TRIES;
    loop {
        let Some(file) = open(path, access)? else { return Ok(None) };
        let is_last = tries.next().is_none();
        match take(&file) {
            Ok(()) if has_name(&file, path)? => return Ok(Some(Taken::Locked(file))),
            Ok(()) | Err(TryLockError::WouldBlock) if !is_last => thread::sleep(PAUSE),
            Ok(()) | Err(TryLockError::WouldBlock) => return Ok(Some(Taken::Held(file))),
            Err(TryLockError::Error(error)) => return Err(failed("lock", path)(error)),
        }
    }
}

/// Returns the number of the process that holds the lock, or `None` if the process has not written it yet.
fn writer(file: &mut File) -> Option<String> {
    let mut pid = String::new();
    file.take(20).read_to_string(&mut pid).ok()?;
    let is_number = !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(pid)
}
