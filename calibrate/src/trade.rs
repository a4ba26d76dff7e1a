//! The trade of a chain: a limit of memory, a price of loads, and the resulting factor.

use crate::case::{Case, Ending, Module};
use crate::measure::{Bench, CalibrateError};
use crate::memory::{LOADS, Walk};

/// The worst loads under a limit of memory.
#[derive(Clone, Debug)]
pub struct Trade {
    /// The limit, in MiB.
    pub memory_mib: u32,
    /// The time of a load that waits for the one before, by lines or by pages, whichever is longer, in nanoseconds.
    pub load_ns: f64,
    /// The factor over typical code for each of [`PRICES`].
    pub factors: Vec<f64>,
}

/// Prices of a load, in fuel.
pub const PRICES: [u32; 7] = [5, 10, 20, 40, 80, 160, 320];
/// Limits of memory, in MiB.
const LIMITS_MIB: [u32; 7] = [1, 2, 4, 8, 16, 64, 256];

/// Measures dependent loads under several limits of memory.
///
/// # Errors
///
/// Returns [`CalibrateError`] if a program does not run.
pub fn trade(bench: &Bench) -> Result<Vec<Trade>, CalibrateError> {
    let mut rows: Vec<Trade> = Vec::new();
    for memory_mib in LIMITS_MIB {
        // A larger limit allows everything that a smaller one does.
        let mut load_ns = rows.last().map_or(0.0, |row| row.load_ns);
        for walk in Walk::of(memory_mib * 1024) {
            let measured = bench.measure(&case(&walk))?;
            load_ns = f64::max(load_ns, measured.ns / (measured.turns * u64::from(LOADS)).max(1) as f64);
        }
        let typical = bench.typical_ns_per_fuel();
        let factors = PRICES.map(|price| load_ns / f64::from(price) / typical).to_vec();
        rows.push(Trade { memory_mib, load_ns, factors });
    }
    Ok(rows)
}

fn case(walk: &Walk) -> Case {
    let module = Module {
        items: format!("(import \"eth2\" \"contextSlot\" (func $turns (result i64)))\n{}", Walk::ITEMS),
        locals: format!("(local $n i64) {}", Walk::LOCALS),
        body: format!(
            "{} (local.set $n (call $turns))
            (block $done (loop $next
                (br_if $done (i64.eqz (local.get $n)))
                {}
                (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                (br $next)))
            {}",
            walk.setup(),
            Walk::loads(),
            Walk::AFTER,
        ),
        pages: walk.pages(),
    };
    let case = walk.case("load", &module).ending(Ending::Returns);
    Case { turns_max: Some(1 << 20), ..case }
}
