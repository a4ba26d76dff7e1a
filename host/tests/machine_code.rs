//! The predicted size of machine code is close to its real size.

#[path = "support/bombs.rs"]
mod bombs;
mod support;

use outrider_host::{DiskCache, Host, HostConfig, Limits, summarize};
use support::blob;

/// Bytes of a cache entry besides machine code.
const BESIDE: u64 = 32 << 10;

/// Loads a module; returns the predicted machine code and the cached size of the module, in bytes.
#[track_caller]
fn predicted_and_kept(code: &[u8]) -> (u64, u64) {
    let directory = tempfile::tempdir().expect("there is a place for temporary files");
    let cache = DiskCache::open(directory.path()).expect("the directory is ours");
    let config = HostConfig { cache: Some(cache.clone()), ..HostConfig::default() };
    let host = Host::new(config).expect("the configuration is valid");
    host.load(code).expect("the module is acceptable");
    let kept = cache.usage().expect("the directory can be read").bytes;
    (summarize(code, &Limits::default()).compile_cost.code_bytes, kept)
}

#[test]
fn code_that_is_expensive_is_not_larger_than_predicted() {
    let recipes = bombs::recipes();
    let small = recipes.iter().filter(|recipe| recipe.bytes == 15_000 && recipe.copies == 1);
    let mut n_checked = 0;
    for recipe in small {
        let code = recipe.module();
        if !summarize(&code, &Limits::default()).refusals.is_empty() {
            continue;
        }
        let (predicted, kept) = predicted_and_kept(&code);
        assert!(kept <= predicted + predicted / 10 + BESIDE, "{recipe}: {kept} bytes, predicted {predicted}");
        n_checked += 1;
    }
    assert!(n_checked > 100, "{n_checked} recipes are small");
}

#[test]
fn the_code_of_ees_is_at_least_a_third_of_what_is_predicted() {
    for name in ["account", "bazaar", "crypto-check", "helloworld", "workload"] {
        let (predicted, kept) = predicted_and_kept(&blob(name));
        assert!(
            kept <= predicted + BESIDE && kept >= predicted / 3,
            "{name}: {kept} bytes, predicted {predicted}"
        );
    }
    let evm = summarize(&blob("evm"), &Limits::default()).compile_cost.code_bytes;
    assert!(evm < u64::from(Limits::default().code_bytes_near), "the EVM is near: {evm} bytes");
}
