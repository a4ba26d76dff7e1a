//! Cases of loads and stores by patterns of addresses, from memory within the first-level cache to memory beyond all
//! caches.

use outrider_host::Limits;

use crate::case::{Case, Group, Module, Warmth, repeat};

/// The number of accesses in a turn of the loop.
const TIMES: u32 = 64;
/// The size of a cache line and of a page of the machine, in bytes.
const LINE: u32 = 64;
const MACHINE_PAGE: u32 = 4096;
/// The size of a page of WebAssembly, in bytes.
const PAGE: u32 = 1 << 16;
/// Sizes of memory, in KiB, besides the default limit of near memory.
const SIZES_KIB: [u32; 6] = [16, 256, 1 << 10, 16 << 10, 64 << 10, 256 << 10];

/// Returns the cases.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = hazards();
    let near_kib = Limits::default().memory_pages_near.saturating_mul(PAGE >> 10);
    for kib in SIZES_KIB.into_iter().chain([near_kib]) {
        cases.extend(Walk::of(kib).iter().flat_map(Walk::cases));
        cases.extend(scattered(kib));
    }
    cases.extend([4u32, 16, 64, 256].into_iter().flat_map(first_touch));
    cases
}

/// Returns whether memory of this size is warm: a core's first-level cache holds at least 32 KiB.
fn warmth(kib: u32) -> Warmth {
    if kib > 32 { Warmth::Cold } else { Warmth::Warm }
}

fn sized(kib: u32, name: &str, variant: &str, module: Module) -> Case {
    let module = module.pages((kib * 1024).div_ceil(PAGE));
    let case = Case::new(Group::Memory, name, format!("{variant}, {}", size(kib)), &module);
    Case { warmth: warmth(kib), ..case }
}

fn size(kib: u32) -> String {
    if kib >= 1024 { format!("{} MiB", kib / 1024) } else { format!("{kib} KiB") }
}

/// A cycle through all of memory: each address holds the next.
pub(crate) struct Walk {
    kib: u32,
    order: &'static str,
    stride: u32,
}

/// The number of loads in a turn of the loop.
pub(crate) const LOADS: u32 = TIMES;

impl Walk {
    pub(crate) const LOCALS: &str = "(local $i i32) (local $a i32) (local $x i32)";
    pub(crate) const ITEMS: &str = "(global $out (mut i32) (i32.const 0))";
    /// Uses the last loaded value, so that no load is dead.
    pub(crate) const AFTER: &str = "(global.set $out (local.get $x))";

    /// Returns the walks through memory of this size: by lines and by pages.
    pub(crate) fn of(kib: u32) -> Vec<Self> {
        let all = [("lines in no order", LINE), ("pages in no order", MACHINE_PAGE)];
        let all = all.into_iter().map(|(order, stride)| Self { kib, order, stride });
        all.filter(|walk| walk.n_places() >= 16).collect()
    }

    fn n_places(&self) -> u32 {
        self.kib * 1024 / self.stride
    }

    pub(crate) fn pages(&self) -> u32 {
        (self.kib * 1024).div_ceil(PAGE)
    }

    /// Writes the cycle: a linear congruential sequence of full period, as the multiplier is one more than a multiple
    /// of four and the increment is odd.
    pub(crate) fn setup(&self) -> String {
        let (n, stride) = (self.n_places(), self.stride);
        format!(
            "(local.set $i (i32.const {n}))
            (loop $fill
                (local.set $a (i32.and
                    (i32.add (i32.mul (local.get $x) (i32.const 0x19660d)) (i32.const 0x3c6ef35f))
                    (i32.const {})))
                (i32.store (i32.mul (local.get $x) (i32.const {stride})) (i32.mul (local.get $a) (i32.const {stride})))
                (local.set $x (local.get $a))
                (br_if $fill (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
            (local.set $x (i32.load (i32.const 0)))",
            n - 1
        )
    }

    /// Writes loads, each from the address that the one before has loaded.
    pub(crate) fn loads() -> String {
        format!("(local.get $x) {} (local.set $x)", "i32.load ".repeat(LOADS as usize))
    }

    pub(crate) fn case(&self, name: &str, module: &Module) -> Case {
        sized(self.kib, name, &format!("dependent, {}", self.order), module.clone())
    }

    fn cases(&self) -> [Case; 2] {
        let module = |body: &str| {
            Module::looping(Self::LOCALS, &self.setup(), body, Self::AFTER)
                .with(Self::ITEMS)
                .pages(self.pages())
        };
        let base = Module { body: self.setup(), ..module("") };
        let stores = repeat(TIMES, |_| {
            "(i64.store offset=8 (local.tee $x (i32.load (local.get $x))) (i64.const 1))".to_owned()
        });
        [
            self.case("load", &module(&Self::loads())).over(&base),
            self.case("load and store", &module(&stores)).over(&base),
        ]
    }
}

/// Makes cases of loads and stores at random addresses that do not wait for one another.
fn scattered(kib: u32) -> Vec<Case> {
    let mask = (kib * 1024 - 1) & !63;
    let setup = format!("(memory.fill (i32.const 0) (i32.const 1) (i32.const {}))", kib * 1024);
    let step =
        "(local.set $x (i32.add (i32.mul (local.get $x) (i32.const 0x19660d)) (i32.const 0x3c6ef35f)))";
    let address = format!("(i32.and (i32.shr_u (local.get $x) (i32.const 3)) (i32.const {mask}))");
    let loads = repeat(16, |index| format!("{step} (local.set $r{index} (i64.load {address}))"));
    let stores = repeat(16, |_| format!("{step} (i64.store {address} (i64.const 1))"));
    let locals = format!("(local $x i32) {}", repeat(16, |index| format!("(local $r{index} i64)")));
    let after = repeat(16, |index| format!("(i64.store (i32.const 0) (local.get $r{index}))"));
    let pages = (kib * 1024).div_ceil(PAGE);
    let base = Module { body: setup.clone(), ..Module::looping(&locals, "", "", "").pages(pages) };
    vec![
        sized(kib, "load", "scattered", Module::looping(&locals, &setup, &loads, &after)).over(&base),
        sized(kib, "store", "scattered", Module::looping(&locals, &setup, &stores, &after)).over(&base),
    ]
}

/// Makes cases of one access to each untouched page of memory.
fn first_touch(mib: u32) -> Vec<Case> {
    let pages = mib * 1024 * 1024 / PAGE;
    let walk = |access: &str| {
        format!(
            "(local $p i32) (local $x i32)
            (loop $next {access}
                (local.set $p (i32.add (local.get $p) (i32.const {MACHINE_PAGE})))
                (br_if $next (i32.ne (local.get $p) (i32.const {}))))",
            mib * 1024 * 1024
        )
    };
    let load = "(local.set $x (i32.add (local.get $x) (i32.load (local.get $p))))";
    let store = "(i32.store (local.get $p) (i32.const 1))";
    let fill = format!("(memory.fill (i32.const 0) (i32.const 1) (i32.const {}))", mib * 1024 * 1024);
    let copy = format!("(memory.copy (i32.const 0) (i32.const {0}) (i32.const {0}))", mib * 512 * 1024);
    let bodies = [
        ("load", walk(load)),
        ("store", walk(store)),
        ("load and store", walk(&format!("{load} {store}"))),
        ("memory.fill", fill),
        ("memory.copy", copy),
    ];
    let mut cases = Vec::new();
    for (name, body) in bodies {
        for (from, initial, grow) in [
            ("initial", pages, String::new()),
            ("grown", 1, format!("(drop (memory.grow (i32.const {})))", pages.saturating_sub(1))),
        ] {
            let (locals, rest) = match body.split_once("(loop") {
                Some((locals, rest)) => (locals.to_owned(), format!("(loop{rest}")),
                None => (String::new(), body.clone()),
            };
            let module = Module { locals, body: grow + &rest, ..Module::new() }.pages(initial);
            let variant = format!("first touch, {from}, {mib} MiB");
            let case = Case::new(Group::Memory, name, variant, &module).cold().ending(crate::Ending::Returns);
            cases.push(Case { pages, ..case }.over(&Module::new()));
        }
    }
    cases
}

/// Makes cases of accesses to the same few bytes that hinder one another.
fn hazards() -> Vec<Case> {
    let case = |variant: &str, piece: &str| {
        let body = repeat(TIMES, |_| piece.to_owned());
        let after = "(i64.store (i32.const 0) (local.get $x)) (i32.store (i32.const 0) (local.get $y))";
        let module = Module::looping("(local $x i64) (local $y i32) (local $v v128)", "", &body, after);
        let case = Case::new(Group::Memory, "store and load", variant, &module);
        if variant.contains("across") { case.cold() } else { case }
    };
    vec![
        case("forwarded", "(i64.store (i32.const 8) (local.get $x)) (local.set $x (i64.load (i32.const 8)))"),
        case(
            "two stores to one load",
            "(i32.store8 (i32.const 9) (local.get $y)) (local.set $y (i32.load (i32.const 8)))",
        ),
        case(
            "overlapping",
            "(i64.store (i32.const 8) (local.get $x)) (local.set $x (i64.load (i32.const 11)))",
        ),
        case(
            "across pages",
            "(i64.store (i32.const 4093) (local.get $x)) (local.set $x (i64.load (i32.const 4093)))",
        ),
        case(
            "across pages, not forwarded",
            "(i32.store8 (i32.const 4096) (local.get $y)) (local.set $y (i32.load (i32.const 4094)))",
        ),
        case(
            "4 KiB apart",
            "(i64.store (i32.const 8) (local.get $x)) (local.set $x (i64.load (i32.const 4104)))",
        ),
        case(
            "a lane",
            "(v128.store8_lane 3 (i32.const 9) (local.get $v)) (local.set $v (v128.load (i32.const 8)))",
        ),
        case("a load of a lane", "(local.set $v (v128.load8_lane 3 (i32.const 9) (local.get $v)))"),
    ]
}
