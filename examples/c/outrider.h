/* The functions that an execution environment (EE) of Outrider may import, for clang with --target=wasm32.
   Printed by `outrider abi --c-header`. */

#ifndef OUTRIDER_H
#define OUTRIDER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OUTRIDER_IMPORT(module, name) __attribute__((import_module(#module), import_name(#name)))
#define OUTRIDER_EXPORT(name) __attribute__((export_name(#name)))

/* A unit is a byte moved or hashed, a tick spent, or the unit that the function's description names. */

/* eth2: The block, state roots, ether, receipts, and where the block is. */

/* Writes the 32-byte pre-state root at out. Fuel 1000. */
OUTRIDER_IMPORT(eth2, loadPreStateRoot)
void eth2_loadPreStateRoot(void *out);

/* Returns the length of the block data in bytes. Fuel 1000. */
OUTRIDER_IMPORT(eth2, blockDataSize)
uint32_t eth2_blockDataSize(void);

/* Copies block_data[offset .. offset + length] to out. Fuel 1000, and 1 for each unit. */
OUTRIDER_IMPORT(eth2, blockDataCopy)
void eth2_blockDataCopy(void *out, uint32_t offset, uint32_t length);

/* Reads the 32-byte post-state root at pointer; the last call counts. Fuel 1000. */
OUTRIDER_IMPORT(eth2, savePostStateRoot)
void eth2_savePostStateRoot(const void *pointer);

/* Emits the 184-byte deposit at pointer. Fuel 1000. */
OUTRIDER_IMPORT(eth2, pushNewDeposit)
void eth2_pushNewDeposit(const void *pointer, uint32_t length);

/* Refuses the block for the reason at pointer, text of which 1,024 bytes are kept; does not return. Fuel 5000, and 75 for each unit. */
OUTRIDER_IMPORT(eth2, refuse)
__attribute__((noreturn)) void eth2_refuse(const void *pointer, uint32_t length);

/* Spends ticks; traps when fewer are left. Fuel 1000, and 1 for each unit. */
OUTRIDER_IMPORT(eth2, useTicks)
void eth2_useTicks(uint32_t ticks);

/* Returns the index of the shard. Fuel 1000. */
OUTRIDER_IMPORT(eth2, contextShard)
uint64_t eth2_contextShard(void);

/* Returns the slot of the block. Fuel 1000. */
OUTRIDER_IMPORT(eth2, contextSlot)
uint64_t eth2_contextSlot(void);

/* Returns the EE's own index. Fuel 1000. */
OUTRIDER_IMPORT(eth2, contextEeIndex)
uint64_t eth2_contextEeIndex(void);

/* Writes the 32-byte root of the beacon block at out. Fuel 1000. */
OUTRIDER_IMPORT(eth2, contextBeaconRoot)
void eth2_contextBeaconRoot(void *out);

/* Returns the EE's ether on the shard before the block, in Gwei. Fuel 1000. */
OUTRIDER_IMPORT(eth2, contextBalance)
uint64_t eth2_contextBalance(void);

/* Returns the latest final slot. Fuel 1000. */
OUTRIDER_IMPORT(eth2, contextFinalizedSlot)
uint64_t eth2_contextFinalizedSlot(void);

/* Pays amount more Gwei of the EE's ether to the proposer of the block. Fuel 1000. */
OUTRIDER_IMPORT(eth2, payProposer)
void eth2_payProposer(uint64_t amount);

/* Returns the number of state roots that the block declares. Fuel 1000. */
OUTRIDER_IMPORT(eth2, readCount)
uint32_t eth2_readCount(void);

/* Writes the declared state root at index: 8 bytes shard, 8 bytes EE, 32 bytes root; traps if there is none. Fuel 1000. */
OUTRIDER_IMPORT(eth2, readRoot)
void eth2_readRoot(uint32_t index, void *out);

/* Sends the receipt at pointer: 8 bytes each of shard, EE, value and fee, then at most 65,536 bytes payload. Fuel 2500, and 10 for each unit. */
OUTRIDER_IMPORT(eth2, pushReceipt)
void eth2_pushReceipt(const void *pointer, uint32_t length);

/* Returns the number of receipts that the EE gets with the block. Fuel 1000. */
OUTRIDER_IMPORT(eth2, receiptCount)
uint32_t eth2_receiptCount(void);

/* Returns the length of the receipt at index, and writes it at out if capacity allows: 1 byte kind, 8 bytes each of shard, EE, slot, sequence number and value, payload; traps if there is none. Fuel 1000, and 1 for each unit. */
OUTRIDER_IMPORT(eth2, receiptCopy)
uint32_t eth2_receiptCopy(uint32_t index, void *out, uint32_t capacity);

/* Rejects the receipt at index, so that it returns unless it has returned already; traps if there is none. Fuel 2500. */
OUTRIDER_IMPORT(eth2, rejectReceipt)
void eth2_rejectReceipt(uint32_t index);

/* debug: Logs. What is logged changes nothing. */

/* Logs a 32-bit integer. Fuel 5000, and 25 for each unit. */
OUTRIDER_IMPORT(debug, print32)
void debug_print32(uint32_t value);

/* Logs a 64-bit integer. Fuel 5000, and 25 for each unit. */
OUTRIDER_IMPORT(debug, print64)
void debug_print64(uint64_t value);

/* Logs text. Fuel 5000, and 75 for each unit. */
OUTRIDER_IMPORT(debug, printMem)
void debug_printMem(const void *pointer, uint32_t length);

/* Logs bytes in hex. Fuel 5000, and 25 for each unit. */
OUTRIDER_IMPORT(debug, printMemHex)
void debug_printMemHex(const void *pointer, uint32_t length);

/* Logs a 32-bit integer. Fuel 5000, and 25 for each unit. */
OUTRIDER_IMPORT(debug, log)
void debug_log(uint32_t value);

/* Logs bytes in hex. Fuel 5000, and 25 for each unit. */
OUTRIDER_IMPORT(debug, mem)
void debug_mem(const void *pointer, uint32_t length);

/* Logs a 32-bit integer. Fuel 5000, and 25 for each unit. */
OUTRIDER_IMPORT(debug, print_f2)
void debug_print_f2(uint32_t value);

/* Logs a 32-bit integer. Fuel 5000, and 25 for each unit. */
OUTRIDER_IMPORT(debug, print_f6)
void debug_print_f6(uint32_t value);

/* bignum: Arithmetic of numbers of 32 bytes. */

/* Adds the 256-bit big-endian numbers at a and b; overflow traps. Fuel 1000. */
OUTRIDER_IMPORT(bignum, add256)
void bignum_add256(const void *a, const void *b, void *sum);

/* Subtracts the 256-bit big-endian number at b from that at a; overflow traps. Fuel 1000. */
OUTRIDER_IMPORT(bignum, sub256)
void bignum_sub256(const void *a, const void *b, void *difference);

/* crypto: Hashes, signatures, curves. A function with a result returns 0 if the claim holds or the output is written, 1 if the input is well-formed but refuted, 2 if it is malformed. */

/* Writes the 32-byte Keccak-256 of the bytes. Fuel 7375, and 50 for each unit. */
OUTRIDER_IMPORT(crypto, keccak256)
void crypto_keccak256(const void *pointer, uint32_t length, void *out);

/* Writes the 32-byte SHA-256 (FIPS 180-4) of the bytes. Fuel 1350, and 13 for each unit. */
OUTRIDER_IMPORT(crypto, sha256)
void crypto_sha256(const void *pointer, uint32_t length, void *out);

/* Writes the 32-byte SHA-512/256 (FIPS 180-4) of the bytes. Fuel 4300, and 32 for each unit. */
OUTRIDER_IMPORT(crypto, sha512_256)
void crypto_sha512_256(const void *pointer, uint32_t length, void *out);

/* Writes the 20-byte RIPEMD-160 of the bytes. Fuel 4800, and 68 for each unit. */
OUTRIDER_IMPORT(crypto, ripemd160)
void crypto_ripemd160(const void *pointer, uint32_t length, void *out);

/* Applies BLAKE2b's F (EIP-152) to 213 bytes and writes 64; the unit is a round. Fuel 1625, and 230 for each unit. */
OUTRIDER_IMPORT(crypto, blake2bCompress)
uint32_t crypto_blake2bCompress(const void *input, void *out);

/* Writes the 64-byte key that signed the digest, by the rules of ecrecover. Fuel 670000. */
OUTRIDER_IMPORT(crypto, secp256k1Recover)
uint32_t crypto_secp256k1Recover(const void *digest, const void *signature, uint32_t id, void *out);

/* Verifies an ECDSA signature `r || s` under a key of 33 or 65 bytes. Fuel 655000. */
OUTRIDER_IMPORT(crypto, secp256k1Verify)
uint32_t crypto_secp256k1Verify(const void *digest, const void *signature, const void *key, uint32_t keyLength);

/* Verifies a Schnorr signature (BIP-340) under an x-only key. Fuel 647500, and 55 for each unit. */
OUTRIDER_IMPORT(crypto, schnorrVerify)
uint32_t crypto_schnorrVerify(const void *message, uint32_t length, const void *signature, const void *key);

/* Checks that an x-only key and the parity of its y are those of an internal key plus tweak * G (BIP-341). Fuel 500000. */
OUTRIDER_IMPORT(crypto, secp256k1XonlyTweakAddCheck)
uint32_t crypto_secp256k1XonlyTweakAddCheck(const void *tweakedKey, uint32_t tweakedParity, const void *internalKey, const void *tweak);

/* Writes base ^ exponent mod modulus (EIP-198), of big-endian numbers; there are (words + 3)^2 * (bits + 16) units, by the words of 8 bytes of the longer of base and modulus, and the bits of the exponent. Fuel 10000, and 58 for each unit. */
OUTRIDER_IMPORT(crypto, modexp)
uint32_t crypto_modexp(const void *base, uint32_t baseLength, const void *exponent, uint32_t exponentLength, const void *modulus, uint32_t modulusLength, void *out);

/* Adds two points of bn254's G1 (EIP-196). Fuel 70000. */
OUTRIDER_IMPORT(crypto, bn254Add)
uint32_t crypto_bn254Add(const void *a, const void *b, void *out);

/* Multiplies a point of bn254's G1 by a scalar (EIP-196). Fuel 1250000. */
OUTRIDER_IMPORT(crypto, bn254Mul)
uint32_t crypto_bn254Mul(const void *point, const void *scalar, void *out);

/* Checks that the product of n pairings is one (EIP-197); the unit is a pair. Fuel 8750000, and 8250000 for each unit. */
OUTRIDER_IMPORT(crypto, bn254PairingCheck)
uint32_t crypto_bn254PairingCheck(const void *pairs, uint32_t n);

/* Adds two points of BLS12-381's G1 (EIP-2537). Fuel 70000. */
OUTRIDER_IMPORT(crypto, bls12381G1Add)
uint32_t crypto_bls12381G1Add(const void *a, const void *b, void *out);

/* Adds two points of BLS12-381's G2 (EIP-2537). Fuel 115000. */
OUTRIDER_IMPORT(crypto, bls12381G2Add)
uint32_t crypto_bls12381G2Add(const void *a, const void *b, void *out);

/* Sums n multiples of points of G1 (EIP-2537); the unit is a term. Fuel 1875000, and 1500000 for each unit. */
OUTRIDER_IMPORT(crypto, bls12381G1Msm)
uint32_t crypto_bls12381G1Msm(const void *terms, uint32_t n, void *out);

/* Sums n multiples of points of G2 (EIP-2537); the unit is a term. Fuel 3500000, and 2875000 for each unit. */
OUTRIDER_IMPORT(crypto, bls12381G2Msm)
uint32_t crypto_bls12381G2Msm(const void *terms, uint32_t n, void *out);

/* Checks that the product of n pairings is one (EIP-2537); the unit is a pair. Fuel 8750000, and 5000000 for each unit. */
OUTRIDER_IMPORT(crypto, bls12381PairingCheck)
uint32_t crypto_bls12381PairingCheck(const void *pairs, uint32_t n);

/* Maps a field element to a point of G1 (EIP-2537). Fuel 825000. */
OUTRIDER_IMPORT(crypto, bls12381MapFpToG1)
uint32_t crypto_bls12381MapFpToG1(const void *element, void *out);

/* Maps an element of the quadratic extension to a point of G2 (EIP-2537). Fuel 2850000. */
OUTRIDER_IMPORT(crypto, bls12381MapFp2ToG2)
uint32_t crypto_bls12381MapFp2ToG2(const void *element, void *out);

/* Verifies a BLS signature of the beacon chain. Fuel 23500000, and 13 for each unit. */
OUTRIDER_IMPORT(crypto, blsVerify)
uint32_t crypto_blsVerify(const void *key, const void *message, uint32_t length, const void *signature);

/* Verifies a BLS signature by n keys of one message; the unit is a key. Fuel 22250000, and 1125000 for each unit. */
OUTRIDER_IMPORT(crypto, blsFastAggregateVerify)
uint32_t crypto_blsFastAggregateVerify(const void *keys, uint32_t n, const void *message, uint32_t length, const void *signature);

/* Verifies a BLS signature by n keys of a 32-byte message each; the unit is a key. Fuel 15250000, and 8325000 for each unit. */
OUTRIDER_IMPORT(crypto, blsAggregateVerify)
uint32_t crypto_blsAggregateVerify(const void *keys, const void *messages, uint32_t n, const void *signature);

/* Sums n BLS signatures; the unit is a signature. Fuel 250000, and 1575000 for each unit. */
OUTRIDER_IMPORT(crypto, blsAggregate)
uint32_t crypto_blsAggregate(const void *signatures, uint32_t n, void *out);

/* Verifies a KZG proof that the polynomial of a commitment is y at z (EIP-4844). Fuel 21500000. */
OUTRIDER_IMPORT(crypto, kzgVerify)
uint32_t crypto_kzgVerify(const void *commitment, const void *z, const void *y, const void *proof);

/* Verifies an ECDSA signature `r || s` over P-256 under a key `x || y` (EIP-7951). Fuel 5375000. */
OUTRIDER_IMPORT(crypto, p256Verify)
uint32_t crypto_p256Verify(const void *digest, const void *signature, const void *key);

/* state: For state providers, which hold the whole state and make blocks; on a shard there are no nodes and no blobs. */

/* Returns 1 in provider mode, and 0 otherwise. Fuel 1000. */
OUTRIDER_IMPORT(state, mode)
uint32_t state_mode(void);

/* Returns the length of the node with the 32-byte hash, or -1; writes it at out if capacity allows. Fuel 100000, and 10 for each unit. */
OUTRIDER_IMPORT(state, getNode)
uint32_t state_getNode(const void *hash, void *out, uint32_t capacity);

/* Returns the length of the blob with the 32-byte hash, or -1; writes it at out if capacity allows. Fuel 100000, and 10 for each unit. */
OUTRIDER_IMPORT(state, getBlob)
uint32_t state_getBlob(const void *hash, void *out, uint32_t capacity);

/* Hands a new node or blob to the provider, with the n 32-byte hashes it refers to; returns 1 if taken. Fuel 2500, and 10 for each unit. */
OUTRIDER_IMPORT(state, putNode)
uint32_t state_putNode(const void *hash, const void *pointer, uint32_t length, const void *children, uint32_t n);

/* Hands the provider block data from which the EE computes the same without it. Fuel 2500, and 10 for each unit. */
OUTRIDER_IMPORT(state, putBlockData)
void state_putBlockData(const void *pointer, uint32_t length);

/* The exports that every EE must have:
   memory: The memory to which the pointers of imports refer.
   main: Takes nothing. The host calls it once for a block, and drops what it returns.

   So an EE defines
       OUTRIDER_EXPORT(main) void ee_main(void) { ... }
   and wasm-ld exports the memory by default. */

#ifdef __cplusplus
}
#endif

#endif
