//! Tests of Utreexo against rustreexo, published vectors and the definition.

#![allow(clippy::unwrap_used)]

mod blocks;
mod damage;
mod model;
mod oracle;
mod pollard;
mod size;
mod store;
mod vectors;
