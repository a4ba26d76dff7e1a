//! The files of keys: secret keys of accounts and operators, and the keys of circuits.
//!
//! A secret key is 64 hex digits. A directory of circuits' keys has `SIZE.key`, the proving key for batches of a size, and
//! `SIZE.json`, the key that verifies its proofs.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use outrider_zk_rollup::ProvingKey;
use outrider_zk_rollup::keys::{CIRCUIT_VERSION, Origin};
use outrider_zk_rollup_core::{AccountIndex, PublicKey, SecretKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::files;

/// The key that verifies proofs for batches of one size.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyingKeyFile {
    /// The size of batches.
    pub(super) size: u16,
    circuit_version: u8,
    is_insecure: bool,
    origin: String,
    verifying_key: String,
}

impl VerifyingKeyFile {
    pub(super) fn new(key: &ProvingKey) -> anyhow::Result<Self> {
        Ok(Self {
            size: key.circuit.size,
            circuit_version: CIRCUIT_VERSION,
            is_insecure: key.origin == Origin::InsecureDevelopment,
            origin: key.origin.to_string(),
            verifying_key: hex::encode(key.verifying_key()?.to_bytes()),
        })
    }

    /// Reads a file, and warns if anybody can prove anything for the key.
    pub(super) fn read(path: &Path) -> anyhow::Result<(Self, VerifyingKey)> {
        let name = || files::name(path);
        let bytes = files::read(path, VERIFYING_KEY_FILE_BYTES_MAX).with_context(name)?;
        let file: Self = serde_json::from_slice(&bytes).with_context(|| {
            format!("{}: not the verifying key of a ZK rollup, which `outrider zk setup` writes", name())
        })?;
        anyhow::ensure!(
            file.circuit_version == CIRCUIT_VERSION,
            "{}: the key is for version {} of the circuit, and this is version {CIRCUIT_VERSION}: set up a new key",
            name(),
            file.circuit_version
        );
        let bytes: Option<[u8; _]> =
            hex::decode(&file.verifying_key).ok().and_then(|bytes| bytes.try_into().ok());
        let bytes =
            bytes.with_context(|| format!("{}: the verifying key is not 432 bytes in hex", name()))?;
        let key = VerifyingKey::from_bytes(&bytes).with_context(name)?;
        key.check().with_context(name)?;
        if file.is_insecure {
            warn_insecure(path);
        }
        Ok((file, key))
    }
}

/// Warns of a key that was made from a seed.
pub(super) fn warn_insecure(path: &Path) {
    tracing::warn!("{}: insecure key: whoever knows its seed can prove anything", path.display());
}

/// Returns the sizes of batches for which a directory has proving keys, ascending.
pub(super) fn sizes(directory: &Path) -> anyhow::Result<Vec<u16>> {
    let name = || directory.display().to_string();
    let mut sizes = Vec::new();
    for entry in directory.read_dir().with_context(name)? {
        let path = PathBuf::from(entry.with_context(name)?.file_name());
        if path.extension().is_some_and(|extension| extension == "key")
            && let Some(size) =
                path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok())
        {
            sizes.push(size);
        }
    }
    sizes.sort_unstable();
    anyhow::ensure!(
        !sizes.is_empty(),
        "{}: no proving key: make one with `outrider zk setup --size N --seed TEXT -o {0}`",
        directory.display()
    );
    Ok(sizes)
}

/// Returns the file of a proving key in a directory.
pub(super) fn proving_key_path(directory: &Path, size: u16) -> PathBuf {
    directory.join(format!("{size}.key"))
}

/// Reads a proving key, and warns if it is insecure.
pub(super) fn read_proving_key(path: &Path) -> anyhow::Result<ProvingKey> {
    let name = || path.display().to_string();
    let file = File::open(path).with_context(name)?;
    let key = ProvingKey::read(BufReader::with_capacity(1 << 20, file)).with_context(name)?;
    if key.origin == Origin::InsecureDevelopment {
        warn_insecure(path);
    }
    Ok(key)
}

/// Reads the secret key of an account or an operator.
pub(super) fn read_secret_key(path: &Path) -> anyhow::Result<SecretKey> {
    let name = || files::name(path);
    let bytes = files::read(path, SECRET_KEY_FILE_BYTES_MAX).with_context(name)?;
    let digits = String::from_utf8_lossy(&bytes);
    let bytes: Option<[u8; 32]> = hex::decode(digits.trim()).ok().and_then(|bytes| bytes.try_into().ok());
    let bytes = bytes.with_context(|| {
        format!("{}: not 64 hex digits of a secret key; `outrider zk account new FILE` makes one", name())
    })?;
    SecretKey::from_bytes(&bytes).with_context(name)
}

/// Returns the hash of a text, from which keys for development are made.
pub(super) fn seed(purpose: &str, text: &str) -> [u8; 32] {
    Sha256::new().chain_update(purpose).chain_update([0]).chain_update(text).finalize().into()
}

/// Returns 32 bytes of the system's randomness.
pub(super) fn random() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system's random numbers: {error}"))?;
    Ok(bytes)
}

/// Parses a public key: 64 hex digits, or the file of a secret key.
pub(super) fn public_key(text: &str) -> Result<PublicKey, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bytes: Option<[u8; 32]> = hex::decode(digits).ok().and_then(|bytes| bytes.try_into().ok());
    match bytes {
        Some(bytes) => PublicKey::from_bytes(&bytes).map_err(|error| outrider_host::chain(&error)),
        None => read_secret_key(Path::new(text))
            .map(|key| key.public_key())
            .map_err(|error| format!("neither 64 hex digits of a public key nor a key's file: {error:#}")),
    }
}

/// Parses the index of an account.
pub(super) fn account_index(text: &str) -> Result<AccountIndex, String> {
    let index: u32 = text.parse().map_err(|error| format!("{error}"))?;
    AccountIndex::new(index).map_err(|error| error.to_string())
}

const SECRET_KEY_FILE_BYTES_MAX: u64 = 1 << 10;
const VERIFYING_KEY_FILE_BYTES_MAX: u64 = 1 << 14;
