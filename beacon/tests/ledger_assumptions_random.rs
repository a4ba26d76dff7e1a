//! Random headers with assumptions, against a naive ledger that knows nothing but their effects.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{
    P1,
    assumptions::{assuming, crosslink_all, moving, settings, start, tip},
    shards::ee_state,
};
use outrider_beacon::ledger::{ExecutionHeader, ExtendedState, Ledger, Settings, apply_execution_header};
use outrider_beacon_spec::{
    hash::hash_tree_root,
    types::{Root, Slot},
};
use proptest::{collection::vec, prelude::*};

/// A shard block: an EE goes to one of a few roots and pays a fee, if other EEs have the roots that it assumes. Some blocks
/// build on nothing that the shard has executed.
#[derive(Clone, Debug)]
struct Block {
    ee: u32,
    to: u8,
    fee: u64,
    assumed: Vec<(u32, u8)>,
    is_stray: bool,
}

fn block() -> impl Strategy<Value = Block> {
    let assumed = prop_oneof![
        2 => Just(Vec::new()),
        2 => (0..2_u32, 1..3_u8).prop_map(|one| vec![one]),
        1 => (1..3_u8, 1..3_u8).prop_map(|(one, other)| vec![(0, one), (1, other)]),
    ];
    (0..2_u32, 1..3_u8, 0..9_u64, assumed, prop::bool::weighted(0.1))
        .prop_map(|(ee, to, fee, assumed, is_stray)| Block { ee, to, fee, assumed, is_stray })
}

/// The blocks of both shards in a slot.
type Blocks = [Option<Block>; 2];

fn slot() -> impl Strategy<Value = Blocks> {
    let one = || prop::option::weighted(0.8, block());
    (one(), one()).prop_map(|(one, other)| [one, other])
}

/// A crosslinked header, in the order in which it counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    due: Slot,
    slot: Slot,
    is_conditional: bool,
    shard: usize,
    parent: Root,
    root: Root,
    ee: usize,
    to: u8,
    fee: u64,
    assumed: Vec<(u32, u8)>,
}

/// The execution root of each shard, and the roots and balances of its EEs.
#[derive(Clone, Debug, PartialEq)]
struct State([(Root, [(u8, u64); 2]); 2]);

impl State {
    fn of(extended: &ExtendedState<P1>, execution_roots: [Root; 2]) -> Self {
        let ee = |shard, ee| {
            let (root, balance) = ee_state(extended, shard, ee);
            (root[0], balance)
        };
        Self([0, 1].map(|shard| (execution_roots[shard], [ee(shard, 0), ee(shard, 1)])))
    }

    /// Counts a header, or returns that it is ignored.
    fn count(&mut self, header: &Waiting) -> bool {
        let has = |(ee, root): &(u32, u8)| self.0[1 - header.shard].1[*ee as usize].0 == *root;
        if header.parent != self.0[header.shard].0 || !header.assumed.iter().all(has) {
            return false;
        }
        let (execution_root, ees) = &mut self.0[header.shard];
        *execution_root = header.root;
        ees[header.ee].0 = header.to;
        ees[header.ee].1 -= header.fee;
        true
    }
}

/// A ledger without trees, checks and pending lists: it counts what has been crosslinked, in order.
struct Naive {
    challenge_slots: u64,
    accepted: State,
    waiting: Vec<Waiting>,
}

impl Naive {
    /// Returns the state with all that waits.
    fn optimistic(&self) -> State {
        let mut state = self.accepted.clone();
        self.waiting.iter().for_each(|header| assert!(state.count(header), "it would be dropped by now"));
        state
    }

    fn crosslink(&mut self, now: Slot, headers: &[Waiting]) {
        let due = self.waiting.iter().filter(|header| header.due <= now).count();
        for header in self.waiting.drain(..due) {
            assert!(self.accepted.count(&header));
        }
        let mut headers = headers.to_vec();
        headers.sort();
        if self.challenge_slots == 0 {
            headers.iter().for_each(|header| {
                self.accepted.count(header);
            });
            return;
        }
        let mut last = self.optimistic().0.map(|(execution_root, _)| execution_root);
        for header in headers.into_iter().filter(|header| {
            let continues = header.parent == last[header.shard];
            if continues {
                last[header.shard] = header.root;
            }
            continues
        }) {
            self.waiting.push(header);
        }
        let mut state = self.accepted.clone();
        self.waiting.retain(|header| state.count(header));
    }
}

/// Returns the header of a block on what its shard has executed, as if all assumptions had come true.
fn header(view: &mut Ledger, shard: usize, block: &Block, settings: &Settings) -> ExecutionHeader {
    let mut header = moving(view, shard as u64, block.ee, block.to);
    header.transitions[0].proposer_fee = block.fee.min(header.transitions[0].balance);
    for (ee, root) in &block.assumed {
        header = assuming(header, 1 - shard as u64, *ee, *root);
    }
    if block.is_stray {
        header.parent_execution_root = Root::repeat_byte(0x5a);
    } else {
        apply_execution_header(view, (shard as u64, 1), &header, 0, settings).unwrap();
    }
    header
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Each beacon block crosslinks one or two slots. It is never refused, ether is conserved, and the same headers count as in
    /// the naive ledger, with and without a challenge window.
    #[test]
    fn the_same_headers_count_as_in_a_naive_ledger(
        beacon_blocks in vec(vec(slot(), 1..3), 2..6),
        challenge_slots in prop::sample::select(vec![0_u64, 1, 3]),
    ) {
        let settings = settings(challenge_slots);
        let mut extended = start(&settings);
        let accepted = State::of(&extended, [Root::ZERO; 2]);
        let mut naive = Naive { challenge_slots, accepted, waiting: Vec::new() };
        for slots in &beacon_blocks {
            let now = extended.state.slot + slots.len() as u64;
            let mut view = tip(&extended, &settings);
            let mut waiting = Vec::new();
            let headers = [0, 1].map(|shard| {
                let of_slot = |(slot, blocks): (Slot, &Blocks)| {
                    let block = blocks[shard].as_ref()?;
                    let header = header(&mut view, shard, block, &settings);
                    waiting.push(Waiting {
                        due: now + challenge_slots,
                        slot,
                        is_conditional: !block.assumed.is_empty(),
                        shard,
                        parent: header.parent_execution_root,
                        root: hash_tree_root(&header),
                        ee: block.ee as usize,
                        to: block.to,
                        fee: header.transitions[0].proposer_fee,
                        assumed: block.assumed.clone(),
                    });
                    Some(header)
                };
                (extended.state.slot..).zip(slots).map(of_slot).collect::<Vec<_>>()
            });
            extended = crosslink_all(&extended, &headers, &settings);
            naive.crosslink(now, &waiting);
            let tips = [0, 1].map(|shard| extended.ledger.shards().get(shard).unwrap().execution_root());
            prop_assert_eq!(tips, naive.optimistic().0.map(|(execution_root, _)| execution_root));
            let accepted = naive.accepted.0.map(|(execution_root, _)| execution_root);
            prop_assert_eq!(State::of(&extended, accepted), naive.accepted.clone());
        }
    }
}
