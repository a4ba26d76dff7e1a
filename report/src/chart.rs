//! Plots as SVG, with classes for which the style of the page has colours: one for light and for dark.

use crate::{
    axis::Axis,
    html::Html,
    number::{Px, short},
};

/// A plot.
pub(crate) struct Chart<'c> {
    /// The figure that is plotted.
    pub(crate) title: &'c str,
    /// The unit, or a remark.
    pub(crate) unit: &'c str,
    /// The figure on the horizontal axis.
    pub(crate) across: &'c str,
    /// How it is drawn.
    pub(crate) kind: Kind,
    /// The figures.
    pub(crate) series: Vec<Series>,
}

/// How a plot is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Lines.
    Lines,
    /// Lines, with a logarithmic axis if figures are of very different size.
    LinesOfAnySize,
    /// Bars, one on another.
    Bars,
}

/// A row of figures with a name.
pub(crate) struct Series {
    /// The name.
    pub(crate) name: String,
    /// Pairs of horizontal place and finite figure.
    pub(crate) points: Vec<(f64, f64)>,
}

impl Series {
    /// Returns a row of figures.
    pub(crate) fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { name: name.into(), points: points.into_iter().collect() }
    }
}

/// The size of a plot and of its margins, in pixels.
const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 34.0;
const INNER_WIDTH: f64 = WIDTH - LEFT - RIGHT;
const INNER_HEIGHT: f64 = HEIGHT - TOP - BOTTOM;
/// The number of colours in the style of the page.
const COLOURS: usize = 8;
/// The number of figures beyond which a plot does not show those of a place, as they would make the file large.
const HINTS_MAX: usize = 5_000;
/// The number of rows of figures beyond which lines are thin and have no legend.
const NAMED_MAX: usize = COLOURS;

/// Returns the class of a row's colour.
pub(crate) fn colour(index: usize) -> String {
    format!("s{}", index % COLOURS)
}

impl Chart<'_> {
    /// Adds the plot with title and legend.
    pub(crate) fn write(&self, html: &mut Html) {
        html.element("figure", &[("class", &"chart")], |html| {
            html.element("figcaption", &[], |html| {
                html.leaf("strong", &[], self.title);
                html.text(" ");
                html.leaf("small", &[], self.unit);
            });
            if (2..=NAMED_MAX).contains(&self.series.len()) {
                legend(html, self.series.iter().map(|series| series.name.as_str()));
            }
            self.draw(html);
        });
        html.line();
    }

    fn draw(&self, html: &mut Html) {
        let across =
            Axis::horizontal(self.series.iter().flat_map(|series| series.points.iter().map(|(x, _)| *x)));
        let up = Axis::of(self.heights().into_iter(), self.kind == Kind::LinesOfAnySize);
        let label = format!("{}, {}", self.title, self.unit);
        let view = format!("0 0 {WIDTH} {HEIGHT}");
        html.element("svg", &[("viewBox", &view), ("role", &"img"), ("aria-label", &label)], |html| {
            self.draw_axes(html, &across, &up);
            match self.kind {
                Kind::Bars => self.draw_bars(html, &across, &up),
                Kind::Lines | Kind::LinesOfAnySize => self.draw_lines(html, &across, &up),
            }
            self.draw_hints(html, &across);
        });
    }

    /// Returns the heights that must fit on the plot.
    fn heights(&self) -> Vec<f64> {
        let points = || self.series.iter().flat_map(|series| series.points.iter().map(|(_, y)| *y));
        match self.kind {
            Kind::Lines | Kind::LinesOfAnySize => points().collect(),
            Kind::Bars => {
                let n = self.series.iter().map(|series| series.points.len()).max().unwrap_or(0);
                let at = |place: usize| self.series.iter().filter_map(move |series| series.points.get(place));
                (0..n).map(|place| at(place).map(|(_, y)| y).sum()).collect()
            }
        }
    }

    fn draw_axes(&self, html: &mut Html, across: &Axis, up: &Axis) {
        for mark in &up.marks {
            let y = Px(y(up, *mark));
            html.empty(
                "line",
                &[("class", &"grid"), ("x1", &LEFT), ("x2", &(WIDTH - RIGHT)), ("y1", &y), ("y2", &y)],
            );
            let place: [(&str, &dyn std::fmt::Display); 3] =
                [("class", &"up"), ("x", &(LEFT - 6.0)), ("y", &Px(y.0 + 4.0))];
            html.leaf("text", &place, short(*mark));
        }
        for mark in &across.marks {
            let place: [(&str, &dyn std::fmt::Display); 3] =
                [("class", &"across"), ("x", &Px(self.x(across, *mark))), ("y", &(HEIGHT - BOTTOM + 16.0))];
            html.leaf("text", &place, short(*mark));
        }
        let place: [(&str, &dyn std::fmt::Display); 3] =
            [("class", &"name"), ("x", &(WIDTH - RIGHT)), ("y", &(HEIGHT - 3.0))];
        html.leaf("text", &place, self.across);
    }

    fn draw_lines(&self, html: &mut Html, across: &Axis, up: &Axis) {
        for (index, series) in self.series.iter().enumerate() {
            let place =
                |(x, figure): &(f64, f64)| format!("{},{}", Px(self.x(across, *x)), Px(y(up, *figure)));
            let points: Vec<_> = series.points.iter().map(place).collect();
            let kind = if self.series.len() > NAMED_MAX { "line many" } else { "line" };
            let class = format!("{kind} {}", colour(index));
            html.empty("polyline", &[("class", &class), ("points", &points.join(" "))]);
            if let [(x, figure)] = series.points.as_slice() {
                let (x, y) = (Px(self.x(across, *x)), Px(y(up, *figure)));
                html.empty(
                    "circle",
                    &[("class", &format!("dot {}", colour(index))), ("cx", &x), ("cy", &y), ("r", &3)],
                );
            }
        }
    }

    /// Draws a path for each row of figures, with a part for each bar, also if it has no height.
    fn draw_bars(&self, html: &mut Html, across: &Axis, up: &Axis) {
        let wide = Px((self.band() * 0.8).max(0.6));
        let mut below = vec![0.0; self.series.iter().map(|series| series.points.len()).max().unwrap_or(0)];
        for (index, series) in self.series.iter().enumerate() {
            let mut path = String::new();
            for ((x, figure), below) in series.points.iter().zip(&mut below) {
                let (from, to) = (y(up, *below), y(up, *below + figure));
                *below += figure;
                let left = Px(self.x(across, *x) - wide.0 / 2.0);
                path += &format!("M{left} {}h{wide}V{}h-{wide}z", Px(from), Px(to));
            }
            html.empty("path", &[("class", &format!("bars {}", colour(index))), ("d", &path)]);
        }
    }

    /// Adds to each place a hint with its figures, which appears under the pointer.
    fn draw_hints(&self, html: &mut Html, across: &Axis) {
        let Some(longest) = self.series.iter().max_by_key(|series| series.points.len()) else { return };
        if longest.points.len().saturating_mul(self.series.len()) > HINTS_MAX {
            return;
        }
        let wide = self.band().max(1.0);
        for (place, (x, _)) in longest.points.iter().enumerate() {
            let mut text = format!("{} {}", self.across, short(*x));
            for series in &self.series {
                if let Some((_, figure)) = series.points.get(place).filter(|(other, _)| other == x) {
                    text += &format!("\n{}: {}", series.name, crate::number::figure(*figure));
                }
            }
            let left = Px(self.x(across, *x) - wide / 2.0);
            let place: [(&str, &dyn std::fmt::Display); 5] = [
                ("class", &"hint"),
                ("x", &left),
                ("y", &TOP),
                ("width", &Px(wide)),
                ("height", &INNER_HEIGHT),
            ];
            html.element("rect", &place, |html| html.leaf("title", &[], text));
        }
    }

    /// Returns the width that a place has.
    fn band(&self) -> f64 {
        let n = self.series.iter().map(|series| series.points.len()).max().unwrap_or(0).max(1);
        INNER_WIDTH / n as f64
    }

    fn x(&self, across: &Axis, figure: f64) -> f64 {
        let margin = if self.kind == Kind::Bars { self.band() / 2.0 } else { 0.0 };
        LEFT + margin + across.place(figure) * (INNER_WIDTH - 2.0 * margin)
    }
}

fn y(up: &Axis, figure: f64) -> f64 {
    TOP + (1.0 - up.place(figure)) * INNER_HEIGHT
}

/// Adds a legend of colours.
pub(crate) fn legend<'n>(html: &mut Html, names: impl Iterator<Item = &'n str>) {
    html.element("ul", &[("class", &"legend")], |html| {
        for (index, name) in names.enumerate() {
            html.element("li", &[], |html| {
                html.leaf("i", &[("class", &format!("key {}", colour(index)))], "");
                html.text(name);
            });
        }
    });
}
