//! Bitcoin's serialization as the input of hashes.

use bitcoin_hashes::{HashEngine as _, sha256};
use bitcoin_primitives::{OutPoint, TxOut};

/// Writes Bitcoin's serialization into a hash.
pub(crate) trait Serialize {
    fn u32(&mut self, value: u32);
    fn compact_size(&mut self, value: usize);
    fn bytes_with_size(&mut self, bytes: &[u8]);
    fn out_point(&mut self, out_point: &OutPoint);
    fn output(&mut self, output: &TxOut);
}

impl Serialize for sha256::HashEngine {
    fn u32(&mut self, value: u32) {
        self.input(&value.to_le_bytes());
    }

    fn compact_size(&mut self, value: usize) {
        let bytes = (value as u64).to_le_bytes();
        match value as u64 {
            0..0xfd => self.input(&bytes[..1]),
            0xfd..=0xffff => self.input(&[0xfd, bytes[0], bytes[1]]),
            0x1_0000..=0xffff_ffff => {
                self.input(&[0xfe]);
                self.input(&bytes[..4]);
            }
            _ => {
                self.input(&[0xff]);
                self.input(&bytes);
            }
        }
    }

    fn bytes_with_size(&mut self, bytes: &[u8]) {
        self.compact_size(bytes.len());
        self.input(bytes);
    }

    fn out_point(&mut self, out_point: &OutPoint) {
        self.input(out_point.txid.as_byte_array());
        self.u32(out_point.vout);
    }

    fn output(&mut self, output: &TxOut) {
        self.input(&output.amount.to_sat().to_le_bytes());
        self.bytes_with_size(output.script_pubkey.as_bytes());
    }
}

/// Returns the SHA-256 of the SHA-256.
pub(crate) fn double(engine: sha256::HashEngine) -> [u8; 32] {
    engine.finalize().hash_again().to_byte_array()
}

/// Starts the hash of a tag ([BIP 340](https://github.com/bitcoin/bips/blob/master/bip-0340.mediawiki)).
pub(crate) fn tagged(tag: &[u8]) -> sha256::HashEngine {
    let tag = sha256::Hash::hash(tag).to_byte_array();
    sha256::Hash::engine().with_input(&tag).with_input(&tag)
}
