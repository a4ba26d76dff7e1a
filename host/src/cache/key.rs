//! Cache keys: they distinguish compilations.

use std::fmt;

use outrider_abi::CodeHash;
use sha2::{Digest, Sha256};

/// The version of a file's layout. It is a part of every key, so no host finds a file of another layout.
pub(super) const FORMAT_VERSION: u32 = 2;

/// All inputs of a compilation.
///
/// Two compilations that differ in anything on which the machine code depends must differ here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Compilation<'a> {
    /// The module before instrumentation.
    pub(crate) code_hash: CodeHash,
    /// The engine's name.
    pub(crate) engine: &'a str,
    /// The checks and the instrumentation of the module, and all settings that affect the engine's code: its version
    /// and configuration, the target, and the CPU features that the machine code may use.
    pub(crate) settings: &'a str,
}

/// The name of a [`Compilation`]: a hash of its parts and of Outrider's own version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CacheKey([u8; 32]);

impl CacheKey {
    /// Hashes the parts, each after its length, so that no two lists of parts hash the same bytes.
    pub(crate) fn new(compilation: &Compilation<'_>) -> Self {
        let Compilation { code_hash, engine, settings } = compilation;
        let parts: [&[u8]; 5] = [
            &FORMAT_VERSION.to_le_bytes(),
            env!("CARGO_PKG_VERSION").as_bytes(),
            &code_hash.0,
            engine.as_bytes(),
            settings.as_bytes(),
        ];
        let mut hasher = Sha256::new();
        for part in parts {
            // Lossless: Rust has no target wider than 64 bits.
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Lower-case hexadecimal, as in file names.
impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPILATION: Compilation<'_> =
        Compilation { code_hash: CodeHash([1; 32]), engine: "wasmtime", settings: "nan" };

    #[test]
    fn equal_compilations_have_equal_keys() {
        assert_eq!(CacheKey::new(&COMPILATION), CacheKey::new(&COMPILATION.clone()));
    }

    #[test]
    fn every_part_counts_and_so_does_where_it_ends() {
        let keys = [
            COMPILATION,
            Compilation { code_hash: CodeHash([2; 32]), ..COMPILATION },
            Compilation { engine: "wasmer", ..COMPILATION },
            Compilation { settings: "", ..COMPILATION },
            Compilation { engine: "wasmtimen", settings: "an", ..COMPILATION },
        ]
        .map(|compilation| CacheKey::new(&compilation));
        let distinct = std::collections::BTreeSet::from(keys);
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn a_key_is_shown_as_lower_case_hexadecimal() {
        let shown = CacheKey([0xAB; 32]).to_string();
        assert_eq!(shown, "ab".repeat(32));
    }
}
