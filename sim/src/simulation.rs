//! A simulated chain of phase 1: validators, shard proposers and committees by the specification's guide for validators,
//! in a network in which messages take time.
//!
//! Nodes that hear the same messages at the same times decide the same, so they are one [`View`], with one node. The members
//! of a committee in a view sign once, with the sum of their secret keys; the result is the aggregate of their
//! signatures, and the specification verifies it as such.
//!
//! In each slot, the validators of each view have these duties, by the view's own node:
//!
//! | time | duty |
//! |---|---|
//! | 0 | the beacon proposer proposes on the head, with the attestations and light-client votes of the previous slot |
//! | 1/4 | shard proposers propose on the beacon block and on the heads of their shards |
//! | 1/2 | committees attest the beacon chain's head, and the transitions of their shards by the blocks up to their heads |
//! | 2/3 | the light-client committee votes for the beacon chain's head |
//!
//! Everything is determined by the setup: events are in a queue by time, class and place, and random numbers come from the
//! seed by actor and purpose. Attestations count in the fork choice of a view when they arrive, or when a block with them
//! does. A view that knows two blocks of one proposer for one slot has the next beacon block slash the proposer.

mod evidence;
mod fault;
mod message;
mod network;
mod queue;
pub mod random;
mod setup;
mod view;

pub use fault::{Fault, Split};
pub use message::MessageKind;
pub use network::{Network, Partition};
pub use setup::{Eth1, Members, Setup, SetupError, ViewSetup};
pub use view::{RefusedMessage, View};

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;

use self::{
    fault::{Faults, Publication},
    message::Message,
    queue::{Class, Queue},
    random::random,
    view::Duties,
};
use crate::{
    keys::{Keys, SignatureMode, Signer},
    shard_block::ShardProposer,
};
use outrider_beacon::{
    ledger::{Execution, ExtendedBlock, LedgerError, LedgerOperations},
    registry::Rules,
};
use outrider_beacon_spec::{
    constants::GENESIS_SLOT, error::Error, math::Uint64 as _, phase::Phase1, preset::Preset, types::Slot,
};

/// An event in a view.
#[derive(Debug)]
enum Event<C: Preset> {
    Slot,
    Message(Message<C>),
    BeaconProposal,
    ShardProposals,
    Attestations,
    LightClientVotes,
}

/// A simulated chain, with the contents of shard blocks from `S`, which nodes judge with `X`.
#[derive(Debug)]
pub struct Simulation<C: Preset, S, X: Execution> {
    views: Vec<View<C, X::Error>>,
    lags_ms: Vec<u64>,
    queue: Queue<Event<C>>,
    network: Network,
    latency: Vec<ChaCha8Rng>,
    faults: Faults,
    signer: Signer,
    eth1: Option<Eth1>,
    shard_proposer: S,
    execution: X,
    slot: Slot,
}

impl<C: Preset, S: ShardProposer, X: Execution> Simulation<C, S, X> {
    /// Makes a simulation in the genesis slot.
    ///
    /// # Errors
    ///
    /// Fails if the setup contradicts itself, or if there is no such genesis.
    pub fn new(setup: Setup, shard_proposer: S, execution: X) -> Result<Self, SetupError> {
        setup.check_views()?;
        let members = setup.members()?;
        let n_validators = setup.n_validators();
        let (node, _) = setup.genesis.node::<Phase1<C>>().map_err(SetupError::Genesis)?;
        let lags_ms = setup.views.iter().map(|view| view.lag_ms).collect();
        let names = setup.views.into_iter().map(|view| view.name);
        let views: Vec<_> =
            names.zip(members).map(|(name, members)| View::new(name, members, node.clone())).collect();
        let seed = setup.genesis.seed;
        let mut simulation = Self {
            lags_ms,
            queue: Queue::default(),
            network: setup.network,
            latency: (0..views.len()).map(|view| random(seed, view, "latency")).collect(),
            faults: Faults(setup.faults),
            signer: Signer { keys: Keys::new(n_validators), mode: setup.signatures },
            eth1: setup.eth1,
            shard_proposer,
            execution,
            slot: GENESIS_SLOT,
            views,
        };
        simulation.plan_slot();
        Ok(simulation)
    }

    /// Returns the views, in order of the setup.
    #[must_use]
    pub fn views(&self) -> &[View<C, X::Error>] {
        &self.views
    }

    /// Returns the current slot: the latest one that ran.
    #[must_use]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// Returns the keys of all validators, with those that may join.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.signer.keys
    }

    /// Runs the next slot, and returns the beacon blocks that were proposed in it: one for each view whose head has another
    /// proposer, or none. Each contains the operations, with the executions of crosslinked blocks.
    ///
    /// The setup decides whether signatures are verified, and not the rules.
    ///
    /// # Errors
    ///
    /// Fails if an operation is refused.
    pub fn run_slot(
        &mut self,
        operations: &LedgerOperations<Phase1<C>>,
        rules: Rules<'_>,
    ) -> Result<Vec<Arc<ExtendedBlock<Phase1<C>>>>, LedgerError> {
        let rules = Rules { verify_signatures: self.signer.mode == SignatureMode::Real, ..rules };
        // The genesis slot has no proposals; its attestations are the first events of the next one.
        self.slot = self.slot.plus(1)?;
        self.plan_slot();
        let end_ms = self.slot.plus(1)?.saturating_mul(Self::slot_ms());
        let mut blocks = Vec::new();
        while let Some((time_ms, view, event)) = self.queue.pop_before(end_ms) {
            self.run_event(time_ms, view, event, (operations, rules), &mut blocks)?;
        }
        Ok(blocks)
    }

    /// Returns the length of a slot in milliseconds.
    fn slot_ms() -> u64 {
        C::SECONDS_PER_SLOT.saturating_mul(1000)
    }

    /// Adds the events of the current slot.
    fn plan_slot(&mut self) {
        let slot_ms = Self::slot_ms();
        let start_ms = self.slot.saturating_mul(slot_ms);
        for view in 0..self.views.len() {
            if self.slot > GENESIS_SLOT {
                self.queue.push(start_ms, Class::Tick, view, Event::Slot);
                self.queue.push(start_ms, Class::Duty, view, Event::BeaconProposal);
                self.queue.push(start_ms + slot_ms / 4, Class::Duty, view, Event::ShardProposals);
            }
            self.queue.push(start_ms + slot_ms / 2, Class::Duty, view, Event::Attestations);
            self.queue.push(start_ms + slot_ms * 2 / 3, Class::Duty, view, Event::LightClientVotes);
        }
    }

    fn run_event(
        &mut self,
        time_ms: u64,
        view_index: usize,
        event: Event<C>,
        (operations, rules): (&LedgerOperations<Phase1<C>>, Rules<'_>),
        blocks: &mut Vec<Arc<ExtendedBlock<Phase1<C>>>>,
    ) -> Result<(), LedgerError> {
        let slot = time_ms / Self::slot_ms();
        let view = self.views.get_mut(view_index).ok_or(Error::IndexOutOfRange)?;
        let duties = Duties { slot, signer: &self.signer, faults: &self.faults, rules };
        let mut sent = Vec::new();
        match event {
            Event::Slot => view.on_tick(duties, &self.execution)?,
            Event::Message(message) => {
                let mut messages = vec![message];
                let is_message = |event: &Event<C>| matches!(event, Event::Message(_));
                while let Some(Event::Message(message)) = self.queue.pop_if(time_ms, view_index, is_message) {
                    messages.push(message);
                }
                view.receive(messages, duties, &self.execution);
            }
            Event::BeaconProposal => {
                sent = view.propose(duties, operations, self.eth1.as_ref())?;
                for (_, message) in &sent {
                    let Message::BeaconBlock(block) = message else { continue };
                    blocks.push(Arc::clone(block));
                }
            }
            Event::ShardProposals => {
                let blocks = view.propose_shard_blocks(duties, &self.shard_proposer)?;
                sent.extend(blocks.into_iter().map(|(to, block)| (to, Message::ShardBlock(block))));
            }
            Event::Attestations => {
                let attestations = view.attest(duties)?.into_iter().map(Message::Attestation);
                let publication = self.faults.attestations(slot);
                sent.extend(attestations.map(|message| (publication.clone(), message)));
            }
            Event::LightClientVotes => {
                let vote = view.vote_for_light_clients(duties)?.map(Message::LightClientVote);
                sent.extend(vote.map(|message| (Publication::Late(0), message)));
            }
        }
        for (publication, message) in sent {
            self.send(time_ms, view_index, &publication, &message);
        }
        Ok(())
    }

    /// Sends a message of a view to all views that may hear it, itself among them.
    fn send(&mut self, time_ms: u64, from: usize, publication: &Publication, message: &Message<C>) {
        let Some(latency) = self.latency.get_mut(from) else { return };
        for (to, lag_ms) in self.lags_ms.iter().enumerate() {
            let Some(delay_ms) = publication.delay_ms(to) else { continue };
            let sent_ms = time_ms.saturating_add(delay_ms);
            let arrival_ms = if to == from {
                sent_ms
            } else {
                let between = (from, to);
                self.network.arrival_ms(sent_ms, between, Self::slot_ms(), latency).saturating_add(*lag_ms)
            };
            self.queue.push(arrival_ms, Class::Message, to, Event::Message(message.clone()));
        }
    }
}
