//! Lists in the forms that clients write.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes};
use serde::{Deserialize, Deserializer};

/// Reads a value, or the default in the place of `null`, which Go writes for nil.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A list of bytes, or a map of bytes by their hash. The hashes are not needed: users of the bytes compute them.
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
