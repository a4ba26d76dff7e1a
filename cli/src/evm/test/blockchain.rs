//! Blockchain tests.

use alloy_primitives::B256;
use outrider_evm::{chain::Chain, import::Candidate};
use outrider_evm_codec::Payload;
use outrider_evm_tests::{
    blockchain_test::BlockchainTest,
    exception::{INSUFFICIENT_WITNESS, with_right_transactions_root},
    execution_witness::{Witness, WitnessedBlock},
};
use outrider_host::{ExecutionInput, StateRoot, chain};
use outrider_shard::{Built, Frame, Previous, Provider};
use outrider_witness::{
    Keccak256,
    mpt::witness as mpt_witness,
    store::{Batch, MemoryStore},
};

use super::report::{Outcome, Refusal};
use super::run::{Run, Runner, not_refused};
use crate::evm::tried::Tried;

impl Runner {
    /// 1. What the test tells twice is the same, see [`BlockchainTest::contradiction`], of blocks, too.
    /// 2. The state of the genesis has the root in its header.
    /// 3. Block after block, the EE executes those that are valid, and refuses the others. It holds each against its header, so the
    ///    state after is right if it does.
    /// 4. A block with an execution witness comes to the same block data from that alone, or is refused if something was left out.
    /// 5. The head in the end is the test's, and so is its state.
    pub(super) fn blockchain_test(&self, test: &BlockchainTest) -> Run {
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
            let failed = |what: String| Ok(Outcome::Failed(format!("block {index}: {what}")));
            if let Some(contradiction) = &block.contradiction {
                return failed(chain(contradiction));
            }
            let Candidate { payload, pre_state_root, header } = import.candidate(&block.bytes);
            let tried = Tried::new(&provider, pre_state_root, &payload);
            let (built, header) = match (tried, &block.exception, header) {
                (Tried::Unsupported(words) | Tried::OutOfMemory(words), ..) => {
                    return Ok(Outcome::NotRun(words));
                }
                (Tried::Broken(what), ..) => return failed(what),
                (Tried::Refused(words), Some(exception), _) => {
                    match block_refusal(&provider, pre_state_root, &payload, exception, words) {
                        Ok(refusal) => refusals.push(refusal),
                        Err(what) => return failed(what),
                    }
                    continue;
                }
                (Tried::Refused(words), None, _) => return failed(format!("refused: {words}")),
                (Tried::Built(_), Some(exception), _) => return failed(not_refused(exception)),
                (Tried::Built(_), None, None) => return failed("executed without a header".to_owned()),
                (Tried::Built(built), None, Some(header)) => (built, header),
            };
            if let Some(witness) = &block.witness {
                let from_witness = WitnessedBlock::new(block.bytes.clone(), witness.clone())?;
                let tried = self.try_witness(&from_witness, import.chain())?;
                if block.witness_suffices {
                    if let Some(what) =
                        self.witness_fault(tried, &from_witness.witness, pre_state_root, &payload, &built)?
                    {
                        return failed(what);
                    }
                } else {
                    match insufficiency(tried) {
                        Ok(refusal) => refusals.push(refusal),
                        Err(what) => return failed(what),
                    }
                }
            }
            provider.apply(std::slice::from_ref(&*built), Previous::Keep)?;
            import.accept(header, &block.bytes);
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

    /// Executes a block from the headers, nodes and codes of its execution witness alone.
    fn try_witness(&self, block: &WitnessedBlock, rules: &Chain) -> anyhow::Result<Tried> {
        let (pre_state_root, payload) = match block.payload(rules) {
            Ok(found) => found,
            Err(error) => return Ok(Tried::Refused(chain(&error))),
        };
        let mut batch = Batch::new();
        block.witness.put_into(&mut batch);
        Ok(Tried::new(&self.provider_of(&batch)?, pre_state_root, &payload))
    }

    /// Tells what is wrong with an execution witness that should suffice, or with the EE's use of it, if anything is.
    ///
    /// 1. From the witness alone came the same block data as from the full state; what the witness has too much is left out.
    /// 2. Without one of the nodes or codes that the block needs, the EE refuses it.
    /// 3. With another byte in the block data it refuses it, too.
    fn witness_fault(
        &self,
        tried: Tried,
        witness: &Witness,
        pre_state_root: B256,
        payload: &Payload,
        built: &Built,
    ) -> anyhow::Result<Option<String>> {
        match tried {
            Tried::Built(other) if other.block_data() == built.block_data() => {}
            Tried::Built(_) => {
                return Ok(Some("the witness gives other block data than the state".to_owned()));
            }
            Tried::Refused(words)
            | Tried::Unsupported(words)
            | Tried::OutOfMemory(words)
            | Tried::Broken(words) => {
                return Ok(Some(format!("with the witness of the test: {words}")));
            }
        }
        let frame = Frame::parse(built.block_data())?;
        let (_, needed) = mpt_witness::decode::<Keccak256>(frame.witness)?.revealed();
        let mut hashes = needed.nodes.iter().chain(needed.blobs.iter()).map(|(hash, _)| hash);
        let Some(hash) = hashes.find(|hash| hash.0 != pre_state_root.0) else { return Ok(None) };
        let mut batch = Batch::new();
        witness.without(hash).put_into(&mut batch);
        match Tried::new(&self.provider_of(&batch)?, pre_state_root, payload) {
            Tried::Refused(words) if words.contains(&hash.to_string()) => {}
            Tried::Refused(words)
            | Tried::Unsupported(words)
            | Tried::OutOfMemory(words)
            | Tried::Broken(words) => {
                return Ok(Some(format!("without {hash}, which is needed: {words}")));
            }
            Tried::Built(_) => return Ok(Some(format!("executed without {hash}, which is needed"))),
        }
        Ok(self.damage_fault(pre_state_root, built))
    }

    fn damage_fault(&self, pre_state_root: B256, built: &Built) -> Option<String> {
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

/// Compares what came of a witness with something left out with what should.
fn insufficiency(tried: Tried) -> Result<Refusal, String> {
    match tried {
        Tried::Refused(words) => Refusal::new(INSUFFICIENT_WITNESS, words),
        Tried::Built(_) => Err(not_refused(INSUFFICIENT_WITNESS)),
        Tried::Unsupported(words) | Tried::OutOfMemory(words) | Tried::Broken(words) => Err(words),
    }
}

/// Compares the EE's reason with what should be wrong with a block. A wrong transactions root may hide that.
fn block_refusal(
    provider: &Provider<MemoryStore>,
    pre_state_root: B256,
    payload: &Payload,
    exception: &str,
    words: String,
) -> Result<Refusal, String> {
    let refusal = Refusal::new(exception, words);
    if refusal.is_ok() {
        return refusal;
    }
    match with_right_transactions_root(payload).map(|mended| Tried::new(provider, pre_state_root, &mended)) {
        Some(Tried::Refused(words)) => Refusal::new(exception, words),
        Some(Tried::Built(_) | Tried::Unsupported(_) | Tried::OutOfMemory(_) | Tried::Broken(_)) | None => {
            refusal
        }
    }
}

/// A byte within the first node of a witness: behind its length, its counts, and the structure of that node.
const DAMAGED_BYTE: usize = 32;
