//! Output to stdout and stderr. All commands print through this module.
//!
//! - The reader of the output may close it early, as `head` does. Then the rest of the output is dropped, but the command goes on with
//!   its work, and the exit code is that of the verdict.
//! - Untrusted text, such as the logs of a module, is printed as [`Plain`], so that it can neither control the terminal nor imitate the
//!   output of the command itself.
//! - Every JSON document ends with the same [`Summary`].

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::AutoStream;
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

use crate::{ERROR, Verdict};

static STDOUT_IS_CLOSED: AtomicBool = AtomicBool::new(false);
static STDERR_IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Locks standard output until the stream is dropped.
pub(crate) fn stdout() -> Stream<AutoStream<io::StdoutLock<'static>>> {
    Stream { inner: anstream::stdout().lock(), is_closed: &STDOUT_IS_CLOSED }
}

/// Locks standard error until the stream is dropped.
pub(crate) fn stderr() -> Stream<AutoStream<io::StderrLock<'static>>> {
    Stream { inner: anstream::stderr().lock(), is_closed: &STDERR_IS_CLOSED }
}

/// A stream that drops its output once the reader has closed it.
pub(crate) struct Stream<W> {
    inner: W,
    is_closed: &'static AtomicBool,
}

impl<W: Write> Stream<W> {
    fn unless_closed<T>(&mut self, done: T, act: impl FnOnce(&mut W) -> io::Result<T>) -> io::Result<T> {
        if self.is_closed.load(Ordering::Relaxed) {
            return Ok(done);
        }
        match act(&mut self.inner) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed.store(true, Ordering::Relaxed);
                Ok(done)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for Stream<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_closed(bytes.len(), |inner| inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_closed((), Write::flush)
    }
}

/// Prints an error in one line on stderr.
pub(crate) fn error(error: impl Display) -> io::Result<()> {
    writeln!(stderr(), "{ERROR}error:{ERROR:#} {}", Plain(error))
}

/// Untrusted text. Characters that could control the terminal, end the line or change the direction of the text are printed as escapes.
pub(crate) struct Plain<T>(pub(crate) T);

impl<T: Display> Display for Plain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(EscapingWriter(f), "{}", self.0)
    }
}

struct EscapingWriter<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for EscapingWriter<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(is_hidden) {
            let (shown, from_here) = rest.split_at(at);
            self.0.write_str(shown)?;
            let mut chars = from_here.chars();
            if let Some(hidden) = chars.next() {
                write!(self.0, "{}", hidden.escape_default())?;
            }
            rest = chars.as_str();
        }
        self.0.write_str(rest)
    }
}

/// Returns whether a character is invisible: Unicode's controls and line separators, and those format characters that change the
/// direction of the text, join characters, or show nothing.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

/// The end of every JSON document: the verdict, and counts of what the command checked, such as fixtures, cases or blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// Filled in by [`json`] from the counts.
    pub(crate) verdict: &'static str,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) not_run: usize,
    pub(crate) unusable: usize,
    /// The error that ended the command, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl Summary {
    /// Returns the summary of a command that checked one thing, with this verdict.
    pub(crate) fn one(verdict: Verdict) -> Self {
        let mut summary = Self::default();
        summary.count(verdict);
        summary
    }

    /// Returns the summary of a command that checked several things.
    pub(crate) fn of(passed: usize, failed: usize) -> Self {
        Self { passed, failed, ..Self::default() }
    }

    /// Counts a thing with this verdict.
    pub(crate) fn count(&mut self, verdict: Verdict) {
        let counter = match verdict {
            Verdict::Holds => &mut self.passed,
            Verdict::Fails => &mut self.failed,
            Verdict::Unusable => &mut self.unusable,
        };
        *counter = counter.saturating_add(1);
    }

    /// Returns the summary of a command that an error ended.
    pub(crate) fn error(verdict: Verdict, error: impl Display) -> Self {
        Self { error: Some(error.to_string()), ..Self::one(verdict) }
    }

    /// Fills in the verdict.
    fn decided(self) -> Self {
        let verdict = match self.verdict() {
            Verdict::Holds => "holds",
            Verdict::Fails => "fails",
            Verdict::Unusable => "unusable",
        };
        Self { verdict, ..self }
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self { unusable: 1.., .. } => Verdict::Unusable,
            Self { failed: 1.., .. } => Verdict::Fails,
            _ => Verdict::Holds,
        }
    }
}

/// Prints a JSON document with its summary.
pub(crate) fn json(body: impl Serialize, summary: &Summary) -> io::Result<()> {
    let mut out = stdout();
    Document::new(body, &summary.clone().decided())
        .serialize(&mut Serializer::with_formatter(&mut out, PlainFormatter::default()))?;
    writeln!(out)
}

/// Prints a JSON document with its summary in one line, after others.
pub(crate) fn json_line(body: impl Serialize, summary: &Summary) -> io::Result<()> {
    let line = serde_json::to_string(&Document::new(body, &summary.clone().decided()))?;
    writeln!(stdout(), "{line}")
}

#[derive(Serialize)]
struct Document<'a, T> {
    #[serde(flatten)]
    body: T,
    summary: &'a Summary,
}

impl<'a, T> Document<'a, T> {
    fn new(body: T, summary: &'a Summary) -> Self {
        Self { body, summary }
    }
}

/// A formatter for indented JSON that also escapes invisible characters.
#[derive(Default)]
struct PlainFormatter(PrettyFormatter<'static>);

impl Formatter for PlainFormatter {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        let mut rest = text;
        while let Some(at) = rest.find(is_hidden) {
            let (shown, from_here) = rest.split_at(at);
            out.write_all(shown.as_bytes())?;
            let mut chars = from_here.chars();
            for unit in chars.next().into_iter().flat_map(|hidden| hidden.encode_utf16(&mut [0; 2]).to_vec())
            {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = chars.as_str();
        }
        out.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, out: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(out, escape)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, is_first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, is_first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, is_first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, is_first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untrusted_text_keeps_to_its_line_and_direction() {
        for (text, expected) in [
            ("hello, wörld: 你好 é 🦀 \\n", "hello, wörld: 你好 é 🦀 \\n"),
            ("a\nerror: forged\r\n", "a\\nerror: forged\\r\\n"),
            ("\u{1b}[2J\u{7}\u{9b}2J\u{7f}", "\\u{1b}[2J\\u{7}\\u{9b}2J\\u{7f}"),
            ("\u{202e}txt.exe\u{2066}", "\\u{202e}txt.exe\\u{2066}"),
            ("a\u{2028}b\u{200b}c\u{feff}\u{e0041}", "a\\u{2028}b\\u{200b}c\\u{feff}\\u{e0041}"),
            ("", ""),
        ] {
            assert_eq!(Plain(text).to_string(), expected);
        }
    }

    #[test]
    fn json_shows_invisible_characters_and_keeps_its_meaning() {
        let text = "a\n\u{1b}\u{7f}\u{9b}\u{202e}\u{e0041}é";
        let mut bytes = Vec::new();
        text.serialize(&mut Serializer::with_formatter(&mut bytes, PlainFormatter::default())).unwrap();
        let json = String::from_utf8(bytes).unwrap();
        assert_eq!(json, r#""a\n\u001b\u007f\u009b\u202e\udb40\udc41é""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn the_worst_result_decides_the_verdict() {
        for (summary, expected) in [
            (Summary::of(3, 0), Verdict::Holds),
            (Summary::of(3, 1), Verdict::Fails),
            (Summary { unusable: 1, ..Summary::of(3, 1) }, Verdict::Unusable),
            (Summary { not_run: 1, ..Summary::of(0, 0) }, Verdict::Holds),
        ] {
            assert_eq!(summary.verdict(), expected);
        }
    }
}
