//! Blocks and transactions for regression tests, made independently of the EE's own.

use std::{ops::RangeInclusive, sync::LazyLock};

use bitcoin_consensus_encoding::{decode_from_slice, encode_to_vec};
use bitcoin_hashes::{hash160, sha256, sha256d};
use bitcoin_primitives::{
    Amount, Block, BlockHash, BlockHeader, BlockTime, BlockVersion, CompactTarget, OutPoint, ScriptPubKeyBuf,
    ScriptSigBuf, Sequence, Transaction, TransactionVersion, TxIn, TxOut, Txid, Witness, absolute::LockTime,
    merkle_tree::TxMerkleNode,
};
use outrider_bitcoin_script::{Software, Spending, sighash, taproot::tweak_hash};
use secp256k1::{Keypair, Message, Scalar, SecretKey, ecdsa, schnorr};
use utxo::{Network, Payload, Proposal};

use crate::chain::Chain;

/// `OP_1`: anybody can spend it.
pub(crate) const ANYONE: &[u8] = &[0x51];

/// The time of the genesis block of regression tests.
pub(crate) const GENESIS_TIME: u32 = 1_296_688_602;

/// The parts of a block that tests change.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) version: i32,
    pub(crate) previous: [u8; 32],
    pub(crate) time: u32,
    pub(crate) bits: u32,
    pub(crate) transactions: Vec<Transaction>,
}

impl Draft {
    /// Makes a block on a tip, ten minutes after the one before, whose coinbase takes an amount for anyone.
    pub(crate) fn new(chain: &Chain, amount: u64, transactions: Vec<Transaction>) -> Self {
        let tip = chain.tip();
        let coinbase = coinbase(tip.height + 1, amount);
        Self {
            version: 0x2000_0000,
            previous: tip.block_hash.0,
            time: time(tip.height + 1),
            bits: 0x207f_ffff,
            transactions: [vec![coinbase], transactions].concat(),
        }
    }

    /// Commits to the witnesses, again if the coinbase has done so.
    pub(crate) fn commit(mut self) -> Self {
        let ids: Vec<[u8; 32]> =
            self.transactions[1..].iter().map(|it| it.compute_wtxid().to_byte_array()).collect();
        let root = merkle_root([&[[0; 32]][..], &ids].concat());
        let commitment = sha256d::Hash::hash(&[root, [0; 32]].concat()).to_byte_array();
        let coinbase = &mut self.transactions[0];
        coinbase.inputs[0].witness = Witness::from_slice(&[[0; 32]]);
        let script = [&[0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed][..], &commitment].concat();
        coinbase.outputs.retain(|output| !output.script_pubkey.as_bytes().starts_with(&script[..6]));
        coinbase.outputs.push(output(0, &script));
        self
    }

    /// Returns the block with the Merkle root and work.
    pub(crate) fn mine(&self) -> Vec<u8> {
        self.mine_with(merkle_root(
            self.transactions.iter().map(|it| it.compute_txid().to_byte_array()).collect(),
        ))
    }

    /// Returns the block with a Merkle root, and work.
    pub(crate) fn mine_with(&self, merkle_root: [u8; 32]) -> Vec<u8> {
        let has_work = |header: &BlockHeader| header.block_hash().to_byte_array()[31] < 0x7f;
        let header = (0..).map(|nonce| self.header(merkle_root, nonce)).find(has_work).unwrap();
        encode_to_vec(&Block::new_unchecked(header, self.transactions.clone()))
    }

    /// Returns a block of only a coinbase with a nonce that was found before.
    pub(crate) fn with_nonce(&self, nonce: u32) -> Vec<u8> {
        let header = self.header(self.transactions[0].compute_txid().to_byte_array(), nonce);
        encode_to_vec(&Block::new_unchecked(header, self.transactions.clone()))
    }

    fn header(&self, merkle_root: [u8; 32], nonce: u32) -> BlockHeader {
        BlockHeader {
            version: BlockVersion::from_consensus(self.version),
            prev_blockhash: BlockHash::from_byte_array(self.previous),
            merkle_root: TxMerkleNode::from_byte_array(merkle_root),
            time: BlockTime::from_u32(self.time),
            bits: CompactTarget::from_consensus(self.bits),
            nonce,
        }
    }
}

/// The time of a block of tests.
pub(crate) fn time(height: u32) -> u32 {
    GENESIS_TIME + 600 * height
}

/// Returns the block in block data.
pub(crate) fn block_of(block_data: &[u8]) -> Block {
    let (length, rest) = block_data.split_first_chunk().unwrap();
    let payload = &rest[u32::from_le_bytes(*length) as usize..];
    let Payload::Block(block) = Payload::from_bytes(payload).unwrap() else { panic!("a block") };
    decode_from_slice(&block).unwrap()
}

/// Makes a chain of regression tests with some blocks, whose coinbases anyone can spend, and returns these outputs.
pub(crate) fn chain_of(n_blocks: u32) -> (Chain, Vec<OutPoint>) {
    static HUNDRED: LazyLock<(Chain, Vec<OutPoint>)> =
        LazyLock::new(|| extend(Chain::new(Network::Regtest), 1..=100));
    if n_blocks < 100 {
        return extend(Chain::new(Network::Regtest), 1..=n_blocks);
    }
    let (chain, coins) = HUNDRED.clone();
    let (chain, more) = extend(chain, 101..=n_blocks);
    (chain, [coins, more].concat())
}

/// Adds blocks of these heights to a chain, and returns their coinbases.
fn extend(mut chain: Chain, heights: RangeInclusive<u32>) -> (Chain, Vec<OutPoint>) {
    let coinbases = heights.map(|height| {
        let provided = chain.accept_packages(&[propose(height)]);
        out_point(&block_of(&provided.block_data).as_parts().1[0], 0)
    });
    let coinbases = coinbases.collect();
    (chain, coinbases)
}

/// Returns the package of a proposer for the block at a height, whose coinbase anyone can spend.
pub(crate) fn propose(height: u32) -> Payload<'static> {
    Payload::Proposal(Proposal { time: time(height), script: ANYONE.to_vec(), transactions: Vec::new() })
}

pub(crate) fn merkle_root(mut level: Vec<[u8; 32]>) -> [u8; 32] {
    while level.len() > 1 {
        let pair = |pair: &[[u8; 32]]| [pair[0], *pair.last().unwrap()].concat();
        level = level.chunks(2).map(|nodes| sha256d::Hash::hash(&pair(nodes)).to_byte_array()).collect();
    }
    level[0]
}

fn coinbase(height: u32, amount: u64) -> Transaction {
    let number = match height {
        1..=16 => vec![0x50 + height as u8],
        17..=127 => vec![1, height as u8],
        128..=255 => vec![2, height as u8, 0],
        _ => vec![2, height as u8, (height >> 8) as u8],
    };
    let input =
        TxIn { script_sig: ScriptSigBuf::from_bytes([number, vec![0]].concat()), ..TxIn::EMPTY_COINBASE };
    transaction(vec![input], vec![output(amount, ANYONE)])
}

pub(crate) fn transaction(inputs: Vec<TxIn>, outputs: Vec<TxOut>) -> Transaction {
    Transaction { version: TransactionVersion::TWO, lock_time: LockTime::ZERO, inputs, outputs }
}

/// Makes an input without a script, as anyone's outputs need none.
pub(crate) fn input(previous_output: OutPoint) -> TxIn {
    TxIn { previous_output, sequence: Sequence::FINAL, ..TxIn::EMPTY_COINBASE }
}

pub(crate) fn output(amount: u64, script: &[u8]) -> TxOut {
    let script_pubkey = ScriptPubKeyBuf::from_bytes(script.to_vec());
    TxOut { amount: Amount::from_sat(amount).unwrap(), script_pubkey }
}

/// Makes a transaction from an output of anyone to others of anyone.
pub(crate) fn pay(from: OutPoint, amounts: &[u64]) -> Transaction {
    transaction(vec![input(from)], amounts.iter().map(|amount| output(*amount, ANYONE)).collect())
}

pub(crate) fn out_point(transaction: &Transaction, vout: u32) -> OutPoint {
    OutPoint { txid: transaction.compute_txid(), vout }
}

pub(crate) fn unknown_output(byte: u8) -> OutPoint {
    OutPoint { txid: Txid::from_byte_array([byte; 32]), vout: 0 }
}

/// Kinds of outputs that tests make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Anyone,
    P2pkh,
    P2sh,
    P2wpkh,
    P2wsh,
    Taproot,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Anyone, Self::P2pkh, Self::P2sh, Self::P2wpkh, Self::P2wsh, Self::Taproot];

    fn keypair() -> Keypair {
        Keypair::from_secret_key(&SecretKey::from_secret_bytes([9; 32]).unwrap())
    }

    /// Returns the script of an output of this kind.
    pub(crate) fn script(self) -> Vec<u8> {
        let key = Self::keypair().public_key().serialize();
        let hash = hash160::Hash::hash(&key).to_byte_array();
        match self {
            Self::Anyone => ANYONE.to_vec(),
            Self::P2pkh => [&[0x76, 0xa9, 20][..], &hash, &[0x88, 0xac]].concat(),
            Self::P2sh => [&[0xa9, 20][..], &hash160::Hash::hash(ANYONE).to_byte_array(), &[0x87]].concat(),
            Self::P2wpkh => [&[0, 20][..], &hash].concat(),
            Self::P2wsh => [&[0, 32][..], &sha256::Hash::hash(ANYONE).to_byte_array()].concat(),
            Self::Taproot => {
                let (internal, _) = Self::keypair().x_only_public_key();
                let tweak =
                    Scalar::from_be_bytes(tweak_hash(&internal.to_byte_array(), None, &Software)).unwrap();
                [&[0x51, 32][..], &internal.add_tweak(&tweak).unwrap().0.to_byte_array()].concat()
            }
        }
    }
}

/// Signs all inputs, which spend outputs of these kinds.
pub(crate) fn sign(transaction: &mut Transaction, spent: &[(Kind, u64)]) {
    let outputs: Vec<TxOut> = spent.iter().map(|(kind, amount)| output(*amount, &kind.script())).collect();
    let unsigned = transaction.clone();
    let spending = Spending::new(&unsigned, &outputs).unwrap();
    let pair = Kind::keypair();
    let key = pair.public_key().serialize();
    let ecdsa = |digest: [u8; 32]| {
        let signature = ecdsa::sign(Message::from_digest(digest), &pair.secret_key());
        [&signature.serialize_der()[..], &[1]].concat()
    };
    for (index, (kind, _)) in spent.iter().enumerate() {
        let code = Kind::P2pkh.script();
        let input = &mut transaction.inputs[index];
        match kind {
            Kind::Anyone => {}
            Kind::P2pkh => {
                let signature = ecdsa(sighash::legacy(&unsigned, index, &code, 1, &Software).unwrap());
                let script = [&[signature.len() as u8][..], &signature, &[33], &key].concat();
                input.script_sig = ScriptSigBuf::from_bytes(script);
            }
            Kind::P2sh => input.script_sig = ScriptSigBuf::from_bytes([&[1][..], ANYONE].concat()),
            Kind::P2wpkh => {
                let signature = ecdsa(sighash::segwit_v0(&spending, index, &code, 1, &Software).unwrap());
                input.witness = Witness::from_slice(&[signature, key.to_vec()]);
            }
            Kind::P2wsh => input.witness = Witness::from_slice(&[ANYONE]),
            Kind::Taproot => {
                let (internal, _) = pair.x_only_public_key();
                let tweak =
                    Scalar::from_be_bytes(tweak_hash(&internal.to_byte_array(), None, &Software)).unwrap();
                let digest =
                    sighash::taproot(&spending, index, sighash::TaprootPath::Key, None, 0, &Software)
                        .unwrap();
                let signature = schnorr::sign_no_aux_rand(&digest, &pair.add_xonly_tweak(&tweak).unwrap());
                input.witness = Witness::from_slice(&[signature.to_byte_array()]);
            }
        }
    }
}
