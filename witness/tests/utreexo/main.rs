//! Tests of Utreexo against rustreexo, published vectors and the definition.

#![allow(clippy::unwrap_used, clippy::unusual_byte_groupings, reason = "bits are grouped by code")]

mod blocks;
mod damage;
mod model;
mod oracle;
mod pollard;
mod size;
mod store;
mod vectors;
