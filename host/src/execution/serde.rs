//! The input and output of an execution in serde.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{Log, LogValue};

/// For a field of block data.
pub(super) mod block_data {
    use std::sync::Arc;

    use outrider_abi::hex_serde;

    pub(in crate::execution) fn serialize<S: serde::Serializer>(
        bytes: &[u8],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        hex_serde::serialize(bytes, serializer)
    }

    pub(in crate::execution) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<[u8]>, D::Error> {
        hex_serde::deserialize_vec(deserializer, "block data").map(Into::into)
    }
}

/// For lists that clones share.
pub(super) mod list {
    use std::sync::Arc;

    use serde::{Deserialize, Serialize};

    pub(in crate::execution) fn serialize<T: Serialize, S: serde::Serializer>(
        list: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        list.serialize(serializer)
    }

    pub(in crate::execution) fn deserialize<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<[T]>, D::Error> {
        Vec::deserialize(deserializer).map(Into::into)
    }
}

/// For bytes that an EE logged.
pub(super) mod logged {
    use outrider_abi::hex_serde;

    pub(in crate::execution) fn serialize<S: serde::Serializer>(
        bytes: &[u8],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        hex_serde::serialize(bytes, serializer)
    }

    pub(in crate::execution) fn deserialize<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        hex_serde::deserialize_vec(deserializer, "a logged byte string")
    }
}

/// Written by hand, because a derived implementation would borrow the name of the import from the input.
impl<'de> Deserialize<'de> for Log {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ReadLog { import: LogImport(import), value } = ReadLog::deserialize(deserializer)?;
        Ok(Self { import, value })
    }
}

/// The fields of a [`Log`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadLog {
    import: LogImport,
    value: LogValue,
}

/// The name of a logging import, from the ABI.
struct LogImport(&'static str);

impl<'de> Deserialize<'de> for LogImport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let got = String::deserialize(deserializer)?;
        NAMES.into_iter().find(|name| *name == got).map(Self).ok_or_else(|| {
            let names = NAMES.join(", ");
            D::Error::custom(format!("import `{got}` does not log: expected one of {names}"))
        })
    }
}

/// The imports that log.
const NAMES: [&str; 8] = [
    "debug.print32",
    "debug.print64",
    "debug.printMem",
    "debug.printMemHex",
    "debug.log",
    "debug.mem",
    "debug.print_f2",
    "debug.print_f6",
];

#[cfg(test)]
mod tests {
    use outrider_abi::ABI;

    use super::NAMES;

    #[test]
    fn the_names_are_those_of_the_abi() {
        let mut names = NAMES.map(ToOwned::to_owned).to_vec();
        let debug = ABI.iter().filter(|import| import.module == "debug");
        let mut expected: Vec<_> = debug.map(ToString::to_string).collect();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }
}
