// The functions that an execution environment (EE) of Outrider may import.
// Printed by `outrider abi --assemblyscript`.
//
// An EE has to export its memory, which the compiler does by default, and a function: `export function main(): void`.
//
// A unit is a byte moved or hashed, a tick spent, or the unit that the function's description names.

/** The block, state roots, ether, receipts, and where the block is. */
export namespace eth2 {
  /** Writes the 32-byte pre-state root at out. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "loadPreStateRoot")
  export declare function loadPreStateRoot(out: usize): void;

  /** Returns the length of the block data in bytes. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "blockDataSize")
  export declare function blockDataSize(): u32;

  /** Copies block_data[offset .. offset + length] to out. Fuel 1000, and 1 for each unit. */
  // @ts-ignore: decorator
  @external("eth2", "blockDataCopy")
  export declare function blockDataCopy(out: usize, offset: u32, length: u32): void;

  /** Reads the 32-byte post-state root at pointer; the last call counts. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "savePostStateRoot")
  export declare function savePostStateRoot(pointer: usize): void;

  /** Emits the 184-byte deposit at pointer. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "pushNewDeposit")
  export declare function pushNewDeposit(pointer: usize, length: u32): void;

  /** Refuses the block for the reason at pointer, text of which 1,024 bytes are kept; does not return. Fuel 5000, and 75 for each unit. */
  // @ts-ignore: decorator
  @external("eth2", "refuse")
  export declare function refuse(pointer: usize, length: u32): void;

  /** Spends ticks; traps when fewer are left. Fuel 1000, and 1 for each unit. */
  // @ts-ignore: decorator
  @external("eth2", "useTicks")
  export declare function useTicks(ticks: u32): void;

  /** Returns the index of the shard. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "contextShard")
  export declare function contextShard(): u64;

  /** Returns the slot of the block. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "contextSlot")
  export declare function contextSlot(): u64;

  /** Returns the EE's own index. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "contextEeIndex")
  export declare function contextEeIndex(): u64;

  /** Writes the 32-byte root of the beacon block at out. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "contextBeaconRoot")
  export declare function contextBeaconRoot(out: usize): void;

  /** Returns the EE's ether on the shard before the block, in Gwei. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "contextBalance")
  export declare function contextBalance(): u64;

  /** Returns the latest final slot. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "contextFinalizedSlot")
  export declare function contextFinalizedSlot(): u64;

  /** Pays amount more Gwei of the EE's ether to the proposer of the block. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "payProposer")
  export declare function payProposer(amount: u64): void;

  /** Returns the number of state roots that the block declares. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "readCount")
  export declare function readCount(): u32;

  /** Writes the declared state root at index: 8 bytes shard, 8 bytes EE, 32 bytes root; traps if there is none. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "readRoot")
  export declare function readRoot(index: u32, out: usize): void;

  /** Sends the receipt at pointer: 8 bytes each of shard, EE, value and fee, then at most 65,536 bytes payload. Fuel 2500, and 10 for each unit. */
  // @ts-ignore: decorator
  @external("eth2", "pushReceipt")
  export declare function pushReceipt(pointer: usize, length: u32): void;

  /** Returns the number of receipts that the EE gets with the block. Fuel 1000. */
  // @ts-ignore: decorator
  @external("eth2", "receiptCount")
  export declare function receiptCount(): u32;

  /** Returns the length of the receipt at index, and writes it at out if capacity allows: 1 byte kind, 8 bytes each of shard, EE, slot, sequence number and value, payload; traps if there is none. Fuel 1000, and 1 for each unit. */
  // @ts-ignore: decorator
  @external("eth2", "receiptCopy")
  export declare function receiptCopy(index: u32, out: usize, capacity: u32): u32;

  /** Rejects the receipt at index, so that it returns unless it has returned already; traps if there is none. Fuel 2500. */
  // @ts-ignore: decorator
  @external("eth2", "rejectReceipt")
  export declare function rejectReceipt(index: u32): void;
}

/** Logs. What is logged changes nothing. */
export namespace debug {
  /** Logs a 32-bit integer. Fuel 5000, and 25 for each unit. */
  // @ts-ignore: decorator
  @external("debug", "print32")
  export declare function print32(value: u32): void;

  /** Logs a 64-bit integer. Fuel 5000, and 25 for each unit. */
  // @ts-ignore: decorator
  @external("debug", "print64")
  export declare function print64(value: u64): void;

  /** Logs text. Fuel 5000, and 75 for each unit. */
  // @ts-ignore: decorator
  @external("debug", "printMem")
  export declare function printMem(pointer: usize, length: u32): void;

  /** Logs bytes in hex. Fuel 5000, and 25 for each unit. */
  // @ts-ignore: decorator
  @external("debug", "printMemHex")
  export declare function printMemHex(pointer: usize, length: u32): void;

  /** Logs a 32-bit integer. Fuel 5000, and 25 for each unit. */
  // @ts-ignore: decorator
  @external("debug", "log")
  export declare function log(value: u32): void;

  /** Logs bytes in hex. Fuel 5000, and 25 for each unit. */
  // @ts-ignore: decorator
  @external("debug", "mem")
  export declare function mem(pointer: usize, length: u32): void;

  /** Logs a 32-bit integer. Fuel 5000, and 25 for each unit. */
  // @ts-ignore: decorator
  @external("debug", "print_f2")
  export declare function print_f2(value: u32): void;

  /** Logs a 32-bit integer. Fuel 5000, and 25 for each unit. */
  // @ts-ignore: decorator
  @external("debug", "print_f6")
  export declare function print_f6(value: u32): void;
}

/** Arithmetic of numbers of 32 bytes. */
export namespace bignum {
  /** Adds the 256-bit big-endian numbers at a and b; overflow traps. Fuel 1000. */
  // @ts-ignore: decorator
  @external("bignum", "add256")
  export declare function add256(a: usize, b: usize, sum: usize): void;

  /** Subtracts the 256-bit big-endian number at b from that at a; overflow traps. Fuel 1000. */
  // @ts-ignore: decorator
  @external("bignum", "sub256")
  export declare function sub256(a: usize, b: usize, difference: usize): void;
}

/** Hashes, signatures, curves. A function with a result returns 0 if the claim holds or the output is written, 1 if the input is well-formed but refuted, 2 if it is malformed. */
export namespace crypto {
  /** Writes the 32-byte Keccak-256 of the bytes. Fuel 7375, and 50 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "keccak256")
  export declare function keccak256(pointer: usize, length: u32, out: usize): void;

  /** Writes the 32-byte SHA-256 (FIPS 180-4) of the bytes. Fuel 1350, and 13 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "sha256")
  export declare function sha256(pointer: usize, length: u32, out: usize): void;

  /** Writes the 32-byte SHA-512/256 (FIPS 180-4) of the bytes. Fuel 4300, and 32 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "sha512_256")
  export declare function sha512_256(pointer: usize, length: u32, out: usize): void;

  /** Writes the 20-byte RIPEMD-160 of the bytes. Fuel 4800, and 68 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "ripemd160")
  export declare function ripemd160(pointer: usize, length: u32, out: usize): void;

  /** Applies BLAKE2b's F (EIP-152) to 213 bytes and writes 64; the unit is a round. Fuel 1625, and 230 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "blake2bCompress")
  export declare function blake2bCompress(input: usize, out: usize): u32;

  /** Writes the 64-byte key that signed the digest, by the rules of ecrecover. Fuel 670000. */
  // @ts-ignore: decorator
  @external("crypto", "secp256k1Recover")
  export declare function secp256k1Recover(digest: usize, signature: usize, id: u32, out: usize): u32;

  /** Verifies an ECDSA signature `r || s` under a key of 33 or 65 bytes. Fuel 655000. */
  // @ts-ignore: decorator
  @external("crypto", "secp256k1Verify")
  export declare function secp256k1Verify(digest: usize, signature: usize, key: usize, keyLength: u32): u32;

  /** Verifies a Schnorr signature (BIP-340) under an x-only key. Fuel 647500, and 55 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "schnorrVerify")
  export declare function schnorrVerify(message: usize, length: u32, signature: usize, key: usize): u32;

  /** Checks that an x-only key and the parity of its y are those of an internal key plus tweak * G (BIP-341). Fuel 500000. */
  // @ts-ignore: decorator
  @external("crypto", "secp256k1XonlyTweakAddCheck")
  export declare function secp256k1XonlyTweakAddCheck(tweakedKey: usize, tweakedParity: u32, internalKey: usize, tweak: usize): u32;

  /** Writes base ^ exponent mod modulus (EIP-198), of big-endian numbers; there are (words + 3)^2 * (bits + 16) units, by the words of 8 bytes of the longer of base and modulus, and the bits of the exponent. Fuel 10000, and 58 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "modexp")
  export declare function modexp(base: usize, baseLength: u32, exponent: usize, exponentLength: u32, modulus: usize, modulusLength: u32, out: usize): u32;

  /** Adds two points of bn254's G1 (EIP-196). Fuel 70000. */
  // @ts-ignore: decorator
  @external("crypto", "bn254Add")
  export declare function bn254Add(a: usize, b: usize, out: usize): u32;

  /** Multiplies a point of bn254's G1 by a scalar (EIP-196). Fuel 1250000. */
  // @ts-ignore: decorator
  @external("crypto", "bn254Mul")
  export declare function bn254Mul(point: usize, scalar: usize, out: usize): u32;

  /** Checks that the product of n pairings is one (EIP-197); the unit is a pair. Fuel 8750000, and 8250000 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "bn254PairingCheck")
  export declare function bn254PairingCheck(pairs: usize, n: u32): u32;

  /** Adds two points of BLS12-381's G1 (EIP-2537). Fuel 70000. */
  // @ts-ignore: decorator
  @external("crypto", "bls12381G1Add")
  export declare function bls12381G1Add(a: usize, b: usize, out: usize): u32;

  /** Adds two points of BLS12-381's G2 (EIP-2537). Fuel 115000. */
  // @ts-ignore: decorator
  @external("crypto", "bls12381G2Add")
  export declare function bls12381G2Add(a: usize, b: usize, out: usize): u32;

  /** Sums n multiples of points of G1 (EIP-2537); the unit is a term. Fuel 1875000, and 1500000 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "bls12381G1Msm")
  export declare function bls12381G1Msm(terms: usize, n: u32, out: usize): u32;

  /** Sums n multiples of points of G2 (EIP-2537); the unit is a term. Fuel 3500000, and 2875000 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "bls12381G2Msm")
  export declare function bls12381G2Msm(terms: usize, n: u32, out: usize): u32;

  /** Checks that the product of n pairings is one (EIP-2537); the unit is a pair. Fuel 8750000, and 5000000 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "bls12381PairingCheck")
  export declare function bls12381PairingCheck(pairs: usize, n: u32): u32;

  /** Maps a field element to a point of G1 (EIP-2537). Fuel 825000. */
  // @ts-ignore: decorator
  @external("crypto", "bls12381MapFpToG1")
  export declare function bls12381MapFpToG1(element: usize, out: usize): u32;

  /** Maps an element of the quadratic extension to a point of G2 (EIP-2537). Fuel 2850000. */
  // @ts-ignore: decorator
  @external("crypto", "bls12381MapFp2ToG2")
  export declare function bls12381MapFp2ToG2(element: usize, out: usize): u32;

  /** Verifies a BLS signature of the beacon chain. Fuel 23500000, and 13 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "blsVerify")
  export declare function blsVerify(key: usize, message: usize, length: u32, signature: usize): u32;

  /** Verifies a BLS signature by n keys of one message; the unit is a key. Fuel 22250000, and 1125000 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "blsFastAggregateVerify")
  export declare function blsFastAggregateVerify(keys: usize, n: u32, message: usize, length: u32, signature: usize): u32;

  /** Verifies a BLS signature by n keys of a 32-byte message each; the unit is a key. Fuel 15250000, and 8325000 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "blsAggregateVerify")
  export declare function blsAggregateVerify(keys: usize, messages: usize, n: u32, signature: usize): u32;

  /** Sums n BLS signatures; the unit is a signature. Fuel 250000, and 1575000 for each unit. */
  // @ts-ignore: decorator
  @external("crypto", "blsAggregate")
  export declare function blsAggregate(signatures: usize, n: u32, out: usize): u32;

  /** Verifies a KZG proof that the polynomial of a commitment is y at z (EIP-4844). Fuel 21500000. */
  // @ts-ignore: decorator
  @external("crypto", "kzgVerify")
  export declare function kzgVerify(commitment: usize, z: usize, y: usize, proof: usize): u32;

  /** Verifies an ECDSA signature `r || s` over P-256 under a key `x || y` (EIP-7951). Fuel 5375000. */
  // @ts-ignore: decorator
  @external("crypto", "p256Verify")
  export declare function p256Verify(digest: usize, signature: usize, key: usize): u32;
}

/** For state providers, which hold the whole state and make blocks; on a shard there are no nodes and no blobs. */
export namespace state {
  /** Returns 1 in provider mode, and 0 otherwise. Fuel 1000. */
  // @ts-ignore: decorator
  @external("state", "mode")
  export declare function mode(): u32;

  /** Returns the length of the node with the 32-byte hash, or -1; writes it at out if capacity allows. Fuel 100000, and 10 for each unit. */
  // @ts-ignore: decorator
  @external("state", "getNode")
  export declare function getNode(hash: usize, out: usize, capacity: u32): u32;

  /** Returns the length of the blob with the 32-byte hash, or -1; writes it at out if capacity allows. Fuel 100000, and 10 for each unit. */
  // @ts-ignore: decorator
  @external("state", "getBlob")
  export declare function getBlob(hash: usize, out: usize, capacity: u32): u32;

  /** Hands a new node or blob to the provider, with the n 32-byte hashes it refers to; returns 1 if taken. Fuel 2500, and 10 for each unit. */
  // @ts-ignore: decorator
  @external("state", "putNode")
  export declare function putNode(hash: usize, pointer: usize, length: u32, children: usize, n: u32): u32;

  /** Hands the provider block data from which the EE computes the same without it. Fuel 2500, and 10 for each unit. */
  // @ts-ignore: decorator
  @external("state", "putBlockData")
  export declare function putBlockData(pointer: usize, length: u32): void;
}
