//! Reads of roots that are not crosslinked yet: the header assumes them, and an executor admits them only then.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "support/chain.rs"]
mod chain;
#[path = "support/obedient.rs"]
mod obedient;

use chain::{Chain, TestExecutor, settings};
use obedient::{GO_ON, obedient_chain, payload};
use outrider_beacon::ledger::{
    EePayload, ExecutableBlock, Execution as _, FormError, RootRead, Settings, ShardBody, ShardPlace,
};
use outrider_beacon_spec::types::{Bytes32, Root};
use outrider_shard::{
    executor::{Contents, ExecutorError},
    proposer::{LeftOut, fill},
};

/// A chain whose blocks may have two assumptions.
fn executor(chain: &Chain) -> TestExecutor {
    chain.executor_with(Settings { assumptions_max: 2, ..settings() })
}

fn read(ee: u32, root: u8) -> RootRead {
    RootRead { shard: 1, ee, state_root: Bytes32::repeat_byte(root) }
}

/// The latest root of EE 2 on shard 1.
const LATEST: u8 = 2;

fn reading(ee: u32, reads: &[RootRead]) -> EePayload {
    EePayload { reads: reads.to_vec().try_into().unwrap(), ..payload(ee, GO_ON, 7) }
}

/// Returns a place on shard 0 whose node knows blocks that make these roots.
fn place(chain: &Chain, assumable: &[RootRead]) -> ShardPlace {
    ShardPlace { assumable: assumable.iter().copied().collect(), ..chain.place(0) }
}

fn execute(executor: &TestExecutor, place: &ShardPlace, body: &ShardBody) -> Result<(), ExecutorError> {
    executor.execute(&[ExecutableBlock { root: Root::ZERO, place, body }]).remove(0)
}

#[test]
fn a_header_assumes_the_reads_that_are_not_of_the_latest_roots() {
    let chain = obedient_chain();
    let executor = executor(&chain);
    let known = place(&chain, &[read(2, 8), read(0, 9)]);
    let payloads = vec![reading(0, &[read(2, 8), read(2, LATEST)]), reading(1, &[read(0, 9), read(2, 8)])];
    let body = executor.body(&known, payloads).unwrap();
    assert_eq!(&body.header.assumptions[..], [read(0, 9), read(2, 8)], "by shard and EE, each once");
    execute(&executor, &known, &body).unwrap();
    // Which blocks a node knows is no concern of the execution: its verdict depends on the block alone.
    execute(&executor, &place(&chain, &[]), &body).unwrap();
    let block = ExecutableBlock { root: Root::ZERO, place: &place(&chain, &[]), body: &body };
    assert_eq!(executor.sent(&block).unwrap(), Vec::<Vec<_>>::new());
}

#[test]
fn a_read_that_is_neither_latest_nor_assumed_is_refused() {
    let chain = obedient_chain();
    let executor = executor(&chain);
    let known = place(&chain, &[read(2, 8)]);
    let is_read = |error: ExecutorError| matches!(error, ExecutorError::Read { ee: 0, shard: 1, of: 2, .. });
    assert!(is_read(executor.body(&known, vec![reading(0, &[read(2, 9)])]).unwrap_err()));
    assert!(is_read(executor.body(&place(&chain, &[]), vec![reading(0, &[read(2, 8)])]).unwrap_err()));
    let mut body = executor.body(&known, vec![reading(0, &[read(2, 8)])]).unwrap();
    body.header.assumptions = Vec::new().try_into().unwrap();
    let error = execute(&executor, &known, &body).unwrap_err();
    assert!(error.is_verdict() && is_read(error), "the header has to assume it");
}

#[test]
fn an_assumption_that_no_payload_reads_is_refused_with_its_ee_and_shard() {
    let chain = obedient_chain();
    let executor = executor(&chain);
    let known = place(&chain, &[read(2, 8)]);
    let mut body = executor.body(&known, vec![reading(0, &[read(2, 8)])]).unwrap();
    body.header.assumptions.push(read(3, 8)).unwrap();
    let error = execute(&executor, &known, &body).unwrap_err();
    let got = Bytes32::repeat_byte(8);
    assert!(
        matches!(&error, ExecutorError::Form(form) if *form == FormError::AssumptionUnread { shard: 1, ee: 3, got })
    );
    assert!(error.to_string().starts_with("assumptions: no payload reads the root 0x0808"), "{error}");
    assert!(error.is_verdict());
}

/// A node may know two blocks that make roots of one EE, of which only one can come true.
#[test]
fn a_proposer_leaves_out_payloads_that_assume_too_much_or_different_roots() {
    let chain = obedient_chain();
    let executor = executor(&chain);
    let known = place(&chain, &[read(0, 5), read(1, 6), read(2, 8), read(2, 9)]);
    let left_out = |offers: [EePayload; 2]| {
        let offers = offers.map(|payload| Contents::from(vec![payload])).to_vec();
        let filled = fill(&executor, &known, offers, Vec::new(), 0).unwrap();
        execute(&executor, &known, &filled.body).unwrap();
        let texts = filled.left_out.iter().map(|(index, reason)| match reason {
            LeftOut::Ledger { error, .. } => (*index, error.to_string()),
            other => (*index, other.to_string()),
        });
        (filled.body.header.assumptions.to_vec(), texts.collect::<Vec<_>>())
    };
    let both = left_out([reading(0, &[read(0, 5)]), reading(1, &[read(2, 8)])]);
    assert_eq!(both, (vec![read(0, 5), read(2, 8)], vec![]));
    let (assumed, left) = left_out([reading(0, &[read(2, 8)]), reading(1, &[read(2, 9)])]);
    assert_eq!((assumed.len(), left.len()), (1, 1));
    assert_eq!(left[0].1, "L9: assumptions: the root of EE 2 on shard 1 is out of order");
    let three = [read(0, 5), read(1, 6), read(2, 8)];
    let (assumed, left) = left_out([reading(0, &three), reading(1, &[read(2, 9)])]);
    assert_eq!(
        (assumed, left[0].1.as_str()),
        (vec![read(2, 9)], "L9: the header has 3 assumptions, the limit is 2")
    );
    let roots: Vec<_> = (0..65).map(|root| read(2, 100 + root)).collect();
    let payloads = vec![reading(0, &roots[..33]), reading(1, &roots[33..])];
    let error = executor.body(&place(&chain, &roots), payloads).unwrap_err();
    assert!(matches!(error, ExecutorError::AssumptionsMax { got: 65 }), "{error}");
}
