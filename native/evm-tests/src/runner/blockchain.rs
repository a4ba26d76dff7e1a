//! Execution of blockchain tests.

use alloy_primitives::B256;
use outrider_evm::{
    chain::Chain,
    header::Header,
    import::{Candidate, Import},
    trial::Trial,
};
use outrider_evm_codec::Payload;
use outrider_host::{ExecutionInput, StateRoot, chain};
use outrider_shard::{BuiltBlock, Frame, Previous};
use outrider_witness::{Keccak256, mpt::witness as mpt_witness, store::Batch};

use super::outcome::not_refused;
use super::{MemoryProvider, Outcome, Refusal, RunError, Runner};
use crate::{
    blockchain_test::{BlockchainTest, TestBlock},
    exception::{INSUFFICIENT_WITNESS, with_right_transactions_root},
    execution_witness::{Witness, WitnessedBlock},
};

/// Why a blockchain test ends before its last block.
enum Stop {
    Failed(String),
    NotRun(String),
    Error(RunError),
}

impl<E: Into<RunError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

/// The header of an executed block and the results of executing it, or nothing for a block that must be refused.
type AcceptedBlock = Option<(Header, Box<BuiltBlock>)>;

impl Runner {
    /// Runs a blockchain test:
    ///
    /// 1. Compares what the test holds twice, see [`BlockchainTest::contradiction`], also in blocks.
    /// 2. Checks that the genesis state has the root in its header.
    /// 3. Executes the valid blocks one after another, and checks that the EE refuses the others. The EE checks the
    ///    header of each, so the state after a block is right if the EE accepts it.
    /// 4. Executes each block with an execution witness from that alone, and checks that it yields the same block data,
    ///    or is refused if the witness lacks something.
    /// 5. Compares the final head and its state with those of the test.
    pub(super) fn blockchain_test(&self, test: &BlockchainTest) -> Result<Outcome, RunError> {
        let mut import = match test.import() {
            Ok(import) => import,
            Err(error) => return Ok(Outcome::NotRun(chain(&error))),
        };
        if let Some(contradiction) = &test.contradiction {
            return Ok(Outcome::Failed(chain(contradiction)));
        }
        let (provider, root) = self.provider(&test.pre_state)?;
        if root != test.genesis_state_root() {
            let expected = test.genesis_state_root();
            return Ok(Outcome::Failed(format!("genesis state root: expected {expected}, got {root}")));
        }
        let mut refusals = Vec::new();
        for (index, block) in test.blocks.iter().enumerate() {
            match self.block(&provider, &import, block, &mut refusals) {
                Ok(Some((header, built))) => {
                    provider.apply(std::slice::from_ref(&*built), Previous::Keep)?;
                    import.accept(header, &block.bytes);
                }
                Ok(None) => {}
                Err(Stop::Failed(what)) => return Ok(Outcome::Failed(format!("block {index}: {what}"))),
                Err(Stop::NotRun(why)) => return Ok(Outcome::NotRun(why)),
                Err(Stop::Error(error)) => return Err(error),
            }
        }
        let (expected, got) = (test.last_block_hash, import.head().hash);
        if got != expected {
            return Ok(Outcome::Failed(format!("last block: expected {expected}, got {got}")));
        }
        let got = import.head().state_root;
        Ok(match test.post_state_root {
            Some(expected) if got != expected => {
                Outcome::Failed(format!("post-state root: expected {expected}, got {got}"))
            }
            _ => Outcome::Passed { refusals },
        })
    }

    /// Executes the next block, and its execution witness if it has one.
    fn block(
        &self,
        provider: &MemoryProvider,
        import: &Import,
        block: &TestBlock,
        refusals: &mut Vec<Refusal>,
    ) -> Result<AcceptedBlock, Stop> {
        if let Some(contradiction) = &block.contradiction {
            return Err(Stop::Failed(chain(contradiction)));
        }
        let Candidate { payload, pre_state_root, header, .. } = import.candidate(&block.bytes);
        let trial = Trial::new(provider, pre_state_root, &payload);
        let (built, header) = match (trial, &block.exception, header) {
            (Trial::Unsupported(words), ..) => return Err(Stop::NotRun(words)),
            (Trial::Failed(error), ..) => {
                return Err(match Outcome::unanswered(&error) {
                    Outcome::NotRun(why) => Stop::NotRun(why),
                    _ => Stop::Failed(error.to_string()),
                });
            }
            (Trial::Refused(words), Some(exception), _) => {
                let refusal = block_refusal(provider, pre_state_root, &payload, exception, words);
                refusals.push(refusal.map_err(Stop::Failed)?);
                return Ok(None);
            }
            (Trial::Refused(words), None, _) => return Err(Stop::Failed(format!("refused: {words}"))),
            (Trial::Executed(_), Some(exception), _) => return Err(Stop::Failed(not_refused(exception))),
            (Trial::Executed(_), None, None) => {
                return Err(Stop::Failed("the EE executed a block without a header".to_owned()));
            }
            (Trial::Executed(built), None, Some(header)) => (built, header),
        };
        if let Some(witness) = &block.witness {
            let from_witness = WitnessedBlock::new(block.bytes.clone(), witness.clone())?;
            let trial = self.try_witness(&from_witness, import.chain())?;
            if block.witness_suffices {
                let fault =
                    self.witness_fault(trial, &from_witness.witness, pre_state_root, &payload, &built)?;
                fault.map_or(Ok(()), |what| Err(Stop::Failed(what)))?;
            } else {
                refusals.push(insufficiency(trial).map_err(Stop::Failed)?);
            }
        }
        Ok(Some((header, built)))
    }

    /// Executes a block from the headers, nodes and codes of its execution witness alone.
    fn try_witness(&self, block: &WitnessedBlock, rules: &Chain) -> Result<Trial, RunError> {
        let (pre_state_root, payload) = match block.payload(rules) {
            Ok(found) => found,
            Err(error) => return Ok(Trial::Refused(chain(&error))),
        };
        let mut batch = Batch::new();
        block.witness.put_into(&mut batch);
        Ok(Trial::new(&self.provider_of_part(&batch)?, pre_state_root, &payload))
    }

    /// Returns what is wrong with an execution witness that should suffice, or with the EE's use of it:
    ///
    /// 1. The witness alone yields the same block data as the full state; superfluous parts are left out.
    /// 2. The EE refuses the block without one of the nodes or codes that it needs.
    /// 3. The EE refuses the block data with one byte changed.
    fn witness_fault(
        &self,
        trial: Trial,
        witness: &Witness,
        pre_state_root: B256,
        payload: &Payload,
        built: &BuiltBlock,
    ) -> Result<Option<String>, RunError> {
        match answer(trial) {
            Ok(other) if other.block_data() == built.block_data() => {}
            Ok(_) => return Ok(Some("the witness gives other block data than the state".to_owned())),
            Err(words) => return Ok(Some(format!("with the witness of the test: {words}"))),
        }
        let frame = Frame::parse(built.block_data())?;
        let (_, needed) = mpt_witness::decode::<Keccak256>(frame.witness)?.revealed();
        let mut hashes = needed.nodes.iter().chain(needed.blobs.iter()).map(|(hash, _)| hash);
        let Some(hash) = hashes.find(|hash| hash.0 != pre_state_root.0) else { return Ok(None) };
        let mut batch = Batch::new();
        witness.without(hash).put_into(&mut batch);
        match Trial::new(&self.provider_of_part(&batch)?, pre_state_root, payload) {
            Trial::Refused(words) if words.contains(&hash.to_string()) => {}
            trial => {
                return Ok(Some(match answer(trial) {
                    Ok(_) => format!("executed without {hash}, which is needed"),
                    Err(words) => format!("without {hash}, which is needed: {words}"),
                }));
            }
        }
        Ok(self.damage_fault(pre_state_root, built))
    }

    fn damage_fault(&self, pre_state_root: B256, built: &BuiltBlock) -> Option<String> {
        let mut damaged = built.block_data().to_vec();
        let byte = damaged.get_mut(DAMAGED_BYTE)?;
        *byte ^= 1;
        match self.ee.execute(&ExecutionInput::new(StateRoot(pre_state_root.0), damaged)) {
            Ok(_) => Some("executed with a damaged witness".to_owned()),
            Err(error) if error.refusal().is_none() => Some(format!("a damaged witness: {}", chain(&error))),
            Err(_) => None,
        }
    }
}

/// Returns the results of a trial, or the reason for which there are none.
fn answer(trial: Trial) -> Result<Box<BuiltBlock>, String> {
    match trial {
        Trial::Executed(built) => Ok(built),
        Trial::Refused(words) | Trial::Unsupported(words) => Err(words),
        Trial::Failed(error) => Err(error.to_string()),
    }
}

/// Compares the outcome of an incomplete witness with the expected one.
fn insufficiency(trial: Trial) -> Result<Refusal, String> {
    match trial {
        Trial::Refused(words) => Refusal::new(INSUFFICIENT_WITNESS, words),
        Trial::Executed(_) => Err(not_refused(INSUFFICIENT_WITNESS)),
        Trial::Unsupported(words) => Err(words),
        Trial::Failed(error) => Err(error.to_string()),
    }
}

/// Compares the EE's reason with the exception of a block. A wrong transactions root may hide the exception.
fn block_refusal(
    provider: &MemoryProvider,
    pre_state_root: B256,
    payload: &Payload,
    exception: &str,
    words: String,
) -> Result<Refusal, String> {
    let refusal = Refusal::new(exception, words);
    if refusal.is_ok() {
        return refusal;
    }
    match with_right_transactions_root(payload).map(|mended| Trial::new(provider, pre_state_root, &mended)) {
        Some(Trial::Refused(words)) => Refusal::new(exception, words),
        Some(Trial::Executed(_) | Trial::Unsupported(_) | Trial::Failed(_)) | None => refusal,
    }
}

/// The offset of a byte within the first node of a witness, after its length, its counts and the structure of that
/// node.
const DAMAGED_BYTE: usize = 32;
