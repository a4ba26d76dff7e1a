//! Heat maps: counts by source and destination.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use crate::{
    html::Html,
    number::{Grouped, Px},
};

/// The width of the whole, and of its margins, in pixels.
const WIDTH: f64 = 440.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 34.0;
/// The largest size of a cell, and the smallest that has room for a number, in pixels.
const CELL_MAX: f64 = 52.0;
const CELL_WITH_NUMBER: f64 = 24.0;
/// The share of the colour in the cell with the largest count, so that its number is legible.
const SHARE_MAX: f64 = 0.8;

/// Adds a map of counts by source and destination. `name` gives the name of a place.
pub(crate) fn heat_map(
    html: &mut Html,
    title: &str,
    unit: &str,
    counts: &BTreeMap<(u64, u64), u64>,
    destinations: u64,
    name: impl Fn(u64) -> String,
) {
    let sources: BTreeSet<u64> = (0..destinations).chain(counts.keys().map(|(source, _)| *source)).collect();
    let columns: BTreeSet<u64> = (0..destinations).chain(counts.keys().map(|(_, to)| *to)).collect();
    let cell = ((WIDTH - LEFT - RIGHT) / columns.len().max(1) as f64).min(CELL_MAX);
    let most = counts.values().copied().max().unwrap_or(0).max(1) as f64;
    let height = TOP + cell * sources.len() as f64 + 4.0;
    let view = format!("0 0 {WIDTH} {}", Px(height));
    html.element("figure", &[("class", &"chart")], |html| {
        html.element("figcaption", &[], |html| {
            html.leaf("strong", &[], title);
            html.text(" ");
            html.leaf("small", &[], unit);
        });
        html.element("svg", &[("viewBox", &view), ("role", &"img"), ("aria-label", &title)], |html| {
            text(html, "across start", LEFT, 12.0, "to");
            text(html, "up", LEFT - 6.0, TOP - 6.0, "from");
            // Names of places are written where there is room for them.
            let every = (16.0 / cell).ceil().max(1.0) as usize;
            for (index, column) in columns.iter().enumerate().step_by(every) {
                let x = LEFT + (index as f64 + 0.5) * cell;
                text(html, "across", x, TOP - 6.0, name(*column));
            }
            for (index, source) in sources.iter().enumerate() {
                let y = TOP + index as f64 * cell;
                if index % every == 0 {
                    text(html, "up", LEFT - 6.0, y + cell / 2.0 + 4.0, name(*source));
                }
                for (column_index, to) in columns.iter().enumerate() {
                    let count = counts.get(&(*source, *to)).copied().unwrap_or(0);
                    if count == 0 && cell < CELL_WITH_NUMBER {
                        continue;
                    }
                    let x = LEFT + column_index as f64 * cell;
                    let hint = format!("from {} to {}: {count}", name(*source), name(*to));
                    draw_cell(html, (x, y, cell), count, count as f64 / most, &hint);
                }
            }
            html.empty(
                "rect",
                &[
                    ("class", &"frame"),
                    ("x", &LEFT),
                    ("y", &TOP),
                    ("width", &Px(cell * columns.len() as f64)),
                    ("height", &Px(cell * sources.len() as f64)),
                ],
            );
        });
    });
    html.line();
}

fn draw_cell(html: &mut Html, (x, y, cell): (f64, f64, f64), count: u64, share: f64, hint: &str) {
    // A count of one is visible beside a large one, too.
    let opacity = if count == 0 { 0.0 } else { 0.08 + share * (SHARE_MAX - 0.08) };
    let opacity = format!("{opacity:.3}");
    let size = Px(cell);
    let place: [(&str, &dyn Display); 6] = [
        ("class", &"cell"),
        ("x", &Px(x)),
        ("y", &Px(y)),
        ("width", &size),
        ("height", &size),
        ("fill-opacity", &opacity),
    ];
    html.element("rect", &place, |html| html.leaf("title", &[], hint));
    if count > 0 && cell >= CELL_WITH_NUMBER {
        text(html, "inside", x + cell / 2.0, y + cell / 2.0 + 4.0, Grouped(count));
    }
}

fn text(html: &mut Html, class: &str, x: f64, y: f64, text: impl Display) {
    html.leaf("text", &[("class", &class), ("x", &Px(x)), ("y", &Px(y))], text);
}
