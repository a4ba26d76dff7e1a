//! Transfer objects between two shards that read each other's states late.

use outrider_sdk::{
    StateRoot,
    receipt::{EeIndex, Slot},
    styles::{
        Place,
        capability::{self, Capability, CapabilityError, Remote},
        transfer::{self, Object, TransferError},
    },
};
use outrider_witness::{Keccak256, NoNodes, NodeBag, Recorder, smt::Tree};
use proptest::prelude::*;

use crate::network::on;

type State = Tree<Keccak256, NoNodes>;

/// The part of a state that another shard has crosslinked.
#[derive(Clone, Default)]
struct Snapshot {
    root: StateRoot,
    nodes: NodeBag,
}

fn snapshot(state: &mut State) -> Snapshot {
    let mut nodes = NodeBag::default();
    let root = StateRoot(state.put_revealed(&mut nodes).0);
    Snapshot { root, nodes }
}

/// Makes the proof about capabilities that a provider would, and opens it as an executor does.
fn remote(snapshot: &Snapshot, capabilities: &[Capability]) -> Remote {
    let mut full = Tree::<Keccak256, _>::open(&snapshot.root.into(), Recorder::new(&snapshot.nodes));
    capability::read(&mut full, capabilities).unwrap();
    Remote::open(snapshot.root, &full.into_witness().unwrap()).unwrap()
}

proptest! {
    #[test]
    fn an_object_is_taken_or_reclaimed_once_and_leaves_nothing(
        steps in prop::collection::vec((0..7_u8, 0..3_u64, 0..4_u64), 1..100)
    ) {
        let (mut states, mut seen) = ([State::empty(), State::empty()], [Snapshot::default(), Snapshot::default()]);
        let mut now = Slot(10);
        let mut objects: Vec<_> = (0..3_u64).map(|number| Object {
            from: on(0), to: on(1), number: 100 + number, deadline: Slot(14 + 3 * number), content: b"coin".to_vec(),
        }).collect();
        let (mut n_offered, mut n_taken, mut n_reclaimed) = ([0; 3], [0; 3], [0; 3]);
        for (action, number, slots) in steps {
            let n = number as usize;
            if action == 0 && n_offered[n] == 0 {
                objects[n].number = transfer::next_number(&mut states[0]).unwrap();
            }
            let object = &objects[n];
            let capabilities = [object.offered(), object.taken()];
            let [sender, receiver] = &mut states;
            let [of_sender, of_receiver] = [0, 1].map(|shard: usize| remote(&seen[shard], &capabilities));
            let (mut of_sender, mut of_receiver) = (of_sender, of_receiver);
            match action {
                0 if n_offered[n] == 0 => {
                    transfer::offer(sender, on(0), object).unwrap();
                    assert!(transfer::offer(sender, on(0), object).is_err(), "an object is offered once");
                    n_offered[n] += 1;
                }
                1 => n_taken[n] += i32::from(transfer::take(receiver, on(1), object, &mut of_sender, now).is_ok()),
                2 => {
                    let _ = transfer::withdraw(sender, object, &mut of_receiver);
                }
                3 => {
                    let _ = transfer::clean(receiver, object, &mut of_sender);
                }
                4 => n_reclaimed[n] += i32::from(transfer::reclaim(sender, object, &mut of_receiver).is_ok()),
                // A crosslink of one of the shards.
                5 => seen[n % 2] = snapshot(&mut states[n % 2]),
                _ => {
                    now.0 += slots;
                    capability::tick(&mut states[n % 2], now).unwrap();
                }
            }
            prop_assert!(n_taken[n] + n_reclaimed[n] <= n_offered[n], "{:?}", object);
        }
        // In the end, whatever was not taken can be reclaimed, and cleaning up leaves nothing but the clocks.
        now.0 += 100;
        for step in 0..3 {
            for state in &mut states {
                capability::tick(state, now).unwrap();
            }
            seen = [snapshot(&mut states[0]), snapshot(&mut states[1])];
            for (n, object) in objects.iter().enumerate() {
                let capabilities = [object.offered(), object.taken()];
                let [mut of_sender, mut of_receiver] = [0, 1].map(|shard: usize| remote(&seen[shard], &capabilities));
                match step {
                    0 => {
                        let is_reclaimed = transfer::reclaim(&mut states[0], object, &mut of_receiver).is_ok();
                        n_reclaimed[n] += i32::from(is_reclaimed);
                        prop_assert_eq!(n_taken[n] + n_reclaimed[n], n_offered[n]);
                    }
                    1 => drop(transfer::withdraw(&mut states[0], object, &mut of_receiver)),
                    _ => drop(transfer::clean(&mut states[1], object, &mut of_sender)),
                }
            }
        }
        let n_records = states.each_mut().map(|state| state.iter().count());
        prop_assert_eq!(n_records, [1 + usize::from(n_offered != [0; 3]), 1], "only the clocks, and the next number");
    }
}

#[test]
fn a_proof_of_another_root_and_one_that_does_not_cover_are_refused() {
    let mut state = State::empty();
    let [one, other] = [1, 2].map(|byte| Capability { value: [byte; 32], holder: on(1) });
    for byte in 0..50 {
        capability::set(&mut state, &Capability { value: [byte; 32], holder: on(0) }).unwrap();
    }
    capability::set(&mut state, &one).unwrap();
    capability::tick(&mut state, Slot(7)).unwrap();
    let seen = snapshot(&mut state);
    let mut of_one = remote(&seen, &[one]);
    of_one.prove_present(&one).unwrap();
    assert!(matches!(of_one.prove_absent(&one, Slot(0)), Err(CapabilityError::Present)));
    assert!(matches!(of_one.prove_absent(&other, Slot(0)), Err(CapabilityError::NotCovered(_))));
    let mut of_other = remote(&seen, &[other]);
    assert!(matches!(of_other.prove_present(&other), Err(CapabilityError::Absent)));
    let early = of_other.prove_absent(&other, Slot(7)).unwrap_err();
    assert_eq!(
        early.to_string(),
        "the proven state of the other EE is of slot 7, and the deadline is slot 7"
    );
    let witness =
        Tree::<Keccak256, _>::open(&seen.root.into(), Recorder::new(&seen.nodes)).into_witness().unwrap();
    let error = Remote::open(StateRoot([9; 32]), &witness).unwrap_err();
    assert!(matches!(error, CapabilityError::Witness(_)), "{error:?}");
    let object = Object { from: on(0), to: on(1), number: 1, deadline: Slot(5), content: Vec::new() };
    assert_eq!(Object::from_bytes(&object.to_bytes()), Some(object.clone()));
    let late = transfer::take(&mut State::empty(), on(1), &object, &mut of_one, Slot(6)).unwrap_err();
    assert!(matches!(late, TransferError::Late { now: 6, deadline: 5 }));
    let elsewhere = transfer::take(&mut State::empty(), on(0), &object, &mut of_one, Slot(5)).unwrap_err();
    assert!(matches!(elsewhere, TransferError::OtherPlace { expected } if expected == on(1)));
    let foreign = Object { from: Place { ee: EeIndex(6), ..on(0) }, ..object };
    let foreign = transfer::take(&mut State::empty(), on(1), &foreign, &mut of_one, Slot(5)).unwrap_err();
    assert!(matches!(foreign, TransferError::Foreign { ee: EeIndex(6) }));
}
