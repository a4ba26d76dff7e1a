//! Timelines: rows of things that last for some slots, over a common axis.

use std::{fmt::Display, ops::RangeInclusive};

use crate::{
    axis::Axis,
    html::Html,
    number::{Px, short},
};

/// A row of a timeline.
pub(crate) struct Row {
    /// The name.
    pub(crate) name: String,
    /// Its contents.
    pub(crate) spans: Vec<Span>,
    /// Whether it is lower than others, because there are many of its kind.
    pub(crate) is_low: bool,
}

/// Things of one kind in a row.
pub(crate) struct Span {
    /// The class, for which the style has a colour.
    pub(crate) class: &'static str,
    /// The slots, and a hint for each.
    pub(crate) slots: Vec<(RangeInclusive<u64>, String)>,
}

/// The sizes, in pixels.
const WIDTH: f64 = 1200.0;
const LEFT: f64 = 270.0;
const RIGHT: f64 = 10.0;
const HIGH: f64 = 20.0;
const LOW: f64 = 8.0;
const BOTTOM: f64 = 22.0;
/// The characters of a row's name for which there is room.
const NAME_CHARS_MAX: usize = 36;
/// The number of things in a row beyond which they have no hints, as these would make the file large.
const HINTS_MAX: usize = 200;

/// Adds a timeline of these slots.
pub(crate) fn timeline(html: &mut Html, title: &str, slots: RangeInclusive<u64>, rows: &[Row]) {
    let (first, last) = (*slots.start(), *slots.end());
    let n = last.saturating_sub(first).saturating_add(1);
    let wide = (WIDTH - LEFT - RIGHT) / n as f64;
    let height: f64 = rows.iter().map(Row::height).sum::<f64>() + BOTTOM;
    let view = format!("0 0 {WIDTH} {}", Px(height));
    let drawing: [(&str, &dyn Display); 4] =
        [("viewBox", &view), ("role", &"img"), ("aria-label", &title), ("class", &"wide")];
    html.element("div", &[("class", &"scroll")], |html| {
        html.element("svg", &drawing, |html| {
            let x = |slot: u64| LEFT + slot.saturating_sub(first) as f64 * wide;
            for mark in Axis::horizontal([first as f64, last as f64].into_iter()).marks {
                let at = Px(x(mark as u64) + wide / 2.0);
                html.empty(
                    "line",
                    &[
                        ("class", &"grid"),
                        ("x1", &at),
                        ("x2", &at),
                        ("y1", &0),
                        ("y2", &Px(height - BOTTOM + 4.0)),
                    ],
                );
                html.leaf("text", &[("class", &"across"), ("x", &at), ("y", &Px(height - 6.0))], short(mark));
            }
            html.leaf("text", &[("class", &"up"), ("x", &(LEFT - 8.0)), ("y", &Px(height - 6.0))], "slot");
            let mut y = 0.0;
            let mut named_until = f64::NEG_INFINITY;
            for row in rows {
                let middle = y + row.height() / 2.0;
                // Low rows are too narrow to name each.
                if middle - named_until >= 12.0 {
                    write_name(html, &row.name, middle);
                    named_until = middle;
                }
                for span in &row.spans {
                    span.draw(html, (y + 1.0, row.height() - 2.0), wide, (first, last), x);
                }
                y += row.height();
            }
        });
    });
}

impl Row {
    fn height(&self) -> f64 {
        if self.is_low { LOW } else { HIGH }
    }
}

fn write_name(html: &mut Html, name: &str, middle: f64) {
    let short: String = match name.chars().count() {
        0..=NAME_CHARS_MAX => name.to_owned(),
        _ => name.chars().take(NAME_CHARS_MAX - 1).chain(['…']).collect(),
    };
    html.element("text", &[("class", &"up"), ("x", &(LEFT - 8.0)), ("y", &Px(middle + 4.0))], |html| {
        html.text(short);
        html.leaf("title", &[], name);
    });
}

impl Span {
    /// Draws one path for the things, as there may be many, and hints over them if there are few.
    fn draw(
        &self,
        html: &mut Html,
        (top, height): (f64, f64),
        wide: f64,
        (first, last): (u64, u64),
        x: impl Fn(u64) -> f64,
    ) {
        let height = Px(height);
        let place = |slots: &RangeInclusive<u64>| {
            let (start, end) = (*slots.start().max(&first), *slots.end().min(&last));
            (start <= end).then(|| {
                let gap = (wide * 0.15).min(1.5);
                (Px(x(start) + gap / 2.0), Px(x(end) - x(start) + wide - gap))
            })
        };
        let mut path = String::new();
        for (slots, _) in &self.slots {
            if let Some((left, long)) = place(slots) {
                path += &format!("M{left} {}h{long}v{height}h-{long}z", Px(top));
            }
        }
        html.empty("path", &[("class", &self.class), ("d", &path)]);
        if self.slots.len() > HINTS_MAX {
            return;
        }
        for (slots, hint) in self.slots.iter().filter(|(_, hint)| !hint.is_empty()) {
            let Some((left, long)) = place(slots) else { continue };
            let place: [(&str, &dyn Display); 5] =
                [("class", &"hint"), ("x", &left), ("y", &Px(top)), ("width", &long), ("height", &height)];
            html.element("rect", &place, |html| html.leaf("title", &[], hint));
        }
    }
}
