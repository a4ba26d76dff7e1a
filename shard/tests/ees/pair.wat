;; A stateful EE: two counters, in a sparse Merkle tree of two leaves.
;;
;; Its state is empty, or has a leaf of key 00.. and one of key 80.., each with a value of 8 bytes, little-endian. A payload is any
;; number of bytes, at least one: the top bit of a byte chooses the counter, 1 the second, and the others, which are not all 0, are added
;; to it. Packages are merged by appending them. The witness is in the encoding of crate `outrider-witness`, module `smt`.
;;
;; Tests make EEs that misbehave from it, by replacing lines with a mark.
(module
  (import "eth2" "loadPreStateRoot" (func $load_root (param i32)))
  (import "eth2" "savePostStateRoot" (func $save_root (param i32)))
  (import "eth2" "blockDataSize" (func $size (result i32)))
  (import "eth2" "blockDataCopy" (func $copy (param i32 i32 i32)))
  (import "eth2" "pushNewDeposit" (func $deposit (param i32 i32)))
  (import "crypto" "keccak256" (func $keccak (param i32 i32 i32)))
  (import "state" "mode" (func $mode (result i32)))
  (import "state" "getNode" (func $get (param i32 i32 i32) (result i32)))
  (import "state" "putNode" (func $put (param i32 i32 i32 i32 i32) (result i32)))
  (import "state" "putBlockData" (func $yield (param i32 i32)))

  ;; Memory: the pre-state root at 0; the branch at 127, so that its hashes are at 128 and 160; its hash at 192; the leaves at 256 and
  ;; 320; what the host hands in at 0x10000; the block data yielded at 0x40000; the payload, merged, at 0x80000.
  (memory (export "memory") 12)
  (data (i32.const 127) "\15")
  (data (i32.const 321) "\80")

  (global $witness (mut i32) (i32.const 0x40004)) ;; where the witness goes on
  (global $cursor (mut i32) (i32.const 0x10004)) ;; where what was handed in goes on
  (global $payload (mut i32) (i32.const 0x80000))
  (global $payload_end (mut i32) (i32.const 0x80000))

  (func $require (param $holds i32)
    (if (i32.eqz (local.get $holds)) (then (unreachable))))

  (func $leaf (param $side i32) (result i32)
    (i32.add (i32.const 256) (i32.mul (local.get $side) (i32.const 64))))

  (func $hash (param $side i32) (result i32)
    (i32.add (i32.const 128) (i32.mul (local.get $side) (i32.const 32))))

  (func $same (param $a i32) (param $b i32) (result i32)
    (i32.and
      (i32.and (i64.eq (i64.load (local.get $a)) (i64.load (local.get $b)))
        (i64.eq (i64.load offset=8 (local.get $a)) (i64.load offset=8 (local.get $b))))
      (i32.and (i64.eq (i64.load offset=16 (local.get $a)) (i64.load offset=16 (local.get $b)))
        (i64.eq (i64.load offset=24 (local.get $a)) (i64.load offset=24 (local.get $b))))))

  ;; Moves on in what was handed in, which ends at $end, and returns where it was.
  (func $take (param $bytes i32) (param $end i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $cursor))
    (call $require (i32.le_u (local.get $bytes) (i32.sub (local.get $end) (local.get $at))))
    (global.set $cursor (i32.add (local.get $at) (local.get $bytes)))
    (local.get $at))

  (func $merge (param $end i32)
    (local $n i32) (local $bytes i32)
    (local.set $n (i32.load (i32.const 0x10000)))
    (loop $next
      (if (local.get $n) (then
        (local.set $bytes (i32.load (call $take (i32.const 4) (local.get $end))))
        (memory.copy (global.get $payload_end) (call $take (local.get $bytes) (local.get $end)) (local.get $bytes))
        (global.set $payload_end (i32.add (global.get $payload_end) (local.get $bytes)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $next))))
    (call $require (i32.eq (global.get $cursor) (local.get $end))))

  ;; Returns which counters the payload changes, bit 0 and bit 1.
  (func $changes (result i32)
    (local $at i32) (local $mask i32)
    (local.set $at (global.get $payload))
    (loop $next
      (call $require (i32.lt_u (local.get $at) (global.get $payload_end)))
      (call $require (i32.and (i32.load8_u (local.get $at)) (i32.const 0x7f)))
      (local.set $mask (i32.or (local.get $mask)
        (i32.shl (i32.const 1) (i32.shr_u (i32.load8_u (local.get $at)) (i32.const 7)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (global.get $payload_end))))
    (local.get $mask))

  (func $write_byte (param $byte i32)
    (i32.store8 (global.get $witness) (local.get $byte))
    (global.set $witness (i32.add (global.get $witness) (i32.const 1))))

  (func $write (param $from i32) (param $bytes i32)
    (memory.copy (global.get $witness) (local.get $from) (local.get $bytes))
    (global.set $witness (i32.add (global.get $witness) (local.get $bytes))))

  ;; The structure of the witness: which leaves are revealed, both as `LL`, or one as `Ll` or `lL`.
  (func $structure (param $mask i32) (result i32)
    (if (result i32) (i32.eq (local.get $mask) (i32.const 3)) (then (i32.const 0xfe))
      (else (i32.sub (i32.const 0xfa) (local.get $mask)))))

  (func $read_from_store (param $mask i32)
    (local $side i32)
    (call $require (i32.eq (call $get (i32.const 0) (i32.const 127) (i32.const 65)) (i32.const 65)))
    (call $write_byte (call $structure (local.get $mask)))
    (loop $next
      (if (i32.and (i32.shr_u (local.get $mask) (local.get $side)) (i32.const 1))
        (then
          (call $require (i32.eq
            (call $get (call $hash (local.get $side)) (call $leaf (local.get $side)) (i32.const 41)) (i32.const 41)))
          (call $write (i32.add (call $leaf (local.get $side)) (i32.const 1)) (i32.const 32))
          (call $write_byte (i32.const 8))
          (call $write (i32.add (call $leaf (local.get $side)) (i32.const 33)) (i32.const 8)))
        (else (call $write (call $hash (local.get $side)) (i32.const 32)))) ;; @hash
      (local.set $side (i32.add (local.get $side) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $side) (i32.const 2)))))

  (func $read_from_witness (param $mask i32) (param $end i32)
    (local $side i32)
    (call $require (i32.eq (i32.load8_u (call $take (i32.const 1) (local.get $end))) (call $structure (local.get $mask))))
    (loop $next
      (if (i32.and (i32.shr_u (local.get $mask) (local.get $side)) (i32.const 1))
        (then
          (memory.copy (i32.add (call $leaf (local.get $side)) (i32.const 1)) (call $take (i32.const 32) (local.get $end))
            (i32.const 32))
          (call $require (i32.eq (i32.load8_u (call $take (i32.const 1) (local.get $end))) (i32.const 8)))
          (memory.copy (i32.add (call $leaf (local.get $side)) (i32.const 33)) (call $take (i32.const 8) (local.get $end))
            (i32.const 8))
          (call $keccak (call $leaf (local.get $side)) (i32.const 41) (call $hash (local.get $side))))
        (else (memory.copy (call $hash (local.get $side)) (call $take (i32.const 32) (local.get $end)) (i32.const 32))))
      (local.set $side (i32.add (local.get $side) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $side) (i32.const 2))))
    (call $keccak (i32.const 127) (i32.const 65) (i32.const 192))
    (call $require (call $same (i32.const 192) (i32.const 0))))

  (func $transition
    (local $at i32) (local $byte i32) (local $value i32)
    (local.set $at (global.get $payload))
    (loop $next
      (local.set $byte (i32.load8_u (local.get $at)))
      (local.set $value (i32.add (call $leaf (i32.shr_u (local.get $byte) (i32.const 7))) (i32.const 33)))
      (i64.store (local.get $value) (i64.add (i64.load (local.get $value))
        (i64.extend_i32_u (i32.and (local.get $byte) (i32.const 0x7f)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (global.get $payload_end)))))

  (func $commit (param $mask i32)
    (local $side i32)
    (loop $next
      (if (i32.and (i32.shr_u (local.get $mask) (local.get $side)) (i32.const 1))
        (then
          (call $keccak (call $leaf (local.get $side)) (i32.const 41) (call $hash (local.get $side)))
          (drop (call $put (call $hash (local.get $side)) (call $leaf (local.get $side)) (i32.const 41) (i32.const 0) (i32.const 0))) ;; @leaf
        ))
      (local.set $side (i32.add (local.get $side) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $side) (i32.const 2))))
    (call $keccak (i32.const 127) (i32.const 65) (i32.const 192))
    (drop (call $put (i32.const 192) (i32.const 127) (i32.const 65) (i32.const 128) (i32.const 2))) ;; @branch
  )

  (func (export "main")
    (local $end i32) (local $witness_end i32) (local $mask i32)
    (call $load_root (i32.const 0))
    (local.set $end (i32.add (i32.const 0x10000) (call $size)))
    (call $copy (i32.const 0x10000) (i32.const 0) (call $size))
    (if (call $mode)
      (then (call $merge (local.get $end)))
      (else
        (local.set $witness_end (i32.add (i32.const 0x10004) (i32.load (i32.const 0x10000))))
        (global.set $payload (local.get $witness_end))
        (global.set $payload_end (local.get $end))))
    (local.set $mask (call $changes))
    (if (call $same (i32.const 0) (i32.const 0x8000))
      (then
        (local.set $mask (i32.const 3))
        (if (call $mode) (then (call $write_byte (i32.const 0)))
          (else (call $require (i32.eqz (i32.load8_u (call $take (i32.const 1) (local.get $witness_end))))))))
      (else
        (if (call $mode) (then (call $read_from_store (local.get $mask)))
          (else (call $read_from_witness (local.get $mask) (local.get $witness_end))))))
    (if (i32.eqz (call $mode)) (then
      (call $require (i32.eq (global.get $cursor) (local.get $witness_end)))))
    (call $transition)
    (call $commit (local.get $mask))
    ;; @end
    (call $save_root (i32.const 192))
    (if (call $mode) (then
      (i32.store (i32.const 0x40000) (i32.sub (global.get $witness) (i32.const 0x40004))) ;; @length
      (call $write (i32.const 0x80000) (i32.sub (global.get $payload_end) (i32.const 0x80000)))
      (call $yield (i32.const 0x40000) (i32.sub (global.get $witness) (i32.const 0x40000))) ;; @yield
    ))))
