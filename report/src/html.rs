//! HTML under construction. Elements are closed and text is escaped by construction, so a page is well-formed whatever the
//! names in a scenario are; it is XML, too.

use std::fmt::{Display, Write as _};

/// The attributes of an element, by name.
pub(crate) type Attributes<'a> = [(&'static str, &'a dyn Display)];

/// A part of a page.
#[derive(Default)]
pub(crate) struct Html(String);

impl Html {
    /// Adds an element with what the function puts into it.
    pub(crate) fn element(
        &mut self,
        tag: &'static str,
        attributes: &Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.open(tag, attributes);
        self.0.push('>');
        inside(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    /// Adds an element with a text.
    pub(crate) fn leaf(&mut self, tag: &'static str, attributes: &Attributes<'_>, text: impl Display) {
        self.element(tag, attributes, |html| html.text(text));
    }

    /// Adds an element that has no inside.
    pub(crate) fn empty(&mut self, tag: &'static str, attributes: &Attributes<'_>) {
        self.open(tag, attributes);
        self.0.push_str("/>");
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, text: impl Display) {
        for c in text.to_string().chars() {
            self.push(c);
        }
    }

    /// Adds a style or a script of this crate, which has no character to escape.
    pub(crate) fn constant(&mut self, text: &'static str) {
        debug_assert!(
            !text.contains(['<', '&']),
            "it would have to be escaped in XML, which HTML does not undo"
        );
        self.0.push_str(text);
    }

    /// Adds a line break between large parts.
    pub(crate) fn line(&mut self) {
        self.0.push('\n');
    }

    /// Returns the text of the page.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    fn open(&mut self, tag: &'static str, attributes: &Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
    }

    fn push(&mut self, c: char) {
        match c {
            '&' => self.0.push_str("&amp;"),
            '<' => self.0.push_str("&lt;"),
            '>' => self.0.push_str("&gt;"),
            '"' => self.0.push_str("&quot;"),
            '\'' => self.0.push_str("&#39;"),
            '\n' => self.0.push('\n'),
            c if is_hidden(c) => {
                // Writing to a string does not fail.
                let _ = write!(self.0, "{}", c.escape_default());
            }
            c => self.0.push(c),
        }
    }
}

/// Returns whether a character controls a terminal or the direction of a text, or is none in XML.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped_and_elements_closed() {
        let mut html = Html::default();
        html.element("p", &[("title", &"\"><b>'")], |html| {
            html.text("<script>&\u{202e}\u{1b}é\n");
            html.empty("br", &[]);
        });
        let expected =
            "<p title=\"&quot;&gt;&lt;b&gt;&#39;\">&lt;script&gt;&amp;\\u{202e}\\u{1b}é\n<br/></p>";
        assert_eq!(html.into_text(), expected);
    }
}
