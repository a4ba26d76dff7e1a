//! Tables, which a script sorts by the column that is chosen.

use std::fmt::Display;

use crate::{
    html::Html,
    number::{Grouped, figure},
};

/// A cell of a table.
pub(crate) enum Cell {
    /// A text.
    Text(String),
    /// A hash, or other text that no one reads.
    Code(String),
    /// A whole number.
    Count(u64),
    /// A figure.
    Figure(f64),
    /// Nothing to tell.
    None,
    /// Whether something is as expected.
    Verdict(bool),
}

impl Cell {
    /// Returns the cell of a text.
    pub(crate) fn text(text: impl Display) -> Self {
        Self::Text(text.to_string())
    }

    /// Returns the cell of a number that may be missing.
    pub(crate) fn count(count: Option<u64>) -> Self {
        count.map_or(Self::None, Self::Count)
    }

    fn write(&self, html: &mut Html) {
        match self {
            Self::Text(text) => html.leaf("td", &[], text),
            Self::Code(text) => html.element("td", &[], |html| html.leaf("code", &[], text)),
            Self::Count(count) => html.leaf("td", &[("class", &"n")], Grouped(*count)),
            Self::Figure(value) => html.leaf("td", &[("class", &"n")], figure(*value)),
            Self::None => html.leaf("td", &[("class", &"n")], "–"),
            Self::Verdict(holds) => {
                let (class, word) = if *holds { ("ok", "holds") } else { ("bad", "fails") };
                html.element("td", &[], |html| html.leaf("span", &[("class", &class)], word));
            }
        }
    }
}

/// Adds a table with these columns.
pub(crate) fn table(html: &mut Html, columns: &[&str], rows: impl IntoIterator<Item = Vec<Cell>>) {
    html.element("div", &[("class", &"scroll")], |html| {
        html.element("table", &[("class", &"sortable")], |html| {
            html.element("thead", &[], |html| {
                html.element("tr", &[], |html| {
                    columns.iter().for_each(|column| html.leaf("th", &[("scope", &"col")], column));
                });
            });
            html.element("tbody", &[], |html| {
                for row in rows {
                    debug_assert_eq!(row.len(), columns.len(), "{columns:?}");
                    html.element("tr", &[], |html| row.iter().for_each(|cell| cell.write(html)));
                    html.line();
                }
            });
        });
    });
}

/// Adds a list of facts: names, and what they are.
pub(crate) fn facts<'f>(html: &mut Html, facts: impl IntoIterator<Item = (&'f str, String)>) {
    html.element("dl", &[("class", &"facts")], |html| {
        for (name, fact) in facts {
            html.element("div", &[], |html| {
                html.leaf("dt", &[], name);
                html.leaf("dd", &[], fact);
            });
        }
    });
}

/// Adds a part that is closed until a reader opens it.
pub(crate) fn details(html: &mut Html, summary: impl Display, inside: impl FnOnce(&mut Html)) {
    html.element("details", &[], |html| {
        html.leaf("summary", &[], summary);
        inside(html);
    });
}
