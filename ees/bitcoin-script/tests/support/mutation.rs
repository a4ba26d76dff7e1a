//! Random changes of vectors, the same in every run.

use outrider_bitcoin_script::{
    opcode::ALL,
    primitives::{Amount, Sequence, TransactionVersion, Witness, absolute::LockTime},
};

use super::{
    fuzz::push,
    input::{Case, p2sh, p2wsh, tapscript},
};

/// SplitMix64, whose numbers only depend on the seed (<https://prng.di.unimi.it/splitmix64.c>).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Moves the executed script, changed, to a witness or a redeem script, and the elements before it along.
pub fn move_script(case: &mut Case, random: &mut Random) {
    let index = case.input_index;
    let input = &mut case.transaction.inputs[index];
    let spent = &mut case.spent_outputs[index];
    let elements = input.witness.to_vec();
    let script = match elements.last() {
        Some(script) => script.clone(),
        None => spent.script_pubkey.to_vec(),
    };
    let script = if random.below(2) == 0 { mutated(script, random) } else { script };
    // The pushes of the scriptSig, as far as they are short ones.
    let mut elements: Vec<Vec<u8>> =
        if elements.is_empty() { pushes(input.script_sig.as_bytes()) } else { elements };
    let mut script_sig = Vec::new();
    match random.below(4) {
        0 => {
            script_sig = elements.iter().chain([&script]).flat_map(|element| push(element)).collect();
            elements.clear();
            spent.script_pubkey = p2sh(&script).into();
        }
        1 => {
            spent.script_pubkey = p2wsh(&script).into();
            elements.push(script);
        }
        2 => {
            spent.script_pubkey = p2sh(&p2wsh(&script)).into();
            script_sig = push(&p2wsh(&script));
            elements.push(script);
        }
        _ => {
            let (script_pubkey, control) = tapscript(&script);
            spent.script_pubkey = script_pubkey.into();
            elements.extend([script, control]);
        }
    }
    input.script_sig = script_sig.into();
    input.witness = Witness::from_slice(&elements);
}

fn pushes(mut script: &[u8]) -> Vec<Vec<u8>> {
    let mut elements = Vec::new();
    while let [opcode, rest @ ..] = script {
        let (element, rest) = match opcode {
            0..=75 if rest.len() >= usize::from(*opcode) => rest.split_at(usize::from(*opcode)),
            0x51..=0x60 => (&[*opcode - 0x50][..], rest),
            _ => break,
        };
        elements.push(element.to_vec());
        script = rest;
    }
    elements
}

/// Changes one field of the transaction or of the outputs that it spends.
pub fn mutate(case: &mut Case, random: &mut Random) {
    let index = case.input_index;
    match random.below(16) {
        0..=4 => {
            let script = mutated(case.spent_outputs[index].script_pubkey.to_vec(), random);
            case.spent_outputs[index].script_pubkey = script.into();
        }
        5..=8 => {
            let script = mutated(case.transaction.inputs[index].script_sig.to_vec(), random);
            case.transaction.inputs[index].script_sig = script.into();
        }
        9..=12 => mutate_witness(case, random),
        13 => {
            let sequence = *random.choose(&[0, 1, 0xffff, 1 << 22, 1 << 31, u32::MAX - 1, u32::MAX]);
            case.transaction.inputs[index].sequence = Sequence::from_consensus(sequence);
        }
        14 => {
            let lock_time = *random.choose(&[0, 1, 499_999_999, 500_000_000, u32::MAX]);
            case.transaction.lock_time = LockTime::from_consensus(lock_time);
            case.transaction.version =
                TransactionVersion::maybe_non_standard(*random.choose(&[0, 1, 2, u32::MAX]));
        }
        _ => case.spent_outputs[index].amount = Amount::from_sat(random.next() % 1000).unwrap(),
    }
}

fn mutate_witness(case: &mut Case, random: &mut Random) {
    let input = &mut case.transaction.inputs[case.input_index];
    let mut elements = input.witness.to_vec();
    let at = random.below(elements.len() + 1);
    match (random.below(4), elements.get_mut(at)) {
        (0, _) => elements.insert(at, bytes(random)),
        (1, Some(_)) => drop(elements.remove(at)),
        (_, Some(element)) => *element = mutated(std::mem::take(element), random),
        (_, None) => {}
    }
    input.witness = Witness::from_slice(&elements);
}

fn bytes(random: &mut Random) -> Vec<u8> {
    let length = *random.choose(&[0, 1, 1, 2, 4, 5, 20, 32, 33, 64, 65, 75, 76, 520, 521]);
    (0..length).map(|_| *random.choose(&[0, 1, 2, 0x50, 0x80, 0x81, 0xff])).collect()
}

/// Changes, inserts, removes or repeats a part of a script, in the middle of operations or not.
fn mutated(mut script: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let at = random.below(script.len() + 1);
    let opcode = if random.below(8) == 0 { random.next() as u8 } else { random.choose(ALL).1 };
    match random.below(8) {
        0 if at < script.len() => script[at] ^= 1 << random.below(8),
        1 if at < script.len() => script[at] = opcode,
        2 if at < script.len() => drop(script.remove(at)),
        3 => script.truncate(at),
        4 => drop(script.splice(at..at, push(&bytes(random)))),
        5 => {
            let end = at + random.below(script.len() + 1 - at);
            let part = script[at..end].to_vec();
            let to = random.below(script.len() + 1);
            drop(script.splice(to..to, part));
        }
        _ => script.insert(at, opcode),
    }
    script
}
