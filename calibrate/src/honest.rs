//! Honest programs, which define typical code.

use std::sync::Arc;

use outrider_host::StateRoot;

use crate::case::{Case, Code, Ending, Group, Module, Random, Warmth};

/// Returns the honest programs: EEs of this repository over blocks of its examples, and a few loops as compilers
/// write them.
pub(crate) fn cases() -> Vec<Case> {
    let mut cases = vec![
        ee("workload", "1,000 hashes", include_bytes!("../../ees/blobs/workload.wasm"), &[0, 0xe8, 3, 0, 0]),
        ee(
            "workload",
            "10,000 squares",
            include_bytes!("../../ees/blobs/workload.wasm"),
            &[1, 0x10, 0x27, 0, 0],
        ),
    ];
    cases.extend(example(
        "account",
        "200 transfers",
        include_bytes!("../../ees/blobs/account.wasm"),
        include_str!("../../examples/account.yaml"),
    ));
    cases.extend(example(
        "bazaar",
        "2 messages",
        include_bytes!("../../ees/blobs/bazaar.wasm"),
        include_str!("../../examples/bazaar.yaml"),
    ));
    let loops = [
        ("hash table", HASH_TABLE),
        ("sort", SORT),
        ("sieve", SIEVE),
        ("parser", PARSER),
        ("interpreter", INTERPRETER),
        ("matrix", MATRIX),
    ];
    cases.extend(loops.map(|(name, body)| honest_loop(name, body)));
    cases
}

/// Makes a case of the last block of an example, over the last root before it.
fn example(name: &str, variant: &str, wasm: &[u8], fixture: &str) -> Option<Case> {
    let (before, rest) = fixture.split_once("shard_blocks:")?;
    let (blocks, _) = rest.split_once("shard_post_state:")?;
    let last = |text: &str| hex::decode(text.rsplit('"').nth(1)?).ok();
    let case = ee(name, variant, wasm, &last(blocks)?);
    Some(Case { pre_state_root: StateRoot(last(before)?.try_into().ok()?), ..case })
}

fn ee(name: &str, variant: &str, wasm: &[u8], block_data: &[u8]) -> Case {
    Case {
        group: Group::Honest,
        name: name.to_owned(),
        variant: variant.to_owned(),
        warmth: Warmth::Warm,
        code: Code::Wasm(wasm.into()),
        ending: Ending::Returns,
        base: None,
        turns_max: None,
        block_data: Arc::from(block_data),
        pre_state_root: StateRoot::default(),
        node_bytes: None,
        pages: 256,
        covers: Vec::new(),
    }
}

fn honest_loop(name: &str, body: &str) -> Case {
    let locals = "(local $i i32) (local $j i32) (local $k i32) (local $a i32) (local $b i32) (local $h i32) (local $sum i64)";
    let module = Module::looping(locals, "", body, "(i64.store (i32.const 0) (local.get $sum))").pages(4);
    let numbers = Random::new(3).bytes(16_384);
    let text: Vec<u8> =
        Random::new(4).bytes(8_192).iter().map(|byte| TEXT[usize::from(*byte) % TEXT.len()]).collect();
    // Interpreted programs loop: the same 64 instructions repeat.
    let program: Vec<u8> = Random::new(5).bytes(64).iter().map(|byte| byte % 6).collect();
    let program = program.repeat(64);
    Case::new(
        Group::Honest,
        name,
        "",
        &module.data(65_536, &numbers).data(98_304, &text).data(131_072, &program),
    )
}

/// The characters of the text.
const TEXT: &[u8] = b"0123456789 0123456789,0123456789 \n abc";

/// Inserts 4,096 numbers into an open-addressed table and counts repetitions.
const HASH_TABLE: &str = r#"
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 65000))
    (local.set $i (i32.const 0))
    (loop $next
        (local.set $a (i32.or (i32.load offset=65536 (i32.and (local.get $i) (i32.const 16380))) (i32.const 1)))
        (local.set $h (i32.shr_u (i32.mul (local.get $a) (i32.const 0x9e3779b1)) (i32.const 19)))
        (block $done
            (loop $probe
                (local.set $b (i32.load (i32.shl (local.get $h) (i32.const 2))))
                (if (i32.eqz (local.get $b)) (then
                    (i32.store (i32.shl (local.get $h) (i32.const 2)) (local.get $a))
                    (br $done)))
                (if (i32.eq (local.get $a) (local.get $b)) (then
                    (local.set $sum (i64.add (local.get $sum) (i64.const 1)))
                    (br $done)))
                (local.set $h (i32.and (i32.add (local.get $h) (i32.const 1)) (i32.const 8191)))
                (br $probe)))
        (local.set $i (i32.add (local.get $i) (i32.const 4)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 16384))))"#;

/// Sorts 512 numbers by insertion.
const SORT: &str = r#"
    (memory.copy (i32.const 0) (i32.const 65536) (i32.const 2048))
    (local.set $i (i32.const 4))
    (loop $next
        (local.set $a (i32.load (local.get $i)))
        (local.set $j (local.get $i))
        (block $found
            (loop $shift
                (br_if $found (i32.eqz (local.get $j)))
                (local.set $b (i32.load (i32.sub (local.get $j) (i32.const 4))))
                (br_if $found (i32.le_s (local.get $b) (local.get $a)))
                (i32.store (local.get $j) (local.get $b))
                (local.set $j (i32.sub (local.get $j) (i32.const 4)))
                (br $shift)))
        (i32.store (local.get $j) (local.get $a))
        (local.set $i (i32.add (local.get $i) (i32.const 4)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 2048))))"#;

/// Finds the primes below 30,000.
const SIEVE: &str = r#"
    (memory.fill (i32.const 0) (i32.const 0) (i32.const 30000))
    (local.set $i (i32.const 2))
    (loop $next
        (if (i32.eqz (i32.load8_u (local.get $i))) (then
            (local.set $sum (i64.add (local.get $sum) (i64.const 1)))
            (local.set $j (i32.mul (local.get $i) (local.get $i)))
            (block $end
                (loop $strike
                    (br_if $end (i32.ge_u (local.get $j) (i32.const 30000)))
                    (i32.store8 (local.get $j) (i32.const 1))
                    (local.set $j (i32.add (local.get $j) (local.get $i)))
                    (br $strike)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 174))))"#;

/// Adds the numbers in a text.
const PARSER: &str = r#"
    (local.set $i (i32.const 0))
    (local.set $a (i32.const 0))
    (loop $next
        (local.set $b (i32.load8_u offset=98304 (local.get $i)))
        (if (i32.lt_u (i32.sub (local.get $b) (i32.const 48)) (i32.const 10))
            (then (local.set $a (i32.add (i32.mul (local.get $a) (i32.const 10)) (i32.sub (local.get $b) (i32.const 48)))))
            (else
                (if (i32.or (i32.eq (local.get $b) (i32.const 32)) (i32.eq (local.get $b) (i32.const 44)))
                    (then
                        (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $a))))
                        (local.set $a (i32.const 0))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 8192))))"#;

/// Interprets a program of six instructions over a stack in memory.
const INTERPRETER: &str = r#"
    (local.set $i (i32.const 0))
    (local.set $j (i32.const 32768))
    (loop $next
        (block $end (block $pop (block $xor (block $mul (block $add (block $dup (block $push
            (br_table $push $dup $add $mul $xor $pop (i32.load8_u offset=131072 (local.get $i))))
            (i32.store offset=4 (local.get $j) (local.get $i))
            (local.set $j (i32.add (local.get $j) (i32.const 4))) (br $end))
            (i32.store offset=4 (local.get $j) (i32.load (local.get $j)))
            (local.set $j (i32.add (local.get $j) (i32.const 4))) (br $end))
            (i32.store (i32.sub (local.get $j) (i32.const 4))
                (i32.add (i32.load (local.get $j)) (i32.load (i32.sub (local.get $j) (i32.const 4)))))
            (local.set $j (i32.sub (local.get $j) (i32.const 4))) (br $end))
            (i32.store (local.get $j) (i32.mul (i32.load (local.get $j)) (i32.const 31))) (br $end))
            (i32.store (local.get $j) (i32.xor (i32.load (local.get $j)) (local.get $i))) (br $end))
            (local.set $j (i32.sub (local.get $j) (i32.const 4))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $i) (i32.const 4096))))
    (local.set $sum (i64.add (local.get $sum) (i64.load32_u (local.get $j))))"#;

/// Multiplies two matrices of 32 times 32 integers.
const MATRIX: &str = r#"
    (local.set $i (i32.const 0))
    (loop $row
        (local.set $j (i32.const 0))
        (loop $column
            (local.set $a (i32.const 0))
            (local.set $k (i32.const 0))
            (loop $term
                (local.set $a (i32.add (local.get $a) (i32.mul
                    (i32.load offset=65536 (i32.add (i32.shl (local.get $i) (i32.const 7)) (i32.shl (local.get $k) (i32.const 2))))
                    (i32.load offset=69632 (i32.add (i32.shl (local.get $k) (i32.const 7)) (i32.shl (local.get $j) (i32.const 2)))))))
                (local.set $k (i32.add (local.get $k) (i32.const 1)))
                (br_if $term (i32.lt_u (local.get $k) (i32.const 32))))
            (i32.store offset=1024 (i32.add (i32.shl (local.get $i) (i32.const 7)) (i32.shl (local.get $j) (i32.const 2))) (local.get $a))
            (local.set $j (i32.add (local.get $j) (i32.const 1)))
            (br_if $column (i32.lt_u (local.get $j) (i32.const 32))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $row (i32.lt_u (local.get $i) (i32.const 32))))"#;

/// Returns the honest program that runs beside each case.
pub(crate) fn reference() -> Case {
    honest_loop("hash table", HASH_TABLE)
}
