// An EE in AssemblyScript that passes deposits on to the beacon chain, and keeps a tally of them.
//
// Block data: deposits of 184 bytes, as `eth2.pushNewDeposit` takes them.
// State root: the number of deposits (8 bytes), the sum of their amounts in Gwei (8 bytes), zeros.
// Numbers are big-endian, as in a deposit, and wasm is little-endian: `bswap` converts between them.

import { eth2 } from "./outrider";

const DEPOSIT_BYTES: u32 = 184;
// A public key of 48 bytes and withdrawal credentials of 32 precede the amount.
const AMOUNT_OFFSET: i32 = 48 + 32;

export function main(): void {
  const root = new Uint8Array(32);
  const deposit = new Uint8Array(DEPOSIT_BYTES);

  eth2.loadPreStateRoot(root.dataStart);
  let count = readNumber(root, 0);
  let total = readNumber(root, 8);

  const size = eth2.blockDataSize();
  if (size % DEPOSIT_BYTES != 0) refuse("the block data is no list of deposits of 184 bytes");
  for (let offset: u32 = 0; offset < size; offset += DEPOSIT_BYTES) {
    eth2.blockDataCopy(deposit.dataStart, offset, DEPOSIT_BYTES);
    const amount = readNumber(deposit, AMOUNT_OFFSET);
    if (amount == 0) refuse("a deposit has no amount");
    if (total + amount < total) refuse("the deposits are more than 2^64 Gwei together");
    total += amount;
    eth2.pushNewDeposit(deposit.dataStart, DEPOSIT_BYTES);
    count++;
  }

  writeNumber(root, 0, count);
  writeNumber(root, 8, total);
  eth2.savePostStateRoot(root.dataStart);
}

/** Refuses the block with a reason, which the host expects in UTF-8. */
function refuse(reason: string): void {
  const bytes = String.UTF8.encode(reason);
  eth2.refuse(changetype<usize>(bytes), bytes.byteLength);
}

function readNumber(bytes: Uint8Array, offset: i32): u64 {
  return bswap(load<u64>(bytes.dataStart + offset));
}

function writeNumber(bytes: Uint8Array, offset: i32, number: u64): void {
  store<u64>(bytes.dataStart + offset, bswap(number));
}
