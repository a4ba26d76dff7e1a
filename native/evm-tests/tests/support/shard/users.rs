//! Users, and the transactions that they sign.

use alloy_primitives::{Address, Bytes, U256, keccak256};
use outrider_evm::transaction::{Fees, Kind, Transaction};

use super::genesis::{
    CHAIN_ID, ENVIRONMENT, ETHER, GWEI, HASHES, N_USERS, SHARD, TOKEN, WORK, address_of, call, init_code,
    key_of, token_code,
};

/// Users who sign transactions.
#[derive(Clone, Debug)]
pub(crate) struct Users {
    chain_id: u64,
    nonces: Vec<u64>,
}

impl Users {
    pub(crate) fn new() -> Self {
        Self::on(SHARD)
    }

    /// Users on a shard.
    pub(crate) fn on(shard: u64) -> Self {
        let chain_id = CHAIN_ID - SHARD + shard;
        Self { chain_id, nonces: vec![0; N_USERS.try_into().unwrap()] }
    }

    /// Returns the next transaction of a user, unsigned.
    pub(crate) fn transaction(
        &self,
        user: u64,
        to: Option<Address>,
        value: u128,
        data: Bytes,
    ) -> Transaction {
        let fees =
            Fees { max_priority_fee_per_gas: U256::from(GWEI), max_fee_per_gas: U256::from(50 * GWEI) };
        Transaction {
            chain_id: U256::from(self.chain_id),
            nonce: U256::from(self.nonces[user as usize]),
            gas_limit: U256::from(1_000_000),
            to,
            value: U256::from(value),
            data,
            kind: Kind::DynamicFee { fees, access_list: Vec::new() },
        }
    }

    /// Returns the next transaction of a user, who then counts it as sent.
    pub(crate) fn send(&mut self, user: u64, to: Option<Address>, value: u128, data: Bytes) -> Bytes {
        let transaction = self.transaction(user, to, value, data).sign(&key_of(user)).unwrap();
        self.skip(user);
        transaction
    }

    /// Counts a transaction as sent.
    pub(crate) fn skip(&mut self, user: u64) {
        self.nonces[user as usize] += 1;
    }

    /// Returns transactions for a block, and the indices of those that cannot be executed. `back_max` is the number of blocks
    /// within which hashes are asked for.
    pub(crate) fn random(&mut self, random: &mut Random, back_max: u64) -> (Vec<Bytes>, Vec<usize>) {
        let (mut transactions, mut invalid) = (Vec::new(), Vec::new());
        for index in 0..random.below(8) as usize {
            let (user, other) = (random.below(N_USERS), random.below(2 * N_USERS));
            let to = address_of(other);
            let word = U256::from_be_slice(to.as_slice());
            let transaction = match random.below(10) {
                0 => self.send(user, Some(to), random.below(ETHER / 1000).into(), Bytes::new()),
                1 | 2 => {
                    let data = call("transfer(address,uint256)", &[word, U256::from(random.below(1000))]);
                    self.send(user, Some(TOKEN), 0, data)
                }
                // Some are more than was approved, and revert.
                3 => {
                    let data = call(
                        "transferFrom(address,address,uint256)",
                        &[word, word, U256::from(random.below(9))],
                    );
                    self.send(user, Some(TOKEN), 0, data)
                }
                4 => {
                    self.send(user, Some(TOKEN), 0, call("approve(address,uint256)", &[word, U256::from(5)]))
                }
                5 => {
                    let arguments = [U256::from(random.below(50)), U256::from(random.below(10))];
                    self.send(user, Some(WORK), 0, call("store(uint256,uint256)", &arguments))
                }
                6 => {
                    let back = U256::from(1 + random.below(back_max));
                    self.send(user, Some(HASHES), 0, back.to_be_bytes_vec().into())
                }
                7 => self.send(user, Some(ENVIRONMENT), 0, Bytes::new()),
                8 => self.send(user, None, 0, init_code(&token_code())),
                _ => {
                    invalid.push(index);
                    self.invalid(random, user)
                }
            };
            transactions.push(transaction);
        }
        (transactions, invalid)
    }

    /// Returns a transaction that cannot be executed.
    fn invalid(&self, random: &mut Random, user: u64) -> Bytes {
        let mut transaction = self.transaction(user, Some(TOKEN), 0, Bytes::new());
        match random.below(7) {
            0 => return Bytes::from_static(b"\x02 no transaction"),
            1 => transaction.nonce += U256::ONE,
            2 => transaction.nonce = U256::from(u64::MAX),
            3 => transaction.value = U256::from(1000 * u128::from(ETHER)),
            4 => transaction.chain_id += U256::ONE,
            5 => transaction.gas_limit = U256::from(20_000),
            _ => {
                let fees = Fees { max_priority_fee_per_gas: U256::ZERO, max_fee_per_gas: U256::ONE };
                transaction.kind = Kind::DynamicFee { fees, access_list: Vec::new() };
            }
        }
        transaction.sign(&key_of(user)).unwrap()
    }
}

/// A sequence of numbers that a seed determines.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        let hash = keccak256(self.0.to_be_bytes());
        self.0 = u64::from_be_bytes(*hash.first_chunk().unwrap());
        u64::from_be_bytes(*hash.last_chunk().unwrap()) % end
    }
}
