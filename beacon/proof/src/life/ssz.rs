//! The SSZ encoding of lives. Each life has one encoding.

use alloc::{boxed::Box, vec::Vec};

use super::{
    super::{
        Bits, Hash, LaneSettlement, Multiproof, ProofError, ProvenHeader, RECEIPT_DEPTH, SentLane,
        SentReceipt, ssz::Reader,
    },
    FateProof, ReceiptLife, ReceiptProof, SettledProof,
};

/// The bytes of an offset.
const OFFSET: usize = 4;
/// The bytes of a branch.
const BRANCH: usize = 32 * RECEIPT_DEPTH;
/// The bytes of a lane, and the fixed parts of containers.
const LANE: usize = 8 + 8 + 4 + 8 + 32;
const RECEIPT: usize = 6 * 8 + 1 + 2 * 8 + OFFSET;
const SETTLEMENT: usize = 2 * 8 + 3 * OFFSET + 2 * 8;
const HEADER: usize = 32 + 8 + 2 * OFFSET;
const SETTLED: usize = 2 * OFFSET + 8 + BRANCH;
const ON_LANE: usize = OFFSET + BRANCH;
const RECEIPT_PROOF: usize = LANE + 8 + BRANCH + 8 + 2 * OFFSET;
const LIFE: usize = 8 + 3 * OFFSET;
/// The most bytes of a receipt's data.
const PAYLOAD_MAX: usize = 65_536;
/// The choices of a fate.
const WAITING: u8 = 0;
const SETTLED_CHOICE: u8 = 1;

impl<'p> ReceiptLife<'p> {
    /// Encodes the life.
    #[must_use]
    pub fn to_ssz_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(LIFE);
        writer.fixed(self.source_shard.to_le_bytes());
        writer.variable(&self.header.to_ssz_bytes());
        writer.variable(&self.receipt.to_ssz_bytes());
        writer.variable(&at_most_one(self.returned.as_ref().map(ReceiptProof::to_ssz_bytes)));
        writer.finish()
    }

    /// Decodes a life.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not the encoding of a life.
    pub fn from_ssz_bytes(bytes: &'p [u8]) -> Result<Self, ProofError> {
        let mut reader = Reader::new(bytes);
        let source_shard = reader.uint64()?;
        let offsets = [reader.uint32()?, reader.uint32()?, reader.uint32()?];
        let [header, receipt, returned] = parts(&reader, LIFE, offsets)?;
        Ok(Self {
            source_shard,
            header: read_header(header)?,
            receipt: read_receipt_proof(receipt)?,
            returned: optional(returned)?.map(read_receipt_proof).transpose()?,
        })
    }
}

impl ProvenHeader {
    /// Encodes the proof.
    #[must_use]
    pub fn to_ssz_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(HEADER);
        writer.fixed(self.block_root);
        writer.fixed(self.slot.to_le_bytes());
        writer.variable(&self.proof.to_ssz_bytes());
        writer.variable(&at_most_one(self.older.as_ref().map(Multiproof::to_ssz_bytes)));
        writer.finish()
    }
}

fn read_header(bytes: &[u8]) -> Result<ProvenHeader, ProofError> {
    let mut reader = Reader::new(bytes);
    let (block_root, slot) = (*reader.take()?, reader.uint64()?);
    let offsets = [reader.uint32()?, reader.uint32()?];
    let [proof, older] = parts(&reader, HEADER, offsets)?;
    let proof = Multiproof::from_ssz_bytes(proof)?;
    let older = optional(older)?.map(Multiproof::from_ssz_bytes).transpose()?;
    Ok(ProvenHeader { block_root, slot, proof, older })
}

impl ReceiptProof<'_> {
    /// Encodes the proof.
    #[must_use]
    pub fn to_ssz_bytes(&self) -> Vec<u8> {
        let Self { lane, lane_index, lane_branch, sequence, receipt: on_lane, fate } = self;
        let mut writer = Writer::new(RECEIPT_PROOF);
        writer.fixed(lane.destination_shard.to_le_bytes());
        writer.fixed(lane.first.to_le_bytes());
        writer.fixed(lane.n.to_le_bytes());
        writer.fixed(lane.value.to_le_bytes());
        writer.fixed(lane.receipts_root);
        writer.fixed(lane_index.to_le_bytes());
        lane_branch.iter().for_each(|sibling| writer.fixed(*sibling));
        writer.fixed(sequence.to_le_bytes());
        writer.variable(&at_most_one(on_lane.as_ref().map(|(sent, branch)| {
            let mut writer = Writer::new(ON_LANE);
            writer.variable(&receipt(sent));
            branch.iter().for_each(|sibling| writer.fixed(*sibling));
            writer.finish()
        })));
        writer.variable(&fate.to_ssz_bytes());
        writer.finish()
    }
}

impl FateProof {
    /// Encodes the proof.
    #[must_use]
    pub fn to_ssz_bytes(&self) -> Vec<u8> {
        match self {
            Self::Waiting(proof) => union(WAITING, &proof.to_ssz_bytes()),
            Self::Settled(proof) => union(SETTLED_CHOICE, &settled(proof)),
        }
    }
}

fn read_receipt_proof(bytes: &[u8]) -> Result<ReceiptProof<'_>, ProofError> {
    let mut reader = Reader::new(bytes);
    let lane = SentLane {
        destination_shard: reader.uint64()?,
        first: reader.uint64()?,
        n: reader.uint32()?,
        value: reader.uint64()?,
        receipts_root: *reader.take()?,
    };
    let (lane_index, lane_branch, sequence) = (reader.uint64()?, reader.branch()?, reader.uint64()?);
    let offsets = [reader.uint32()?, reader.uint32()?];
    let [on_lane, fate] = parts(&reader, RECEIPT_PROOF, offsets)?;
    let read_on_lane = |bytes| {
        let mut reader = Reader::new(bytes);
        let offset = reader.uint32()?;
        let branch = reader.branch()?;
        let [receipt] = parts(&reader, ON_LANE, [offset])?;
        Ok((read_receipt(receipt)?, branch))
    };
    let receipt = optional(on_lane)?.map(read_on_lane).transpose()?;
    let empty = ProofError::Length { got: 0, expected: 1 };
    let fate = match fate.split_first().ok_or(empty)? {
        (&WAITING, proof) => FateProof::Waiting(Multiproof::from_ssz_bytes(proof)?),
        (&SETTLED_CHOICE, proof) => FateProof::Settled(Box::new(read_settled(proof)?)),
        (got, _) => return Err(ProofError::Choice { got: *got, last: SETTLED_CHOICE }),
    };
    Ok(ReceiptProof { lane, lane_index, lane_branch, sequence, receipt, fate })
}

fn receipt(receipt: &SentReceipt<'_>) -> Vec<u8> {
    let mut writer = Writer::new(RECEIPT);
    writer.fixed(receipt.source_shard.to_le_bytes());
    writer.fixed(receipt.source_ee.to_le_bytes());
    writer.fixed(receipt.destination_shard.to_le_bytes());
    writer.fixed(receipt.destination_ee.to_le_bytes());
    writer.fixed(receipt.sequence.to_le_bytes());
    writer.fixed(receipt.slot.to_le_bytes());
    writer.fixed([receipt.kind]);
    writer.fixed(receipt.value.to_le_bytes());
    writer.fixed(receipt.fee.to_le_bytes());
    writer.variable(receipt.payload);
    writer.finish()
}

fn read_receipt(bytes: &[u8]) -> Result<SentReceipt<'_>, ProofError> {
    let mut reader = Reader::new(bytes);
    let receipt = SentReceipt {
        source_shard: reader.uint64()?,
        source_ee: reader.uint64()?,
        destination_shard: reader.uint64()?,
        destination_ee: reader.uint64()?,
        sequence: reader.uint64()?,
        slot: reader.uint64()?,
        kind: u8::from_le_bytes(*reader.take()?),
        value: reader.uint64()?,
        fee: reader.uint64()?,
        payload: &[],
    };
    let offset = reader.uint32()?;
    let [payload] = parts(&reader, RECEIPT, [offset])?;
    if payload.len() > PAYLOAD_MAX {
        return Err(ProofError::Limit { got: payload.len(), limit: PAYLOAD_MAX });
    }
    Ok(SentReceipt { payload, ..receipt })
}

fn settled(proof: &SettledProof) -> Vec<u8> {
    let mut writer = Writer::new(SETTLED);
    writer.variable(&proof.header.to_ssz_bytes());
    writer.variable(&settlement(&proof.settlement));
    writer.fixed(proof.settlement_index.to_le_bytes());
    proof.branch.iter().for_each(|sibling| writer.fixed(*sibling));
    writer.finish()
}

fn read_settled(bytes: &[u8]) -> Result<SettledProof, ProofError> {
    let mut reader = Reader::new(bytes);
    let offsets = [reader.uint32()?, reader.uint32()?];
    let (settlement_index, branch) = (reader.uint64()?, reader.branch()?);
    let [header, settlement] = parts(&reader, SETTLED, offsets)?;
    let (header, settlement) = (read_header(header)?, read_settlement(settlement)?);
    Ok(SettledProof { header, settlement, settlement_index, branch })
}

fn settlement(settlement: &LaneSettlement) -> Vec<u8> {
    let mut writer = Writer::new(SETTLEMENT);
    writer.fixed(settlement.source_shard.to_le_bytes());
    writer.fixed(settlement.first.to_le_bytes());
    writer.variable(&settlement.settled.to_ssz_bytes());
    writer.variable(&settlement.rejected.to_ssz_bytes());
    writer.variable(&settlement.undelivered.to_ssz_bytes());
    writer.fixed(settlement.value.to_le_bytes());
    writer.fixed(settlement.fees.to_le_bytes());
    writer.finish()
}

fn read_settlement(bytes: &[u8]) -> Result<LaneSettlement, ProofError> {
    let mut reader = Reader::new(bytes);
    let (source_shard, first) = (reader.uint64()?, reader.uint64()?);
    let offsets = [reader.uint32()?, reader.uint32()?, reader.uint32()?];
    let (value, fees) = (reader.uint64()?, reader.uint64()?);
    let [settled, rejected, undelivered] = parts(&reader, SETTLEMENT, offsets)?;
    let [settled, rejected, undelivered] =
        [Bits::from_ssz_bytes(settled)?, Bits::from_ssz_bytes(rejected)?, Bits::from_ssz_bytes(undelivered)?];
    Ok(LaneSettlement { source_shard, first, settled, rejected, undelivered, value, fees })
}

/// Encodes a list of at most one element of variable size.
fn at_most_one(element: Option<Vec<u8>>) -> Vec<u8> {
    let Some(element) = element else { return Vec::new() };
    let mut writer = Writer::new(OFFSET);
    writer.variable(&element);
    writer.finish()
}

/// Reads a list of at most one element of variable size.
fn optional(bytes: &[u8]) -> Result<Option<&[u8]>, ProofError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader::new(bytes);
    let offset = reader.uint32()?;
    let [element] = parts(&reader, OFFSET, [offset])?;
    Ok(Some(element))
}

fn union(choice: u8, value: &[u8]) -> Vec<u8> {
    [&[choice][..], value].concat()
}

/// Writes a container: the fixed part of known length, with offsets, and then the variable parts.
struct Writer {
    n_fixed: usize,
    fixed: Vec<u8>,
    variable: Vec<u8>,
}

impl Writer {
    fn new(n_fixed: usize) -> Self {
        Self { n_fixed, fixed: Vec::with_capacity(n_fixed), variable: Vec::new() }
    }

    fn fixed<const N: usize>(&mut self, bytes: [u8; N]) {
        self.fixed.extend(bytes);
    }

    fn variable(&mut self, bytes: &[u8]) {
        // No life that a decoder accepts is near 2^32 bytes.
        let offset = u32::try_from(self.n_fixed.saturating_add(self.variable.len())).unwrap_or(u32::MAX);
        self.fixed.extend(offset.to_le_bytes());
        self.variable.extend(bytes);
    }

    fn finish(mut self) -> Vec<u8> {
        self.fixed.extend(self.variable);
        self.fixed
    }
}

impl<'b> Reader<'b> {
    fn uint32(&mut self) -> Result<u32, ProofError> {
        self.take().map(|bytes| u32::from_le_bytes(*bytes))
    }

    fn branch(&mut self) -> Result<[Hash; RECEIPT_DEPTH], ProofError> {
        let mut branch = [Hash::default(); RECEIPT_DEPTH];
        for sibling in &mut branch {
            *sibling = *self.take()?;
        }
        Ok(branch)
    }
}

/// Returns the variable parts of a container whose fixed part was read. The first one begins after the fixed part, each other
/// one where the previous one ends, and the last one ends with the container.
fn parts<'b, const N: usize>(
    reader: &Reader<'b>,
    n_fixed: usize,
    offsets: [u32; N],
) -> Result<[&'b [u8]; N], ProofError> {
    let end = n_fixed.saturating_add(reader.rest.len());
    let mut parts: [&[u8]; N] = [&[]; N];
    let mut rest = reader.rest;
    let mut begin = n_fixed;
    let ends = offsets.iter().skip(1).map(|offset| *offset as usize).chain([end]);
    for ((part, offset), until) in parts.iter_mut().zip(offsets).zip(ends) {
        if offset as usize != begin {
            return Err(ProofError::Offset {
                got: offset,
                expected: u32::try_from(begin).unwrap_or(u32::MAX),
            });
        }
        let length = until.checked_sub(begin).ok_or(ProofError::Length { got: until, expected: begin })?;
        let split = rest.split_at_checked(length);
        (*part, rest) = split.ok_or(ProofError::Length { got: end, expected: until })?;
        begin = until;
    }
    Ok(parts)
}
