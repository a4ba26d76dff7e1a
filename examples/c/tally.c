/* An EE in C that passes deposits on to the beacon chain, and keeps a tally of them.

   Block data: deposits of 184 bytes, as `eth2.pushNewDeposit` takes them.
   State root: the number of deposits (8 bytes), the sum of their amounts in Gwei (8 bytes), zeros.
   Numbers are big-endian, as in a deposit. */

#include "outrider.h"

#define DEPOSIT_BYTES 184
/* A public key of 48 bytes and withdrawal credentials of 32 precede the amount. */
#define AMOUNT_OFFSET (48 + 32)

/* Refuses the block with a reason, which is a string literal. */
#define REFUSE(reason) eth2_refuse(reason, sizeof(reason) - 1)

static uint64_t read_number(const uint8_t *bytes) {
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

static void write_number(uint8_t *bytes, uint64_t number) {
    for (int i = 7; i >= 0; i--, number >>= 8)
        bytes[i] = (uint8_t)number;
}

/* The function must not be called `main`: clang would give it parameters. */
OUTRIDER_EXPORT(main) void ee_main(void) {
    static uint8_t root[32], deposit[DEPOSIT_BYTES];

    eth2_loadPreStateRoot(root);
    uint64_t count = read_number(root), total = read_number(root + 8);

    uint32_t size = eth2_blockDataSize();
    if (size % DEPOSIT_BYTES != 0)
        REFUSE("the block data is no list of deposits of 184 bytes");
    for (uint32_t offset = 0; offset < size; offset += DEPOSIT_BYTES) {
        eth2_blockDataCopy(deposit, offset, DEPOSIT_BYTES);
        uint64_t amount = read_number(deposit + AMOUNT_OFFSET);
        if (amount == 0)
            REFUSE("a deposit has no amount");
        if (__builtin_add_overflow(total, amount, &total))
            REFUSE("the deposits are more than 2^64 Gwei together");
        eth2_pushNewDeposit(deposit, DEPOSIT_BYTES);
        count++;
    }

    write_number(root, count);
    write_number(root + 8, total);
    eth2_savePostStateRoot(root);
}
