//! A line of text of bounded length, formatted without an allocator.

use core::fmt::{self, Write};

/// At most [`LINE_BYTES_MAX`] bytes of text; longer text is truncated.
pub(crate) struct Line {
    bytes: [u8; LINE_BYTES_MAX],
    length: usize,
}

impl Line {
    pub(crate) fn new(text: fmt::Arguments<'_>) -> Line {
        let mut line = Line { bytes: [0; LINE_BYTES_MAX], length: 0 };
        // An error means that the line is full, or that a `Display` failed: the text before it stays.
        let _ = line.write_fmt(text);
        line
    }

    /// Returns the text, which may end within a UTF-8 sequence.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let free = self.bytes.get_mut(self.length..).unwrap_or_default();
        let n = text.len().min(free.len());
        for (to, from) in free.iter_mut().zip(text.as_bytes()) {
            *to = *from;
        }
        self.length += n;
        if n == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Room for a path and a message of some lines, small beside the stack of 1 MiB.
const LINE_BYTES_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::{LINE_BYTES_MAX, Line};

    #[test]
    fn parts_are_written_in_order() {
        assert_eq!(Line::new(format_args!("{}: {}", "a", 1)).as_bytes(), b"a: 1");
    }

    #[test]
    fn a_line_that_is_exactly_full_is_whole() {
        let text = "x".repeat(LINE_BYTES_MAX);
        assert_eq!(Line::new(format_args!("{text}")).as_bytes(), text.as_bytes());
    }

    #[test]
    fn a_longer_line_loses_its_end() {
        let text = String::from_iter(('a'..='z').cycle().take(LINE_BYTES_MAX + 1));
        let line = Line::new(format_args!("{text}{text}"));
        assert_eq!(line.as_bytes(), &text.as_bytes()[..LINE_BYTES_MAX]);
    }
}
