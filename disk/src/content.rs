//! The kinds of stores.

use std::fmt;

/// The content of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The states of an EE.
    State,
    /// A beacon chain with its ledger.
    Chain,
}

impl Content {
    pub(crate) const ALL: [Self; 2] = [Self::State, Self::Chain];

    /// Returns the format of stores with this content that this version writes and reads.
    pub(crate) fn format(self) -> u32 {
        match self {
            Self::State => 3,
            Self::Chain => 5,
        }
    }

    /// Returns the name of this content in an anchor.
    pub(crate) fn tag(self) -> [u8; 8] {
        match self {
            Self::State => *b"state\0\0\0",
            Self::Chain => *b"chain\0\0\0",
        }
    }
}

/// Writes the name, such as `chain`.
impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::State => "state",
            Self::Chain => "chain",
        })
    }
}
