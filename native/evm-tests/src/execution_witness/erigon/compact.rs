//! [Compact witnesses]: tries and codes.
//!
//! The witness is a program for a stack of nodes. It begins with a version byte, 0 or 1. Each instruction is a byte
//! followed by its operands; keys, values, codes and numbers are encoded in CBOR:
//!
//! | byte | operands | effect |
//! |---|---|---|
//! | 0 | key, value | pushes a leaf of a storage trie; its value is a big-endian number |
//! | 1 | key | makes an extension of the topmost node |
//! | 2 | mask | makes a branch of as many nodes as the mask has bits set, the last child topmost |
//! | 3 | 32 bytes | pushes a node or a code of which the witness only has the hash |
//! | 4 | code | pushes a code |
//! | 5 | key, flags, nonce (flag 4), balance (flag 8), length of the code (flag 1) | makes an account of the storage (flag 2) and the code (flag 1) on the stack, the storage topmost |
//! | 6 | | pushes an empty trie |
//!
//! A key is a single nibble, or a byte of flags and the nibbles, two in each byte; with flag 1, the last byte has only
//! its upper nibble.
//!
//! [Compact witnesses]: https://gist.github.com/mandrigin/ff7eccf30d0ef9c572bafcb0ab665cff

mod operand;

use alloy_primitives::{B256, Bytes, KECCAK256_EMPTY, U256, keccak256};
use alloy_rlp::RlpEncodable;
use outrider_evm::rlp;
use outrider_witness::mpt::EMPTY_ROOT;

use self::operand::Reader;

/// Why bytes are not a compact witness.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompactError {
    /// The bytes end within an instruction.
    #[error("offset {offset}: the bytes end too early")]
    End {
        /// The offset at which they end.
        offset: usize,
    },
    /// The version is not 0 or 1.
    #[error("version {got} is not known, expected 0 or 1")]
    Version {
        /// The version.
        got: u8,
    },
    /// The instruction does not exist.
    #[error("offset {offset}: instruction {got} is not known")]
    Instruction {
        /// The offset of the instruction.
        offset: usize,
        /// The byte of the instruction.
        got: u8,
    },
    /// An operand has another form than the instruction takes.
    #[error("offset {offset}: expected a {expected}")]
    Operand {
        /// The offset of the operand.
        offset: usize,
        /// A description of the operand.
        expected: &'static str,
    },
    /// The stack lacks an item that the instruction takes.
    #[error("offset {offset}: the stack has no {expected}")]
    Stack {
        /// The offset of the instruction's end.
        offset: usize,
        /// The kind of the item.
        expected: &'static str,
    },
    /// The program does not leave exactly one node on the stack.
    #[error("the stack has {got} nodes at the end, expected the root alone")]
    Left {
        /// The number of items that it leaves.
        got: usize,
    },
}

/// The nodes and codes of a compact witness.
pub(super) struct Parts {
    pub(super) root: B256,
    pub(super) nodes: Vec<Bytes>,
    pub(super) codes: Vec<Bytes>,
}

/// An item of the stack.
enum Item {
    /// A node in RLP.
    Node(Bytes),
    Code(B256),
    /// A node or a code of which only the hash is known.
    Hash(B256),
    Empty,
}

/// An account as a value of the trie ([Yellow Paper](https://ethereum.github.io/yellowpaper/paper.pdf), section 4.1).
#[derive(RlpEncodable)]
struct Account {
    nonce: u64,
    balance: U256,
    storage_root: B256,
    code_hash: B256,
}

impl Item {
    /// Returns the reference to this item in its parent node, in RLP: the hash of a node, or the node itself if it is
    /// shorter than a hash. `None` for items that are not nodes.
    fn reference(&self) -> Option<Vec<u8>> {
        match self {
            Self::Node(bytes) if bytes.len() < 32 => Some(bytes.to_vec()),
            Self::Node(bytes) => Some(alloy_rlp::encode(keccak256(bytes))),
            Self::Hash(hash) => Some(alloy_rlp::encode(hash)),
            Self::Empty => Some(vec![alloy_rlp::EMPTY_STRING_CODE]),
            Self::Code(_) => None,
        }
    }

    /// Returns the root of the trie whose root node this is, or `None` if it is not a node.
    fn root(&self) -> Option<B256> {
        match self {
            Self::Node(bytes) => Some(keccak256(bytes)),
            Self::Hash(hash) => Some(*hash),
            Self::Empty => Some(B256::new(EMPTY_ROOT.0)),
            Self::Code(_) => None,
        }
    }
}

/// Runs the program of a witness.
pub(super) fn decode(bytes: &[u8]) -> Result<Parts, CompactError> {
    let mut reader = Reader::new(bytes);
    let version = reader.byte()?;
    if version > 1 {
        return Err(CompactError::Version { got: version });
    }
    let mut machine = Machine::default();
    while reader.offset < bytes.len() {
        machine.step(&mut reader)?;
    }
    let Machine { stack, nodes, codes } = machine;
    match stack.as_slice() {
        [root] => match root.root() {
            Some(root) => Ok(Parts { root, nodes, codes }),
            None => Err(CompactError::Left { got: 1 }),
        },
        items => Err(CompactError::Left { got: items.len() }),
    }
}

#[derive(Default)]
struct Machine {
    stack: Vec<Item>,
    nodes: Vec<Bytes>,
    codes: Vec<Bytes>,
}

impl Machine {
    fn step(&mut self, reader: &mut Reader<'_>) -> Result<(), CompactError> {
        let offset = reader.offset;
        match reader.byte()? {
            LEAF => {
                let (path, value) = (reader.key()?, alloy_rlp::encode(reader.string()?));
                self.push_node(&[compact(&path, true), alloy_rlp::encode(&value[..])].concat());
            }
            EXTENSION => {
                let path = reader.key()?;
                let child = self.pop_node(reader.offset)?;
                self.push_node(&[compact(&path, false), child].concat());
            }
            BRANCH => {
                let mask = reader.number()?;
                if mask >> 16 != 0 {
                    return Err(CompactError::Operand { offset, expected: "mask of 16 children" });
                }
                let mut children = vec![vec![alloy_rlp::EMPTY_STRING_CODE]; 17];
                for (index, child) in children.iter_mut().enumerate().rev() {
                    if mask >> index & 1 == 1 {
                        *child = self.pop_node(reader.offset)?;
                    }
                }
                self.push_node(&children.concat());
            }
            HASH => self.stack.push(Item::Hash(B256::new(reader.array()?))),
            CODE => {
                let code = Bytes::copy_from_slice(reader.string()?);
                self.stack.push(Item::Code(keccak256(&code)));
                self.codes.push(code);
            }
            ACCOUNT => self.account(reader)?,
            EMPTY => self.stack.push(Item::Empty),
            got => return Err(CompactError::Instruction { offset, got }),
        }
        Ok(())
    }

    fn account(&mut self, reader: &mut Reader<'_>) -> Result<(), CompactError> {
        let path = reader.key()?;
        let offset = reader.offset;
        let flags = reader.byte()?;
        if flags >> 4 != 0 {
            return Err(CompactError::Operand { offset, expected: "byte of account flags" });
        }
        let nonce = if flags & HAS_NONCE == 0 { 0 } else { reader.number()? };
        let balance = if flags & HAS_BALANCE == 0 { &[] } else { reader.string()? };
        let balance = U256::try_from_be_slice(balance)
            .ok_or(CompactError::Operand { offset, expected: "balance of 256 bits" })?;
        if flags & HAS_CODE != 0 {
            reader.number()?;
        }
        let stack_error = |expected| CompactError::Stack { offset: reader.offset, expected };
        let storage_root = if flags & HAS_STORAGE == 0 {
            B256::new(EMPTY_ROOT.0)
        } else {
            let storage = self.stack.pop().and_then(|item| item.root());
            storage.ok_or_else(|| stack_error("storage"))?
        };
        let code_hash = if flags & HAS_CODE == 0 {
            KECCAK256_EMPTY
        } else {
            match self.stack.pop() {
                Some(Item::Code(hash) | Item::Hash(hash)) => hash,
                _ => return Err(stack_error("code")),
            }
        };
        let account = alloy_rlp::encode(Account { nonce, balance, storage_root, code_hash });
        self.push_node(&[compact(&path, true), alloy_rlp::encode(&account[..])].concat());
        Ok(())
    }

    /// Pushes the node with these items.
    fn push_node(&mut self, items: &[u8]) {
        let node = Bytes::from(rlp::list(items));
        self.nodes.push(node.clone());
        self.stack.push(Item::Node(node));
    }

    fn pop_node(&mut self, offset: usize) -> Result<Vec<u8>, CompactError> {
        let reference = self.stack.pop().and_then(|item| item.reference());
        reference.ok_or(CompactError::Stack { offset, expected: "node" })
    }
}

/// Encodes a path as in a node, in RLP ([Yellow Paper](https://ethereum.github.io/yellowpaper/paper.pdf), appendix C).
fn compact(nibbles: &[u8], is_leaf: bool) -> Vec<u8> {
    let (pairs, odd) = match nibbles.split_first() {
        Some((first, rest)) if nibbles.len() % 2 == 1 => (rest, 0x10 | first),
        _ => (nibbles, 0),
    };
    let mut bytes = vec![u8::from(is_leaf) << 5 | odd];
    bytes.extend(pairs.chunks(2).map(|pair| pair.iter().fold(0, |byte, nibble| byte << 4 | nibble)));
    alloy_rlp::encode(&bytes[..])
}

const LEAF: u8 = 0;
const EXTENSION: u8 = 1;
const BRANCH: u8 = 2;
const HASH: u8 = 3;
const CODE: u8 = 4;
const ACCOUNT: u8 = 5;
const EMPTY: u8 = 6;

const HAS_CODE: u8 = 1;
const HAS_STORAGE: u8 = 2;
const HAS_NONCE: u8 = 4;
const HAS_BALANCE: u8 = 8;
