#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

pub mod committee;
mod draw;
mod error;
pub mod kzg;
mod merkle;
mod mode;
pub mod nmt;
mod root;
pub mod sampling;
mod scheme;
mod shape;

pub use committee::Committee;
pub use error::{BodyError, CommitError, HeaderError, OpenError, ProofError, ReconstructError, SampleError};
pub use kzg::Kzg;
pub use mode::{Mode, ModeError, ParseModeError, Published};
pub use nmt::Nmt;
pub use root::AvailabilityRoot;
pub use scheme::{BODY_BYTES_MAX, Scheme, open};
pub use shape::{Pattern, Shape};
