//! The positions of an extended body, which of them are enough, and patterns of withholding.

use crate::draw::positions;

/// The positions of an extended body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A line, of which any `needed` positions give all.
    Line {
        /// The number of positions.
        positions: usize,
        /// The number that is enough.
        needed: usize,
    },
    /// A square, in which any half of a row or column gives the whole row or column. Positions go row by row.
    Square {
        /// The number of rows and of columns, even.
        width: usize,
    },
}

/// A pattern of withholding: which positions a producer does not hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// As few as possible that make the rest useless: on a line one more than it can lack, in a square the crossing of
    /// one more than half of the rows with one more than half of the columns. Nothing is harder to find.
    Least,
    /// The first so many quarters of the rows of a square; of a line, its first positions.
    Rows(u8),
    /// The first so many quarters of the columns of a square; of a line, its first positions.
    Columns(u8),
    /// So many quarters of all positions, drawn with this seed.
    Cells(u8, u64),
}

impl Shape {
    /// Returns the number of positions.
    #[must_use]
    pub const fn positions(self) -> usize {
        match self {
            Self::Line { positions, .. } => positions,
            Self::Square { width } => width.saturating_mul(width),
        }
    }

    /// Returns whether the positions that are held determine the rest; positions past the end of `held` are missing.
    #[must_use]
    pub fn is_recoverable(self, held: &[bool]) -> bool {
        match self {
            Self::Line { positions, needed } => {
                held.iter().take(positions).filter(|held| **held).count() >= needed
            }
            Self::Square { width } => is_square_recoverable(width, held),
        }
    }

    /// Returns for each position whether the pattern withholds it.
    #[must_use]
    pub fn withheld(self, pattern: Pattern) -> Vec<bool> {
        let n = self.positions();
        let quarters = |of: usize, n: u8| of.saturating_mul(usize::from(n)) / 4;
        let in_square = |is: &dyn Fn(usize, usize) -> bool, width: usize| {
            (0..width).flat_map(|row| (0..width).map(move |column| is(row, column))).collect()
        };
        match (self, pattern) {
            (Self::Line { positions, needed }, Pattern::Least) => {
                let lacked = positions.saturating_sub(needed);
                (0..positions).map(|position| position <= lacked).collect()
            }
            (Self::Line { positions, .. }, Pattern::Rows(q) | Pattern::Columns(q)) => {
                (0..positions).map(|position| position < quarters(positions, q)).collect()
            }
            (Self::Square { width }, Pattern::Least) => {
                in_square(&|row, column| row <= width / 2 && column <= width / 2, width)
            }
            (Self::Square { width }, Pattern::Rows(q)) => {
                in_square(&|row, _| row < quarters(width, q), width)
            }
            (Self::Square { width }, Pattern::Columns(q)) => {
                in_square(&|_, column| column < quarters(width, q), width)
            }
            (Self::Line { .. } | Self::Square { .. }, Pattern::Cells(q, seed)) => {
                let mut withheld = vec![false; n];
                for position in positions(seed, u64::MAX, n, quarters(n, q)) {
                    if let Some(withheld) = withheld.get_mut(position) {
                        *withheld = true;
                    }
                }
                withheld
            }
        }
    }
}

/// Restores rows and columns of which half is held, until nothing changes; returns whether all is then held.
fn is_square_recoverable(width: usize, held: &[bool]) -> bool {
    let mut held: Vec<bool> =
        held.iter().copied().chain(std::iter::repeat(false)).take(width.saturating_mul(width)).collect();
    let axes = || {
        let rows = (0..width).map(|row| (row.saturating_mul(width), 1));
        rows.chain((0..width).map(|column| (column, width)))
    };
    loop {
        let mut is_changed = false;
        for (first, step) in axes() {
            let of_axis = || (0..width).map(move |i| first.saturating_add(i.saturating_mul(step)));
            let n = of_axis().filter(|position| held.get(*position) == Some(&true)).count();
            if n >= width / 2 && n < width {
                is_changed = true;
                for position in of_axis() {
                    if let Some(held) = held.get_mut(position) {
                        *held = true;
                    }
                }
            }
        }
        if !is_changed {
            return held.iter().all(|held| *held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pattern, Shape};

    fn recoverable_without(shape: Shape, withheld: &[bool]) -> bool {
        shape.is_recoverable(&withheld.iter().map(|withheld| !withheld).collect::<Vec<_>>())
    }

    /// With any one of them handed out, the rest can be restored.
    #[test]
    fn the_least_pattern_is_fatal_and_minimal() {
        let line = |positions, needed| Shape::Line { positions, needed };
        let shapes = [
            line(256, 256),
            line(128, 64),
            line(1, 1),
            Shape::Square { width: 2 },
            Shape::Square { width: 16 },
        ];
        for shape in shapes {
            let mut withheld = shape.withheld(Pattern::Least);
            assert_eq!(withheld.len(), shape.positions());
            assert!(!recoverable_without(shape, &withheld), "{shape:?}");
            for position in 0..withheld.len() {
                if withheld[position] {
                    withheld[position] = false;
                    assert!(recoverable_without(shape, &withheld), "{shape:?} with {position}");
                    withheld[position] = true;
                }
            }
        }
    }

    #[test]
    fn a_square_survives_half_of_its_rows_or_columns_and_not_one_more() {
        let shape = Shape::Square { width: 8 };
        for pattern in [Pattern::Rows, Pattern::Columns] {
            assert!(recoverable_without(shape, &shape.withheld(pattern(1))));
            assert!(recoverable_without(shape, &shape.withheld(pattern(2))));
            assert!(!recoverable_without(shape, &shape.withheld(pattern(3))));
        }
    }

    #[test]
    fn cells_are_withheld_by_the_quarter() {
        let shape = Shape::Square { width: 16 };
        for q in 0..=4 {
            let withheld = shape.withheld(Pattern::Cells(q, 7));
            assert_eq!(withheld.iter().filter(|withheld| **withheld).count(), 64 * usize::from(q));
        }
        assert!(recoverable_without(shape, &shape.withheld(Pattern::Cells(1, 7))));
        assert!(!recoverable_without(shape, &shape.withheld(Pattern::Cells(3, 7))));
    }
}
