//! Which rules of Ethereum are those of revm.

use outrider_evm_codec::{BlobSchedule, Fork, Rules};
use revm::primitives::{eip4844::GAS_PER_BLOB, hardfork::SpecId};

use crate::{error::TransitionError, requests::DEPOSIT_CONTRACT};

/// The rules of a payload, checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec<'a> {
    pub(crate) rules: &'a Rules,
    /// The fork that is in force.
    pub(crate) fork: Fork,
    /// What revm calls the fork.
    pub(crate) id: SpecId,
}

impl<'a> Spec<'a> {
    /// Checks that there are such rules.
    pub(crate) fn new(rules: &'a Rules) -> Result<Self, TransitionError> {
        let id = match rules.fork {
            Fork::Frontier => SpecId::FRONTIER,
            Fork::Homestead => SpecId::HOMESTEAD,
            Fork::TangerineWhistle => SpecId::TANGERINE,
            Fork::SpuriousDragon => SpecId::SPURIOUS_DRAGON,
            Fork::Byzantium => SpecId::BYZANTIUM,
            // What Constantinople has besides is in `instructions`.
            Fork::Constantinople | Fork::Petersburg => SpecId::PETERSBURG,
            Fork::Istanbul | Fork::MuirGlacier => SpecId::ISTANBUL,
            Fork::Berlin => SpecId::BERLIN,
            Fork::London | Fork::ArrowGlacier | Fork::GrayGlacier => SpecId::LONDON,
            Fork::Paris => SpecId::MERGE,
            Fork::Shanghai => SpecId::SHANGHAI,
            Fork::Cancun => SpecId::CANCUN,
            Fork::Prague => SpecId::PRAGUE,
            Fork::Osaka => SpecId::OSAKA,
            // What revm has of it that is not in the draft is taken back in `amsterdam`.
            Fork::Amsterdam => SpecId::AMSTERDAM,
        };
        let BlobSchedule { target, max, base_fee_update_fraction } = rules.blobs;
        let is_schedule = target <= max && (1..=BLOBS_MAX).contains(&max) && base_fee_update_fraction > 0;
        if rules.fork >= Fork::Cancun && !is_schedule {
            return Err(TransitionError::BlobSchedule { target, max, base_fee_update_fraction });
        }
        Ok(Self { rules, fork: rules.fork, id })
    }

    /// Whether a fork is in force.
    pub(crate) fn has(&self, fork: Fork) -> bool {
        self.fork >= fork
    }

    /// The rules for headers from before London.
    pub(crate) fn before_london(self) -> Self {
        Self { fork: self.fork.min(Fork::Berlin), ..self }
    }

    /// The most blob gas of a block.
    pub(crate) fn blob_gas_max(&self) -> u64 {
        if self.has(Fork::Cancun) { self.rules.blobs.max * GAS_PER_BLOB } else { 0 }
    }
}

/// The same rules, with one value for what does not matter by them.
pub(crate) fn canonical(rules: Rules) -> Rules {
    let no_blobs = BlobSchedule { target: 0, max: 0, base_fee_update_fraction: 0 };
    Rules {
        blobs: if rules.fork >= Fork::Cancun { rules.blobs } else { no_blobs },
        blocks_since_dao_fork: rules.blocks_since_dao_fork.min(NO_DAO_FORK),
        deposit_contract: rules
            .deposit_contract
            .filter(|contract| rules.fork >= Fork::Prague && *contract != DEPOSIT_CONTRACT),
        ..rules
    }
}

/// So many blocks after the split over the DAO, or more, nothing tells of it any more: not even the oldest ommer of a block, which is 6
/// blocks older, is one of the first 10.
pub(crate) const NO_DAO_FORK: u8 = 16;

/// The most blobs of a block, of any schedule: 2^32, so that no sum of blob gas overflows.
const BLOBS_MAX: u64 = 1 << 32;
