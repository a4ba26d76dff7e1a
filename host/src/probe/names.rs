//! The names of a module's functions.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use wasmparser::{ExternalKind, KnownCustom, Name, NameSectionReader, Parser, Payload, TypeRef};

/// Returns a name for each function of a module, imported ones first: the one in the name section, demangled, or else
/// that of an export, or else `func[12]`. Functions of a library have its name and a point in front.
///
/// Names are the author's: any text, and possibly the same for two functions. Of a malformed name section, the names up
/// to the error count.
pub(super) fn function_names(module: &[u8], library: Option<&str>) -> Vec<Arc<str>> {
    let mut functions = Functions::default();
    for payload in Parser::new(0).parse_all(module).map_while(Result::ok) {
        functions.section(payload);
    }
    let names = functions.names.into_iter().enumerate().map(|(index, name)| {
        let name = name.unwrap_or_else(|| format!("func[{index}]"));
        match library {
            Some(library) => format!("{}.{name}", shortened(library)).into(),
            None => name.into(),
        }
    });
    names.collect()
}

/// The names found so far, by function index.
#[derive(Default)]
struct Functions {
    names: Vec<Option<String>>,
}

impl Functions {
    /// Reads a section. Sections with names come after those that give the number of functions.
    fn section(&mut self, payload: Payload<'_>) {
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports().map_while(Result::ok) {
                    if matches!(import.ty, TypeRef::Func(_)) {
                        // An imported function has no probe and is never entered, but has a number.
                        self.names.push(None);
                    }
                }
            }
            Payload::FunctionSection(functions) => {
                self.names.extend(functions.into_iter().map_while(Result::ok).map(|_| None));
            }
            Payload::ExportSection(exports) => {
                for export in exports.into_iter().map_while(Result::ok) {
                    if export.kind == ExternalKind::Func {
                        self.set(export.index, export.name);
                    }
                }
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(names) = section.as_known() {
                    self.name_section(names);
                }
            }
            _ => {}
        }
    }

    fn name_section(&mut self, names: NameSectionReader<'_>) {
        for subsection in names.into_iter().map_while(Result::ok) {
            if let Name::Function(functions) = subsection {
                for naming in functions.into_iter().map_while(Result::ok) {
                    self.set(naming.index, rustc_demangle::demangle(naming.name));
                }
            }
        }
    }

    fn set(&mut self, index: u32, name: impl fmt::Display) {
        if let Some(place) = usize::try_from(index).ok().and_then(|index| self.names.get_mut(index)) {
            *place = Some(shortened(name));
        }
    }
}

/// Shortens a name to a readable length; the author may have sent megabytes, or a few bytes that demangle to as much.
fn shortened(name: impl fmt::Display) -> String {
    let mut short = Short(String::new());
    // The alternate form omits the hashes of Rust's names.
    if write!(short, "{name:#}").is_err() {
        short.0.push('…');
    }
    short.0
}

/// A text with a maximum of characters.
struct Short(String);

impl fmt::Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = NAME_CHARACTERS_MAX.saturating_sub(self.0.chars().count());
        self.0.extend(text.chars().take(room));
        if text.chars().nth(room).is_some() { Err(fmt::Error) } else { Ok(()) }
    }
}

/// The most characters of a name: generic functions of Rust have some two hundred.
const NAME_CHARACTERS_MAX: usize = 256;
