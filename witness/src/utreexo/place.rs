//! Places of nodes in a forest.

/// The place of a node: the row above that of leaves never moved, and the number of places to its left in this row.
///
/// Other implementations have a number in its stead, its *position*. It depends on a number of rows that leaves room
/// for: positions of row 0 are 0 to 2^`rows` - 1, those of row 1 follow, half as many, and so on to the only one of row
/// `rows`. [`Numbering`] says which number of rows that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The row, 0 to 63.
    pub row: u8,
    /// The number of places to the left in this row.
    pub index: u64,
}

/// The number of rows of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// That of the smallest perfect tree with room for all leaves ever added, as in BIP 181. Positions change when the
    /// forest grows.
    Forest,
    /// 63, as rustreexo and utreexod write positions.
    Wire,
}

impl Numbering {
    /// Returns the number of rows for a forest with so many leaves, at most [`LEAVES_MAX`](super::LEAVES_MAX).
    #[must_use]
    pub fn rows(self, n_leaves: u64) -> u8 {
        match self {
            Self::Forest => (0..ROWS_MAX).find(|row| n_leaves <= 1 << row).unwrap_or(ROWS_MAX),
            Self::Wire => ROWS_MAX,
        }
    }
}

const ROWS_MAX: u8 = 63;

impl Place {
    /// Returns the place with a position, or `None` if positions of so many rows do not go so far, or `rows` is more
    /// than 63.
    #[must_use]
    pub fn of_position(position: u64, rows: u8) -> Option<Self> {
        let unused_bits = ROWS_MAX.checked_sub(rows)?;
        // Each row halves the room that is left, so the ones at the top count the rows.
        let row = u8::try_from((position << unused_bits).leading_ones()).ok()?;
        let index_bits = rows.checked_sub(row)?;
        (position <= u64::MAX >> unused_bits).then_some(())?;
        Some(Self { row, index: position & ((1 << index_bits) - 1) })
    }

    /// Returns the position of this place, or `None` if positions of so many rows do not have it, or `rows` is more
    /// than 63.
    #[must_use]
    pub fn position(self, rows: u8) -> Option<u64> {
        let unused_bits = ROWS_MAX.checked_sub(rows)?;
        let index_bits = rows.checked_sub(self.row)?;
        (self.index >> index_bits == 0).then_some(())?;
        let ones = (u64::MAX >> unused_bits) & !(u64::MAX >> unused_bits >> self.row);
        Some(ones | self.index)
    }

    /// Returns the first of the leaves ever added below this place.
    pub(super) fn first_leaf(self) -> u64 {
        self.index << self.row
    }

    /// Returns the place of the left child. The row is not 0.
    pub(super) fn left(self) -> Self {
        Self { row: self.row.saturating_sub(1), index: self.index << 1 }
    }

    /// Returns the place of the right child. The row is not 0.
    pub(super) fn right(self) -> Self {
        Self { row: self.row.saturating_sub(1), index: self.index << 1 | 1 }
    }
}

/// Returns the places of the roots of a forest, those of large trees first.
pub(super) fn trees(n_leaves: u64) -> impl Iterator<Item = Place> {
    (0..64).rev().filter(move |row| n_leaves >> row & 1 == 1).map(move |row| {
        // The trees to the left of this one are multiples of twice its size.
        Place { row, index: n_leaves >> row & !1 }
    })
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[track_caller]
    fn check(rows: u8, row: u8, index: u64, position: u64) {
        let place = Place { row, index };
        assert_eq!(place.position(rows), Some(position));
        assert_eq!(Place::of_position(position, rows), Some(place));
    }

    /// The numbers are those in the drawings of BIP 181.
    #[test]
    fn positions_are_those_of_bip_181() {
        check(3, 0, 7, 7);
        check(3, 1, 0, 8);
        check(3, 2, 1, 13);
        check(3, 3, 0, 14);
        check(4, 1, 0, 16);
        check(4, 2, 3, 27);
        check(4, 3, 0, 28);
        check(0, 0, 0, 0);
        check(63, 0, (1 << 63) - 1, (1 << 63) - 1);
        check(63, 1, 0, 1 << 63);
        check(63, 63, 0, u64::MAX - 1);
    }

    #[test]
    fn a_row_has_no_more_places_than_its_width() {
        assert_eq!(Place { row: 1, index: 4 }.position(3), None);
        assert_eq!(Place { row: 4, index: 0 }.position(3), None);
        assert_eq!(Place { row: 0, index: 0 }.position(64), None);
        assert_eq!(Place::of_position(15, 3), None);
        assert_eq!(Place::of_position(16, 3), None);
        assert_eq!(Place::of_position(u64::MAX, 63), None);
        assert_eq!(Place::of_position(0, 64), None);
    }

    #[test]
    fn rows_leave_room_for_all_leaves() {
        let rows = [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (8, 3), (9, 4), (1 << 63, 63)];
        let rows_of = |n_leaves: u64| Numbering::Forest.rows(n_leaves);
        rows.iter().for_each(|(n_leaves, rows)| assert_eq!(rows_of(*n_leaves), *rows, "{n_leaves}"));
    }

    /// With 7 leaves, BIP 181 draws roots at 12, 10 and 6.
    #[test]
    fn trees_are_the_bits_of_the_number_of_leaves() {
        let positions =
            |n| trees(n).map(|tree| tree.position(Numbering::Forest.rows(n)).unwrap()).collect::<Vec<_>>();
        assert_eq!(positions(7), [12, 10, 6]);
        assert_eq!(positions(8), [14]);
        assert_eq!(positions(9), [28, 8]);
        assert_eq!(positions(0), []);
    }
}
