//! The lives in `examples/`: the one that is committed, and the one that the example `two-shards` writes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

#[path = "../../examples/two-shards/main.rs"]
#[allow(dead_code, reason = "the tests have their own main function")]
mod example;

use std::{fs, path::Path, sync::Arc};

use example::users::genesis_ee;
use outrider_beacon::{
    admission::HostAdmission,
    ledger::{LedgerOperations, Settings},
    proof::ReceiptLife,
    registry::Rules,
};
use outrider_beacon_proof::{Fate, Layout};
use outrider_host::{Host, HostConfig, StateRoot};
use outrider_shard::{
    Executor, Provider,
    executor::{ExecutorConfig, MemoryCodes},
    provider::ProviderActor,
};
use outrider_sim::{Genesis, Setup, Shards, SimPreset, Simulation};
use outrider_witness::store::MemoryStore;

type Preset = SimPreset<2>;

/// An EE of two counters, of which a byte of a payload from `c0` on also sends a receipt to the shard in its lower bits, and
/// which takes receipts.
fn counters() -> Vec<u8> {
    let changes = [
        (
            "(module\n",
            r#"(module
            (import "eth2" "receiptCopy" (func $receipt (param i32 i32 i32) (result i32)))
            (import "eth2" "pushReceipt" (func $push (param i32 i32)))
            "#,
        ),
        (
            "(i64.store (local.get $value)",
            r#"(if (i32.ge_u (local.get $byte) (i32.const 0xc0)) (then
                (i64.store (i32.const 0x7000) (i64.extend_i32_u (i32.and (local.get $byte) (i32.const 0x3f))))
                (i64.store (i32.const 0x7010) (i64.const 1000000))
                (i64.store (i32.const 0x7018) (i64.const 10))
                (i64.store (i32.const 0x7020) (i64.const 0x6f6c6c6548))
                (call $push (i32.const 0x7000) (i32.const 37))))
            (i64.store (local.get $value)"#,
        ),
    ];
    let text = include_str!("../../shard/tests/ees/pair.wat").to_owned();
    let text = changes.into_iter().fold(text, |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text.replace(from, to)
    });
    wat::parse_str(text).unwrap()
}

/// Runs two shards with the EE, which depends on no blob, and returns the life of a receipt from shard 0 to shard 1 from the root
/// of the final block.
fn life() -> Vec<u8> {
    let (host, mut codes) = (Host::new(HostConfig::default()).unwrap(), MemoryCodes::default());
    let code = counters();
    let ees = vec![genesis_ee(&code, StateRoot::default(), &[0, 1], &mut codes)];
    let genesis = Genesis { n_validators: Preset::N_VALIDATORS, ees, ..Genesis::default() };
    let ee = host.load(&code).unwrap();
    let settings = Settings::default();
    let executor = Executor::new(host, codes, settings.clone(), &ExecutorConfig::default()).unwrap();
    let shards = Arc::new(Shards::new(executor, 0));
    for shard in [0, 1] {
        let provider = Provider::open(ee.clone(), Arc::new(MemoryStore::new())).unwrap();
        shards.add(ProviderActor::new(provider, 0, shard, []));
    }
    let setup = Setup::one_view(genesis);
    let mut chain = Simulation::<Preset, _, _>::new(setup, Arc::clone(&shards), Arc::clone(&shards)).unwrap();
    let (admission, judge) = (HostAdmission::default(), shards.executor());
    let rules = Rules { settings: &settings, admission: &admission, judge, verify_signatures: true };
    for slot in 1..=32 {
        for (shard, byte) in [(0, if slot == 5 { 0xc1 } else { 1 }), (1, 1)] {
            shards.with(shard, 0, |provider| provider.submit(vec![byte])).unwrap().unwrap();
        }
        chain.run_slot(&LedgerOperations::default(), rules).unwrap();
    }
    assert_eq!(shards.n_failures(), 0);
    let finalized = chain.views()[0].node().store().finalized_checkpoint;
    assert!(finalized.epoch > 0);
    shards.receipt_life((0, 1), 0, &finalized.root).unwrap()
}

/// If the format has changed, `OUTRIDER_BLESS=1` has the test write the life.
#[test]
fn the_committed_life_is_that_of_a_chain() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/receipt.life");
    let life = life();
    if std::env::var_os("OUTRIDER_BLESS").is_some() {
        fs::write(&path, &life).unwrap();
    }
    assert!(fs::read(&path).unwrap() == life, "{} is another life", path.display());
}

#[test]
fn the_example_writes_the_life_of_its_transfer() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("transfer.life");
    example::run(Some(&path)).unwrap();
    let bytes = fs::read(&path).unwrap();
    let life = ReceiptLife::from_ssz_bytes(&bytes).unwrap();
    let verified = life.verify(Layout::MAINNET, |_| true).unwrap();
    assert_eq!((verified.receipt.slot, verified.receipt.fate), (5, Fate::Delivered));
    let receipt = verified.receipt.receipt.unwrap();
    assert_eq!((receipt.value, receipt.fee, verified.returned), (1_000_000, 10, None));
}
