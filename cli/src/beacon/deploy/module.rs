//! The modules to deploy, read before the chain is opened: a pipe may make the command wait, and nobody else can use the chain while
//! it is open.

use std::io;
use std::path::{Path, PathBuf};

use outrider_beacon::ledger::operation::Code;

use crate::files;

/// A file that is named as a module.
pub(super) struct Module {
    /// The file's name for messages.
    pub(super) file: String,
    /// The name of the file without its extension, under which `outrider beacon list` shows the EE.
    pub(super) name: String,
    pub(super) code: Result<Vec<u8>, NoCode>,
}

/// The reason for which there is no code to propose.
pub(super) enum NoCode {
    /// The file has more bytes than the code of an EE may have on any chain.
    TooLong(io::Error),
    Unreadable(io::Error),
}

/// The limit for the bytes of all modules together.
const MODULES_BYTES_MAX: u64 = 1 << 30;

/// Finds and reads modules. A file that is missing or cannot be read is one of the results, so that it does not stop the
/// others.
pub(super) fn read(arguments: &[PathBuf]) -> Vec<Module> {
    let mut room = MODULES_BYTES_MAX;
    let mut modules = Vec::new();
    for argument in arguments {
        match files::find(std::slice::from_ref(argument), &["wasm"]) {
            Ok(files) => modules.extend(files.iter().map(|file| Module::read(file, &mut room))),
            Err(error) => modules.push(Module::missing(argument, &error)),
        }
    }
    modules
}

impl Module {
    fn missing(path: &Path, error: &anyhow::Error) -> Self {
        let code = Err(NoCode::Unreadable(io::Error::other(format!("{error:#}"))));
        Self { file: files::name(path), name: String::new(), code }
    }

    fn read(path: &Path, room: &mut u64) -> Self {
        let file = files::name(path);
        let name = if files::is_stdin(path) { Path::new(&file) } else { path };
        let name = name.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let code = read_code(path, *room);
        if let Ok(code) = &code {
            *room = room.saturating_sub(code.len() as u64);
        }
        Self { file, name, code }
    }
}

fn read_code(path: &Path, room: u64) -> Result<Vec<u8>, NoCode> {
    let code_bytes_max = Code::max_len() as u64;
    let code = files::read(path, code_bytes_max).map_err(|error| match error.kind() {
        io::ErrorKind::FileTooLarge => NoCode::TooLong(error),
        _ => NoCode::Unreadable(error),
    })?;
    if code.len() as u64 > room {
        return Err(NoCode::Unreadable(io::Error::other(format!(
            "with this one, the modules have more than {MODULES_BYTES_MAX} bytes together: deploy the rest with another command"
        ))));
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read_up_to_their_limits() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ee.wasm");
        // 4 MiB.
        for (n_bytes, room, is_read) in [
            (0, 0, true),
            (4_194_304, 4_194_304, true),
            (4_194_304, 4_194_303, false),
            (4_194_305, 1 << 30, false),
        ] {
            std::fs::write(&path, vec![0; n_bytes]).unwrap();
            let mut left = room;
            let module = Module::read(&path, &mut left);
            assert_eq!(module.name, "ee");
            assert_eq!(module.code.is_ok(), is_read, "{n_bytes}");
            assert_eq!(left, if is_read { room - n_bytes as u64 } else { room });
            assert_eq!(matches!(module.code, Err(NoCode::TooLong(_))), n_bytes > 4_194_304);
        }
    }
}
