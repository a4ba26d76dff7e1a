//! Lists as clients write them.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes};
use serde::{Deserialize, Deserializer};

/// What is there, or nothing in the place of `null`, as Go writes what is nil.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A list of bytes, or a map to bytes from their hashes. These are not needed: whoever uses the bytes hashes them.
pub(super) fn preimages<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Bytes>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Preimages {
        List(Vec<Bytes>),
        ByHash(BTreeMap<B256, Bytes>),
    }
    Ok(match Option::<Preimages>::deserialize(deserializer)? {
        Some(Preimages::List(list)) => list,
        Some(Preimages::ByHash(map)) => map.into_values().collect(),
        None => Vec::new(),
    })
}
