//! Messages along edges.

use std::collections::{BTreeMap, VecDeque};

use super::{Parameters, Schedule};
use crate::{outcome::Outcome, random::Random};

/// A message on its way.
#[derive(Clone, Copy)]
struct Message {
    destination: u32,
    /// The slot in which it was sent.
    sent: u32,
    hops: u32,
}

struct Cube {
    dimensions: u32,
    schedule: Schedule,
    capacity: usize,
    /// For each vertex and dimension, what waits for that edge: at `vertex * dimensions + dimension`.
    outboxes: Vec<VecDeque<Message>>,
    waiting: u64,
    outbox_max: usize,
    /// Delivered messages and the sum of their slots, by hops.
    delivered: BTreeMap<u32, (u64, u64)>,
    slots_max: u32,
    mined: u64,
    dropped: u64,
    /// Vertices with more than one block in a slot.
    conflicts: u64,
}

/// Simulates the slots in which messages are sent, and then as many as it takes until all are delivered.
pub(super) fn run(parameters: &Parameters, seed: u64, outcome: &mut Outcome) {
    let mut cube = Cube::new(parameters);
    let mut senders = Random::new(seed, 0, "hypercube: messages");
    let mut miners = Random::new(seed, 0, "hypercube: mined edges");
    let mut slot = 0;
    while slot < parameters.simulated_slots || cube.waiting > 0 {
        if slot < parameters.simulated_slots {
            cube.send(parameters.messages, slot, &mut senders);
        }
        cube.carry(slot, &mut miners);
        slot += 1;
    }
    cube.report(slot, outcome);
}

impl Cube {
    fn new(parameters: &Parameters) -> Self {
        let dimensions = parameters.dimensions;
        Self {
            dimensions,
            schedule: parameters.schedule,
            capacity: parameters.edge_capacity.map_or(usize::MAX, |capacity| capacity as usize),
            outboxes: vec![VecDeque::new(); (dimensions as usize) << dimensions],
            waiting: 0,
            outbox_max: 0,
            delivered: BTreeMap::new(),
            slots_max: 0,
            mined: 0,
            dropped: 0,
            conflicts: 0,
        }
    }

    fn n_vertices(&self) -> u32 {
        1 << self.dimensions
    }

    /// Lets every vertex send messages to random vertices. Some are to itself, and there at once.
    fn send(&mut self, messages: f64, slot: u32, random: &mut Random) {
        for vertex in 0..self.n_vertices() {
            let n = messages.trunc() as u32 + u32::from(random.chance(messages.fract()));
            for _ in 0..n {
                let destination = random.below(self.n_vertices().into()) as u32;
                self.waiting += 1;
                self.put(vertex, Message { destination, sent: slot, hops: 0 }, slot, slot);
            }
        }
    }

    /// Puts a message that is at a vertex when `slots` have ended into the outbox of its next edge, from slot `next`
    /// on.
    fn put(&mut self, vertex: u32, message: Message, ended: u32, next: u32) {
        let differs = vertex ^ message.destination;
        if differs == 0 {
            self.waiting -= 1;
            let slots = ended - message.sent;
            self.slots_max = self.slots_max.max(slots);
            let (n, sum) = self.delivered.entry(message.hops).or_default();
            *n += 1;
            *sum += u64::from(slots);
            return;
        }
        let dimension = match self.schedule {
            Schedule::All | Schedule::Mined(_) => differs.trailing_zeros(),
            // The one whose turn comes first.
            Schedule::OneDimension => {
                let turn = |after: &u32| (next + after) % self.dimensions;
                let first = (0..self.dimensions).find(|after| differs >> turn(after) & 1 == 1);
                turn(&first.unwrap_or_default())
            }
        };
        let outbox = &mut self.outboxes[(vertex * self.dimensions + dimension) as usize];
        outbox.push_back(message);
        self.outbox_max = self.outbox_max.max(outbox.len());
    }

    /// Carries messages over the edges of a slot.
    fn carry(&mut self, slot: u32, random: &mut Random) {
        let edges: Vec<(u32, u32)> = match self.schedule {
            Schedule::All => self.all_edges(),
            Schedule::OneDimension => self.edges(slot % self.dimensions).collect(),
            Schedule::Mined(probability) => self.mine(probability, random),
        };
        let mut moved = Vec::new();
        for (vertex, dimension) in edges {
            for from in [vertex, vertex ^ 1 << dimension] {
                let outbox = &mut self.outboxes[(from * self.dimensions + dimension) as usize];
                let n = outbox.len().min(self.capacity);
                moved.extend(outbox.drain(..n).map(|message| (from ^ 1 << dimension, message)));
            }
        }
        // Only now, so that no message crosses two edges in a slot.
        for (vertex, message) in moved {
            let hops = message.hops + 1;
            self.put(vertex, Message { hops, ..message }, slot + 1, slot + 1);
        }
    }

    /// Returns the edges of a dimension, each by its lower end.
    fn edges(&self, dimension: u32) -> impl Iterator<Item = (u32, u32)> + use<> {
        let lower = (0..self.n_vertices()).filter(move |vertex| vertex >> dimension & 1 == 0);
        lower.map(move |vertex| (vertex, dimension))
    }

    fn all_edges(&self) -> Vec<(u32, u32)> {
        (0..self.dimensions).flat_map(|dimension| self.edges(dimension)).collect()
    }

    /// Mines edges, in a random order, and drops each that shares a vertex with one before it.
    fn mine(&mut self, probability: f64, random: &mut Random) -> Vec<(u32, u32)> {
        let mut mined = self.all_edges();
        mined.retain(|_| random.chance(probability));
        random.shuffle(&mut mined);
        let mut blocks = vec![0_u8; self.n_vertices() as usize];
        let (mut kept, n_mined) = (Vec::new(), mined.len());
        let mut taken = vec![false; blocks.len()];
        for (vertex, dimension) in mined {
            let ends = [vertex as usize, (vertex ^ 1 << dimension) as usize];
            ends.iter().for_each(|&end| blocks[end] = blocks[end].saturating_add(1));
            if !taken[ends[0]] && !taken[ends[1]] {
                ends.iter().for_each(|&end| taken[end] = true);
                kept.push((vertex, dimension));
            }
        }
        self.mined += n_mined as u64;
        self.dropped += (n_mined - kept.len()) as u64;
        self.conflicts += blocks.iter().filter(|&&blocks| blocks > 1).count() as u64;
        kept
    }

    fn report(&self, slots: u32, outcome: &mut Outcome) {
        let n: u64 = self.delivered.values().map(|(n, _)| n).sum();
        let hops: u64 = self.delivered.iter().map(|(&hops, (n, _))| u64::from(hops) * n).sum();
        let sum: u64 = self.delivered.values().map(|(_, sum)| sum).sum();
        outcome.measure("delivered", n as f64, "messages");
        outcome.ratio("simulated_hops", hops as f64, n as f64, "hops");
        outcome.ratio("simulated_slots", sum as f64, n as f64, "slots");
        if let Some((&hops, _)) = self.delivered.last_key_value() {
            outcome.measure("simulated_hops_max", hops.into(), "hops");
            outcome.measure("simulated_slots_max", self.slots_max.into(), "slots");
        }
        outcome.measure("outbox_max", self.outbox_max as f64, "messages");
        if let Schedule::Mined(_) = self.schedule {
            let at_vertices = f64::from(slots) * f64::from(self.n_vertices());
            outcome.ratio("simulated_conflict_probability", self.conflicts as f64, at_vertices, "");
            outcome.ratio("dropped_blocks_share", self.dropped as f64, self.mined as f64, "");
        }
        let row =
            |(&hops, &(n, sum)): (&u32, &(u64, u64))| vec![hops.into(), n as f64, sum as f64 / n as f64];
        outcome.series("latency", &["hops", "messages", "slots"], self.delivered.iter().map(row).collect());
    }
}
