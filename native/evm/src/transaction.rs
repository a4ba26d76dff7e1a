//! Transactions as fields, and how to encode and sign them.
//!
//! Numbers have 256 bits, more than most fields allow, because some tests have transactions with fields that are too
//! large.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_rlp::{Encodable, RlpEncodable};
use secp256k1::{Message, SecretKey, ecdsa::RecoverableSignature};
use serde::Deserialize;

use crate::rlp;

/// An unsigned transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The chain id that the signature covers (EIP-155).
    pub chain_id: U256,
    /// The number of earlier transactions of the sender.
    pub nonce: U256,
    /// The gas limit.
    pub gas_limit: U256,
    /// The recipient; `None` for a transaction that creates a contract.
    pub to: Option<Address>,
    /// The value in wei.
    pub value: U256,
    /// The calldata, or the code that creates the contract.
    pub data: Bytes,
    /// The fields of the transaction's type.
    pub kind: Kind,
}

/// The type of a transaction, with the fields that other types lack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A transaction without a type.
    Legacy {
        /// The gas price in wei.
        gas_price: U256,
        /// Whether the signature covers the chain id (EIP-155).
        is_protected: bool,
    },
    /// A transaction of EIP-2930.
    AccessList {
        /// The gas price in wei.
        gas_price: U256,
        /// The access list.
        access_list: Vec<Access>,
    },
    /// A transaction of EIP-1559.
    DynamicFee {
        /// The fees in wei.
        fees: Fees,
        /// The access list.
        access_list: Vec<Access>,
    },
    /// A transaction of EIP-4844.
    Blob {
        /// The fees in wei.
        fees: Fees,
        /// The access list.
        access_list: Vec<Access>,
        /// The highest price of blob gas, in wei.
        max_fee_per_blob_gas: U256,
        /// The versioned hashes of the blobs' commitments.
        blob_versioned_hashes: Vec<B256>,
    },
    /// A transaction of EIP-7702.
    SetCode {
        /// The fees in wei.
        fees: Fees,
        /// The access list.
        access_list: Vec<Access>,
        /// The authorizations to set code.
        authorization_list: Vec<Authorization>,
    },
}

/// The fees of EIP-1559, which take the place of a gas price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// The most that goes to the beneficiary of the block, in wei per gas.
    pub max_priority_fee_per_gas: U256,
    /// The most that the sender pays, in wei per gas.
    pub max_fee_per_gas: U256,
}

/// An entry of an access list: an account and storage keys of it.
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// The account.
    pub address: Address,
    /// The storage keys.
    #[serde(alias = "storage_keys")]
    pub storage_keys: Vec<B256>,
}

/// A signed permission for an account to run another account's code (EIP-7702).
#[derive(Clone, Debug, PartialEq, Eq, RlpEncodable, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Authorization {
    /// The chain id, or 0 for all chains.
    #[serde(alias = "chain_id")]
    pub chain_id: U256,
    /// The account whose code runs.
    pub address: Address,
    /// The nonce of the signer.
    pub nonce: U256,
    /// The parity of the signature's y coordinate.
    #[serde(alias = "y_parity")]
    pub y_parity: U256,
    /// The signature's `r`.
    pub r: U256,
    /// The signature's `s`.
    pub s: U256,
}

/// An ECDSA signature on secp256k1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Whether y is odd.
    pub is_odd: bool,
    /// The signature's `r`.
    pub r: U256,
    /// The signature's `s`.
    pub s: U256,
}

/// An error for 32 bytes that are not a secret key: zero, or not below the group order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the 32 bytes are not a secret key")]
pub struct SecretKeyError;

impl Transaction {
    /// Signs the transaction and encodes it as in a block's list of transactions: RLP, after the type of EIP-2718 if it
    /// has one.
    ///
    /// # Errors
    ///
    /// Fails if the secret key is invalid.
    pub fn sign(&self, secret_key: &B256) -> Result<Bytes, SecretKeyError> {
        let secret_key = SecretKey::from_secret_bytes(secret_key.0).map_err(|_| SecretKeyError)?;
        let message = Message::from_digest(self.signing_hash().0);
        let signature = RecoverableSignature::sign_ecdsa_recoverable(message, &secret_key);
        let (recovery_id, bytes) = signature.serialize_compact();
        let (r, s) = bytes.split_at(32);
        let is_odd = recovery_id.to_u8() & 1 == 1;
        Ok(self.signed(&Signature { is_odd, r: U256::from_be_slice(r), s: U256::from_be_slice(s) }))
    }

    /// Returns the hash that the sender signs.
    pub fn signing_hash(&self) -> B256 {
        let mut items = self.encode_fields();
        if let Kind::Legacy { is_protected: true, .. } = self.kind {
            self.chain_id.encode(&mut items);
            0_u8.encode(&mut items);
            0_u8.encode(&mut items);
        }
        keccak256(self.envelope(&items))
    }

    /// Encodes the transaction with a signature, as [`sign`](Self::sign) does.
    pub fn signed(&self, signature: &Signature) -> Bytes {
        let mut items = self.encode_fields();
        let parity = U256::from(signature.is_odd);
        match self.kind {
            Kind::Legacy { is_protected: false, .. } => (U256::from(27) + parity).encode(&mut items),
            Kind::Legacy { is_protected: true, .. } => {
                let base = self.chain_id.saturating_mul(U256::from(2)).saturating_add(U256::from(35));
                base.saturating_add(parity).encode(&mut items);
            }
            _ => parity.encode(&mut items),
        }
        signature.r.encode(&mut items);
        signature.s.encode(&mut items);
        self.envelope(&items).into()
    }

    /// Returns a list of items after the type.
    fn envelope(&self, items: &[u8]) -> Vec<u8> {
        let list = rlp::list(items);
        match self.kind.number() {
            None => list,
            Some(number) => [&[number], list.as_slice()].concat(),
        }
    }

    /// Returns the fields that are signed, in the order of the transaction's type.
    fn encode_fields(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.kind {
            Kind::Legacy { .. } => {}
            _ => self.chain_id.encode(&mut out),
        }
        self.nonce.encode(&mut out);
        match &self.kind {
            Kind::Legacy { gas_price, .. } | Kind::AccessList { gas_price, .. } => gas_price.encode(&mut out),
            Kind::DynamicFee { fees, .. } | Kind::Blob { fees, .. } | Kind::SetCode { fees, .. } => {
                fees.max_priority_fee_per_gas.encode(&mut out);
                fees.max_fee_per_gas.encode(&mut out);
            }
        }
        self.gas_limit.encode(&mut out);
        encode_recipient(self.to.as_ref(), &mut out);
        self.value.encode(&mut out);
        self.data.encode(&mut out);
        match &self.kind {
            Kind::Legacy { .. } => {}
            Kind::AccessList { access_list, .. } | Kind::DynamicFee { access_list, .. } => {
                access_list.encode(&mut out);
            }
            Kind::Blob { access_list, max_fee_per_blob_gas, blob_versioned_hashes, .. } => {
                access_list.encode(&mut out);
                max_fee_per_blob_gas.encode(&mut out);
                blob_versioned_hashes.encode(&mut out);
            }
            Kind::SetCode { access_list, authorization_list, .. } => {
                access_list.encode(&mut out);
                authorization_list.encode(&mut out);
            }
        }
        out
    }
}

impl Kind {
    /// Returns the number of the type (EIP-2718).
    fn number(&self) -> Option<u8> {
        match self {
            Self::Legacy { .. } => None,
            Self::AccessList { .. } => Some(1),
            Self::DynamicFee { .. } => Some(2),
            Self::Blob { .. } => Some(3),
            Self::SetCode { .. } => Some(4),
        }
    }
}

/// Encodes the recipient, which is empty if the transaction creates a contract.
fn encode_recipient(to: Option<&Address>, out: &mut Vec<u8>) {
    match to {
        Some(address) => address.encode(out),
        None => "".encode(out),
    }
}

/// Returns the logs hash of transactions without logs: the hash of an empty list.
pub fn no_logs() -> B256 {
    keccak256([alloy_rlp::EMPTY_LIST_CODE])
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{address, b256, bytes};

    /// The example is the one in EIP-155.
    #[test]
    fn a_signature_covers_the_chain_id_as_in_the_example_of_eip_155() {
        let transaction = Transaction {
            chain_id: U256::from(1),
            nonce: U256::from(9),
            gas_limit: U256::from(21_000),
            to: Some(address!("3535353535353535353535353535353535353535")),
            value: U256::from(1_000_000_000_000_000_000_u64),
            data: Bytes::new(),
            kind: Kind::Legacy { gas_price: U256::from(20_000_000_000_u64), is_protected: true },
        };
        let hash = b256!("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
        assert_eq!(transaction.signing_hash(), hash);
        let signed = bytes!(
            "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a0\
             28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a0\
             67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
        );
        assert_eq!(transaction.sign(&B256::repeat_byte(0x46)), Ok(signed));
    }

    #[test]
    fn an_invalid_secret_key_is_refused() {
        let kind = Kind::Legacy { gas_price: U256::ZERO, is_protected: false };
        let zero = U256::ZERO;
        let transaction = Transaction {
            chain_id: zero,
            nonce: zero,
            gas_limit: zero,
            to: None,
            value: zero,
            data: Bytes::new(),
            kind,
        };
        for key in [B256::ZERO, B256::repeat_byte(0xff)] {
            assert_eq!(transaction.sign(&key), Err(SecretKeyError));
        }
    }
}
