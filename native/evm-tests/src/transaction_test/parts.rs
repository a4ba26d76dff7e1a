//! The fields of bytes that need not be a valid transaction.

use alloy_primitives::{Address, B256, Bytes, U256, address, keccak256};
use alloy_rlp::{Decodable as _, Encodable as _};
use outrider_evm::rlp;
use outrider_evm_codec::Fork;
use secp256k1::{
    Message,
    ecdsa::{RecoverableSignature, RecoveryId},
};

use super::TransactionTestError;

/// The fields that can be read from bytes that need not be a valid transaction.
pub(crate) struct Parts {
    kind: u8,
    pub(super) nonce: u64,
    /// In wei per gas: the most in all and, below, the most for the beneficiary.
    gas_price: U256,
    priority_fee: U256,
    gas_limit: U256,
    /// `None` for a transaction that creates a contract or has a malformed recipient.
    to: Option<Address>,
    makes_contract: bool,
    value: U256,
    data: Bytes,
    access_list: Vec<(Address, Vec<B256>)>,
    n_authorizations: usize,
    signing_hash: B256,
    is_odd: bool,
    r: U256,
    s: U256,
}

impl Parts {
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let (number, list) = match bytes.first()? {
            0xc0.. => (None, bytes),
            number => (Some(*number), bytes.get(1..)?),
        };
        let items = rlp::items(list).ok()?;
        let (signed, [v, r, s]) = items.split_last_chunk::<3>()?;
        let integer = |item: &[u8]| U256::decode(&mut &*item).ok();
        let (v, r, s) = (integer(v)?, integer(r)?, integer(s)?);
        // Typed transactions begin with the chain id, and from type 2 on the priority fee comes before the price.
        let (first, price) = match number {
            None => (0, 1),
            Some(1) => (1, 2),
            Some(_) => (1, 3),
        };
        let [gas_price, gas_limit, to, value, data, ..] = *signed.get(price..)? else { return None };
        let lists = signed.get(price.checked_add(5)?..)?;
        let priority_fee = if price == 3 { *signed.get(2)? } else { gas_price };
        let nonce = integer(signed.get(first)?)?.try_into().ok()?;
        let mut fields = signed.concat();
        let (thirty_five, two) = (U256::from(35), U256::from(2));
        let signing_hash = match number {
            Some(number) => keccak256([&[number], rlp::list(&fields).as_slice()].concat()),
            None => {
                if let Some(protected) = v.checked_sub(thirty_five) {
                    (protected / two).encode(&mut fields);
                    fields.extend([alloy_rlp::EMPTY_STRING_CODE; 2]);
                }
                keccak256(rlp::list(&fields))
            }
        };
        // 27 is odd, and so are all values of EIP-155 with parity 0.
        let is_odd = v.bit(0) == number.is_some();
        let [gas_price, gas_limit, value] = [integer(gas_price)?, integer(gas_limit)?, integer(value)?];
        Some(Self {
            kind: number.unwrap_or(0),
            nonce,
            gas_price,
            priority_fee: integer(priority_fee)?,
            gas_limit,
            to: Address::decode(&mut &*to).ok(),
            makes_contract: *to == [alloy_rlp::EMPTY_STRING_CODE],
            value,
            data: Bytes::decode(&mut &*data).ok()?,
            access_list: lists.first().map_or(Some(Vec::new()), |list| access_list(list))?,
            n_authorizations: match (number, lists.get(1)) {
                (Some(4), Some(list)) => rlp::items(list).ok()?.len(),
                _ => 0,
            },
            signing_hash,
            is_odd,
            r,
            s,
        })
    }

    /// Returns the intrinsic gas (Yellow Paper, equation 54; EIP-2028, EIP-2930, EIP-3860, EIP-7702).
    pub(super) fn intrinsic_gas(&self, fork: Fork) -> u64 {
        let byte_gas = if fork >= Fork::Istanbul { 16 } else { 68 };
        let data = self.data.iter().map(|byte| if *byte == 0 { 4 } else { byte_gas });
        let creation = if self.makes_contract && fork >= Fork::Homestead { 32_000 } else { 0 };
        let has_init_code = self.makes_contract && fork >= Fork::Shanghai;
        let init_code = if has_init_code { 2 * count(self.data.len().div_ceil(32)) } else { 0 };
        let keys = self.access_list.iter().map(|(_, keys)| count(keys.len()));
        let accesses = [2_400 * count(self.access_list.len()), 1_900 * keys.sum::<u64>()];
        let authorizations = 25_000 * count(self.n_authorizations);
        let all = accesses.into_iter().chain(data).chain([21_000, creation, init_code, authorizations]);
        all.fold(0, u64::saturating_add)
    }

    /// Returns whether the transaction calls an account that is neither a contract nor precompiled.
    pub(super) fn executes_nothing(&self) -> bool {
        self.to.is_some_and(|to| to > PRECOMPILED_MAX)
    }

    /// Returns the beneficiary's fee per unit of gas without a base fee, in wei.
    pub(super) fn fee_per_gas(&self) -> U256 {
        if self.kind < 2 { self.gas_price } else { self.gas_price.min(self.priority_fee) }
    }

    /// Checks that some state exists in which the transaction can be executed.
    pub(super) fn check_cost(&self) -> Result<(), TransactionTestError> {
        let gas = self.gas_limit.checked_mul(self.gas_price);
        gas.and_then(|gas| gas.checked_add(self.value)).ok_or(TransactionTestError::Cost)?;
        if self.gas_price.bit_len() > 128 { Err(TransactionTestError::GasPrice) } else { Ok(()) }
    }

    /// Recovers the signer, or returns `None` if the signature is invalid.
    pub(crate) fn sender(&self) -> Option<Address> {
        let signature = [self.r.to_be_bytes::<32>(), self.s.to_be_bytes()].concat();
        let id = RecoveryId::from_u8_masked(u8::from(self.is_odd));
        let signature = RecoverableSignature::from_compact(&signature, id).ok()?;
        let key = signature.recover_ecdsa(Message::from_digest(self.signing_hash.0)).ok()?;
        let [_tag, coordinates @ ..] = key.serialize_uncompressed();
        Some(Address::from_word(keccak256(coordinates)))
    }
}

/// Accounts, and storage keys of each.
fn access_list(list: &[u8]) -> Option<Vec<(Address, Vec<B256>)>> {
    let entry = |entry: &[u8]| {
        let [address, keys] = *rlp::items(entry).ok()? else { return None };
        Some((Address::decode(&mut &*address).ok()?, Vec::<B256>::decode(&mut &*keys).ok()?))
    };
    rlp::items(list).ok()?.into_iter().map(entry).collect()
}

/// Returns a number of items in memory. It is below 2^48, so the gas for them does not overflow 64 bits.
fn count(n: usize) -> u64 {
    u64::try_from(n).map_or(u64::MAX >> 16, |n| n.min(u64::MAX >> 16))
}

/// Addresses above are never precompiled contracts.
const PRECOMPILED_MAX: Address = address!("000000000000000000000000000000000000ffff");
