"""Writes proofs.json: roots, generalized indices and branches of a ledger and a beacon block, by an SSZ library that shares
nothing with Outrider.

    pip install remerkleable==0.1.28
    python make_proofs.py > proofs.json

Containers are written down here anew, from the ledger's design and consensus-specs v0.12.3 (preset minimal). Types of elements that
no list has are left out, as only the limit of an empty list is in its root.
"""

import hashlib
import json
import random

from remerkleable.basic import boolean, uint8, uint32, uint64
from remerkleable.bitfields import Bitlist, Bitvector
from remerkleable.byte_arrays import ByteList, Bytes32, ByteVector
from remerkleable.complex import Container, List, Vector
from remerkleable.union import Union

Bytes48, Bytes96 = ByteVector[48], ByteVector[96]
FAR = 2**64 - 1
rng = random.Random(20)


def some(n):
    return rng.randbytes(n)


class Left(Container):  # the element of a list that stays empty
    a: uint64
    b: uint64


# The ledger.


class NextCode(Container):
    code_hash: Bytes32
    code_bytes: uint32
    takes_receipts: boolean
    epoch: uint64


class PreviousCode(Container):
    code_hash: Bytes32
    epoch: uint64


class EeRecord(Container):
    code_hash: Bytes32
    code_bytes: uint32
    initial_state_root: Bytes32
    owner: Bytes48
    refund_credentials: Bytes32
    deposit: uint64
    shards: Bitvector[1024]
    takes_receipts: boolean
    upgrade_delay: uint64
    next_code: NextCode
    deployed_epoch: uint64
    exit_epoch: uint64
    withdrawable_epoch: uint64
    hibernation_epoch: uint64
    wake_epoch: uint64
    previous_code: PreviousCode


class EeState(Container):
    state_root: Bytes32
    balance: uint64


class InboundLane(Container):
    next: uint64
    settled: Bitvector[1024]


class OutboundLane(Container):
    next: uint64
    in_flight: uint64


class DepositData(Container):
    pubkey: Bytes48
    withdrawal_credentials: Bytes32
    amount: uint64
    signature: Bytes96


# Executions.


class EeTransition(Container):
    ee: uint32
    pre_state_root: Bytes32
    post_state_root: Bytes32
    payload_root: Bytes32
    fuel_used: uint64
    balance: uint64
    value_in: uint64
    value_out: uint64
    deposits: uint64
    proposer_fee: uint64
    receipts_root: Bytes32
    deposit_data: List[DepositData, 16]


class Settlement(Container):
    source_shard: uint64
    first: uint64
    settled: Bitlist[1024]
    rejected: Bitlist[1024]
    undelivered: Bitlist[1024]
    value: uint64
    fees: uint64


class Lane(Container):
    destination_shard: uint64
    first: uint64
    n: uint32
    value: uint64
    receipts_root: Bytes32


class RootRead(Container):
    shard: uint64
    ee: uint32
    state_root: Bytes32


class ExecutionHeader(Container):
    parent_execution_root: Bytes32
    transitions: List[EeTransition, 64]
    settlements: List[Settlement, 64]
    lanes: List[Lane, 64]
    finalized_slot: uint64
    availability_root: Bytes32
    assumptions: List[RootRead, 64]


class PendingExecution(Container):
    accept_slot: uint64
    slot: uint64
    proposer_index: uint64
    data_root: Bytes32
    header: ExecutionHeader


# What the ledger keeps of shards, and the whole ledger.


class PendingDeposit(Container):
    data: DepositData
    shard: uint64
    ee: uint32


class ShardLedger(Container):
    latest_block_root: Bytes32
    execution_root: Bytes32
    ees: List[EeState, 2**16]
    recent: Vector[Bytes32, 256]
    inbound: List[InboundLane, 1025]
    outbound: List[OutboundLane, 1025]
    pending: List[PendingExecution, 1024]
    bounces: List[PendingDeposit, 2**16]


class PreCheck(Container):
    ee: uint32
    code_hash: Bytes32
    code_bytes: uint32
    takes_receipts: boolean
    opened_epoch: uint64
    accepted: Bitlist[2**22]
    rejected: Bitlist[2**22]


class BeaconLanes(Container):
    recent: Vector[Bytes32, 256]
    outbound: List[OutboundLane, 2**10]


class Ledger(Container):
    slot: uint64
    ees: List[EeRecord, 2**16]
    shards: List[ShardLedger, 2**10]
    pending_deposits: List[PendingDeposit, 2**16]
    pre_checks: List[PreCheck, 64]
    burnt: uint64
    total: uint64
    beacon_lanes: BeaconLanes


class LedgerCommitment(Container):
    ledger_root: Bytes32
    operations_root: Bytes32


# Shard blocks.


class Receipt(Container):
    source_shard: uint64
    source_ee: uint64
    destination_shard: uint64
    destination_ee: uint64
    sequence: uint64
    slot: uint64
    kind: uint8
    value: uint64
    fee: uint64
    payload: ByteList[65536]


class EePayload(Container):
    ee: uint32
    reads: List[RootRead, 64]
    block_data: ByteList[2**20]


class BatchHistory(Container):
    parent_slot: uint64
    older_root: Bytes32
    older_branch: List[Bytes32, 64]
    older_slot: uint64
    execution_root: Bytes32
    branch: List[Bytes32, 64]


class InboundBatch(Container):
    source_shard: uint64
    slot: uint64
    lane: Lane
    lane_index: uint64
    lane_branch: Vector[Bytes32, 10]
    start: uint64
    receipts: List[Receipt, 1024]
    branch: List[Bytes32, 64]
    n_lost: uint64
    history: List[BatchHistory, 1]


class ShardBody(Container):
    header: ExecutionHeader
    inbound: List[InboundBatch, 64]
    payloads: List[EePayload, 64]


# Operations.


class ShardExecution(Container):
    shard: uint64
    slot: uint64
    header: ExecutionHeader
    branch: Vector[Bytes32, 16]


class Deploy(Container):
    ee: uint32
    code: ByteList[2**22]
    initial_state_root: Bytes32
    shards: Bitvector[1024]
    owner: Bytes48
    refund_credentials: Bytes32
    upgrade_delay: uint64
    deposit: uint64
    payer: uint64


class SignedDeploy(Container):
    message: Deploy
    signature: Bytes96


class PreCheckVote(Container):
    ee: uint32
    code_hash: Bytes32
    opened_epoch: uint64
    accept: boolean


class SignedPreCheckVote(Container):
    message: PreCheckVote
    validators: List[uint64, 2048]
    signature: Bytes96


class Exit(Container):
    ee: uint32
    epoch: uint64


class SignedExit(Container):
    message: Exit
    signature: Bytes96


class Upgrade(Container):
    ee: uint32
    epoch: uint64
    code: ByteList[2**22]


class SignedUpgrade(Container):
    message: Upgrade
    signature: Bytes96


class TopUp(Container):
    ee: uint32
    epoch: uint64
    deposit: uint64
    amount: uint64
    payer: uint64
    code: ByteList[2**22]


class SignedTopUp(Container):
    message: TopUp
    signature: Bytes96


class WithdrawToEe(Container):
    validator_index: uint64
    epoch: uint64
    balance: uint64
    shard: uint64
    ee: uint32
    amount: uint64
    payload: ByteList[65536]


class SignedWithdrawToEe(Container):
    message: WithdrawToEe
    signature: Bytes96


class ShardBlock(Container):
    shard_parent_root: Bytes32
    beacon_parent_root: Bytes32
    slot: uint64
    shard: uint64
    proposer_index: uint64
    body: ByteList[2**20]


class ShardBlockHeader(Container):
    shard_parent_root: Bytes32
    beacon_parent_root: Bytes32
    slot: uint64
    shard: uint64
    proposer_index: uint64
    body_root: Bytes32


class SignedShardBlockHeader(Container):
    message: ShardBlockHeader
    signature: Bytes96


class ShardProposerSlashing(Container):
    signed_header_1: SignedShardBlockHeader
    signed_header_2: SignedShardBlockHeader


class LedgerOperations(Container):
    executions: List[ShardExecution, 12288]
    deploys: List[SignedDeploy, 1]
    pre_check_votes: List[SignedPreCheckVote, 128]
    exits: List[SignedExit, 16]
    upgrades: List[SignedUpgrade, 1]
    withdrawals: List[SignedWithdrawToEe, 16]
    shard_proposer_slashings: List[ShardProposerSlashing, 16]
    execution_slashings: List[Left, 1]
    top_ups: List[SignedTopUp, 4]


# The beacon block, as far as it is not empty.


class Eth1Data(Container):
    deposit_root: Bytes32
    deposit_count: uint64
    block_hash: Bytes32


class ShardState(Container):
    slot: uint64
    gasprice: uint64
    latest_block_root: Bytes32


class ShardTransition(Container):
    start_slot: uint64
    shard_block_lengths: List[uint64, 12]
    shard_data_roots: List[Bytes32, 12]
    shard_states: List[ShardState, 12]
    proposer_signature_aggregate: Bytes96


class Body0(Container):
    randao_reveal: Bytes96
    eth1_data: Eth1Data
    graffiti: Bytes32
    proposer_slashings: List[Left, 16]
    attester_slashings: List[Left, 2]
    attestations: List[Left, 128]
    deposits: List[Left, 16]
    voluntary_exits: List[Left, 16]


class Body1(Container):
    randao_reveal: Bytes96
    eth1_data: Eth1Data
    graffiti: Bytes32
    proposer_slashings: List[Left, 16]
    attester_slashings: List[Left, 2]
    attestations: List[Left, 128]
    deposits: List[Left, 16]
    voluntary_exits: List[Left, 16]
    chunk_challenges: List[Left, 2]
    chunk_challenge_responses: List[Left, 16]
    custody_key_reveals: List[Left, 256]
    early_derived_secret_reveals: List[Left, 1]
    custody_slashings: List[Left, 1]
    shard_transitions: Vector[ShardTransition, 8]
    light_client_bits: Bitvector[128]
    light_client_signature: Bytes96


class BeaconBlock0(Container):
    slot: uint64
    proposer_index: uint64
    parent_root: Bytes32
    state_root: Bytes32
    body: Body0


class BeaconBlock1(Container):
    slot: uint64
    proposer_index: uint64
    parent_root: Bytes32
    state_root: Bytes32
    body: Body1


# Accused parts of shard blocks.


class ParentProof(Container):
    leaf: Bytes32
    branch: List[Bytes32, 64]


ReadProof = Union[ParentProof, ParentProof, ParentProof]


class AccusedRead(Container):
    payload_index: uint64
    read_index: uint64
    proof: ReadProof


class AccusedBatch(Container):
    batch_index: uint64
    slot: ParentProof
    execution_root: ParentProof


class SentReceipts(Container):
    of_ees: List[List[Receipt, 1024], 64]


Accused = Union[uint32, AccusedRead, ParentProof, AccusedBatch, SentReceipts]
ListOfAccused = List[Accused, 1]


# The state after a block, of which few fields are not empty.


class Fork(Container):
    previous_version: ByteVector[4]
    current_version: ByteVector[4]
    epoch: uint64


class BeaconBlockHeader(Container):
    slot: uint64
    proposer_index: uint64
    parent_root: Bytes32
    state_root: Bytes32
    body_root: Bytes32


class Checkpoint(Container):
    epoch: uint64
    root: Bytes32


class CompactCommittee(Container):
    pubkeys: List[Bytes48, 2048]
    compact_validators: List[uint64, 2048]


class BeaconState0(Container):
    genesis_time: uint64
    genesis_validators_root: Bytes32
    slot: uint64
    fork: Fork
    latest_block_header: BeaconBlockHeader
    block_roots: Vector[Bytes32, 64]
    state_roots: Vector[Bytes32, 64]
    historical_roots: List[Bytes32, 2**24]
    eth1_data: Eth1Data
    eth1_data_votes: List[Left, 32]
    eth1_deposit_index: uint64
    validators: List[Left, 2**40]
    balances: List[uint64, 2**40]
    randao_mixes: Vector[Bytes32, 64]
    slashings: Vector[uint64, 64]
    previous_epoch_attestations: List[Left, 1024]
    current_epoch_attestations: List[Left, 1024]
    justification_bits: Bitvector[4]
    previous_justified_checkpoint: Checkpoint
    current_justified_checkpoint: Checkpoint
    finalized_checkpoint: Checkpoint


class BeaconState1(Container):
    genesis_time: uint64
    genesis_validators_root: Bytes32
    slot: uint64
    fork: Fork
    latest_block_header: BeaconBlockHeader
    block_roots: Vector[Bytes32, 64]
    state_roots: Vector[Bytes32, 64]
    historical_roots: List[Bytes32, 2**24]
    eth1_data: Eth1Data
    eth1_data_votes: List[Left, 32]
    eth1_deposit_index: uint64
    validators: List[Left, 2**40]
    balances: List[uint64, 2**40]
    randao_mixes: Vector[Bytes32, 64]
    slashings: Vector[uint64, 64]
    previous_epoch_attestations: List[Left, 1024]
    current_epoch_attestations: List[Left, 1024]
    justification_bits: Bitvector[4]
    previous_justified_checkpoint: Checkpoint
    current_justified_checkpoint: Checkpoint
    finalized_checkpoint: Checkpoint
    current_epoch_start_shard: uint64
    shard_states: List[ShardState, 8]
    online_countdown: List[uint8, 2**40]
    current_light_committee: CompactCommittee
    next_light_committee: CompactCommittee
    exposed_derived_secrets: Vector[List[uint64, 8], 64]
    custody_chunk_challenge_records: List[Left, 2**20]
    custody_chunk_challenge_index: uint64


# One tree in another: remerkleable has each container's tree, and the commitment is only a root to the block.


def concat(*gindices):
    upper = 1
    for lower in gindices:
        depth = lower.bit_length() - 1
        upper = (upper << depth) | (lower ^ (1 << depth))
    return upper


def node(view, gindex):
    return view.get_backing().getter(gindex).merkle_root()


def branch(view, gindex):
    siblings = []
    while gindex > 1:
        siblings.append(node(view, gindex ^ 1))
        gindex >>= 1
    return siblings


def field(view, name):
    return type(view).key_to_static_gindex(name)


def element(limit, place):
    return concat(2, limit + place)


def helper_indices(gindices):
    """`get_helper_indices` of consensus-specs v0.12.3, ssz/merkle-proofs.md."""

    def path(gindex):
        places = []
        while gindex > 1:
            places.append(gindex)
            gindex //= 2
        return places

    helpers = {place ^ 1 for gindex in gindices for place in path(gindex)}
    paths = {place for gindex in gindices for place in path(gindex)}
    return sorted(helpers - paths, reverse=True)


def example_header():
    deposit = DepositData(pubkey=some(48), withdrawal_credentials=some(32), amount=32 * 10**9, signature=some(96))
    return ExecutionHeader(
        parent_execution_root=some(32),
        transitions=[
            EeTransition(
                ee=3,
                pre_state_root=some(32),
                post_state_root=some(32),
                payload_root=some(32),
                fuel_used=1_234_567,
                balance=10**12,
                value_in=5,
                value_out=6,
                deposits=32 * 10**9,
                proposer_fee=7,
                receipts_root=b"\x0c" * 32,
                deposit_data=[deposit],
            ),
            EeTransition(ee=4),
        ],
        settlements=[
            Settlement(
                source_shard=1024,
                first=9,
                settled=[True, False, True],
                rejected=[False, False, True],
                undelivered=[False, False, False],
                value=8,
                fees=1,
            )
        ],
        lanes=[Lane(destination_shard=d, first=d, n=2, value=9, receipts_root=some(32)) for d in (0, 1, 5)],
        finalized_slot=320,
        availability_root=some(32),
        assumptions=[RootRead(shard=1, ee=2, state_root=b"\x75" * 32), RootRead(shard=6, ee=0, state_root=b"\x76" * 32)],
    )


def example_body():
    header = example_header()
    receipt = Receipt(
        source_shard=2, source_ee=3, destination_shard=0, destination_ee=4, sequence=17, slot=400, kind=1, value=5, fee=6,
        payload=some(45),
    )
    batch = InboundBatch(
        source_shard=2, slot=400, lane=header.lanes[1], lane_index=1, lane_branch=[some(32) for _ in range(10)], start=1,
        receipts=[receipt], branch=[some(32), some(32)],
    )
    history = BatchHistory(
        parent_slot=900, older_root=b"\x71" * 32, older_branch=[b"\x72" * 32] * 21, older_slot=655,
        execution_root=b"\x73" * 32, branch=[b"\x74" * 32] * 33,
    )
    lost = InboundBatch(source_shard=2, slot=401, lane=header.lanes[2], n_lost=2, history=[history])
    payload = EePayload(ee=3, reads=[RootRead(shard=1, ee=2, state_root=some(32))], block_data=some(70))
    return ShardBody(header=header, inbound=[batch, lost], payloads=[payload])


def receipt_ranges():
    """Lists of receipts, and for a range of each the siblings that are not zeros, from the bottom and from the left."""
    ranges = []
    for n, start, end in [(1, 0, 1), (13, 3, 9), (13, 12, 13), (100, 31, 33), (1024, 0, 1024), (1024, 700, 701)]:
        receipts = List[Receipt, 1024](
            *[Receipt(sequence=number, payload=bytes([number % 251]) * (number % 40)) for number in range(n)]
        )
        siblings = []
        low, high = start, end
        for depth in range(10, 0, -1):
            width = -(-n // 2 ** (10 - depth))
            # The generalized index of the first node of this level of the list, which is left of its length.
            base = 2 ** (depth + 1)
            if low % 2:
                siblings.append(base + low - 1)
            if high % 2 and high < width:
                siblings.append(base + high)
            low, high = low // 2, (high + 1) // 2
        branch = [receipts.get_backing().getter(index).merkle_root().hex() for index in siblings]
        ranges.append(
            {"n": n, "start": start, "end": end, "root": receipts.hash_tree_root().hex(), "branch": branch}
        )
    return ranges


def example_ledger():
    ledger = Ledger(slot=700, burnt=11, total=1234)
    for number in range(5):
        ledger.ees.append(
            EeRecord(
                code_hash=hashlib.sha256(bytes([number])).digest(),
                code_bytes=1000 + number,
                initial_state_root=some(32),
                owner=some(48),
                refund_credentials=some(32),
                deposit=32 * 10**9 + number,
                shards=[shard < 3 or shard % 101 == 5 for shard in range(1024)],
                takes_receipts=number % 2 == 1,
                upgrade_delay=number,
                next_code=NextCode(
                    code_hash=some(32), code_bytes=7 * number, takes_receipts=number % 3 == 1, epoch=FAR
                ),
                deployed_epoch=number,
                exit_epoch=FAR if number < 4 else 900,
                withdrawable_epoch=FAR if number < 4 else 901,
                hibernation_epoch=50 + number,
                wake_epoch=60 + number,
                previous_code=PreviousCode(code_hash=some(32), epoch=40 + number) if number < 3 else PreviousCode(),
            )
        )
    for shard in range(3):
        shard_ledger = ShardLedger(latest_block_root=some(32), execution_root=some(32))
        for number in range(5):
            shard_ledger.ees.append(EeState(state_root=some(32), balance=10**9 * shard + number))
        # Slots 599 and 699 have blocks.
        shard_ledger.recent[599 % 256] = some(32)
        shard_ledger.recent[699 % 256] = some(32)
        for lane in range(4):
            shard_ledger.inbound.append(InboundLane(next=lane, settled=[bit % 7 == lane for bit in range(1024)]))
            shard_ledger.outbound.append(OutboundLane(next=lane + 3, in_flight=lane * 5))
        pending = PendingExecution(
            accept_slot=710 + shard, slot=699, proposer_index=3, data_root=some(32), header=example_header()
        )
        shard_ledger.pending.append(pending)
        for number in range(shard):
            data = DepositData(pubkey=some(48), withdrawal_credentials=some(32), amount=10**9 + number, signature=some(96))
            shard_ledger.bounces.append(PendingDeposit(data=data, shard=shard, ee=number))
        ledger.shards.append(shard_ledger)
    data = DepositData(pubkey=some(48), withdrawal_credentials=some(32), amount=10**9, signature=some(96))
    ledger.pending_deposits.append(PendingDeposit(data=data, shard=2, ee=4))
    ledger.pre_checks.append(
        PreCheck(
            ee=4, code_hash=some(32), code_bytes=9, takes_receipts=True, opened_epoch=80,
            accepted=[bit % 2 == 0 for bit in range(72)], rejected=[bit % 2 == 1 for bit in range(72)],
        )
    )
    ledger.beacon_lanes.recent[3] = some(32)
    ledger.beacon_lanes.outbound.append(OutboundLane(next=1, in_flight=2))
    return ledger


def example_operations():
    operations = LedgerOperations()
    operations.executions.append(
        ShardExecution(shard=1, slot=699, header=example_header(), branch=[some(32) for _ in range(16)])
    )
    deploy = Deploy(
        ee=5, code=some(100), initial_state_root=some(32), shards=[shard == 1 for shard in range(1024)], owner=some(48),
        refund_credentials=some(32), upgrade_delay=3, deposit=4, payer=5,
    )
    operations.deploys.append(SignedDeploy(message=deploy, signature=some(96)))
    vote = PreCheckVote(ee=4, code_hash=some(32), opened_epoch=80, accept=True)
    operations.pre_check_votes.append(SignedPreCheckVote(message=vote, validators=[1, 5, 9], signature=some(96)))
    operations.exits.append(SignedExit(message=Exit(ee=2, epoch=87), signature=some(96)))
    operations.upgrades.append(SignedUpgrade(message=Upgrade(ee=1, epoch=87, code=some(33)), signature=some(96)))
    withdraw = WithdrawToEe(validator_index=7, epoch=87, balance=8, shard=2, ee=1, amount=6, payload=some(20))
    operations.withdrawals.append(SignedWithdrawToEe(message=withdraw, signature=some(96)))
    headers = [
        SignedShardBlockHeader(
            message=ShardBlockHeader(slot=9, shard=1, proposer_index=3, body_root=some(32)), signature=some(96)
        )
        for _ in range(2)
    ]
    operations.shard_proposer_slashings.append(
        ShardProposerSlashing(signed_header_1=headers[0], signed_header_2=headers[1])
    )
    top_up = TopUp(ee=1, epoch=87, deposit=5, amount=6, payer=7, code=some(21))
    operations.top_ups.append(SignedTopUp(message=top_up, signature=some(96)))
    return operations


def example_accusations():
    """The accused parts of claims about shard blocks: none, and each kind of one."""
    proof = ParentProof(leaf=some(32), branch=[some(32) for _ in range(3)])
    yield ListOfAccused()
    yield ListOfAccused(Accused(selector=0, value=uint32(7)))
    for selector in range(3):
        read = AccusedRead(payload_index=2, read_index=5, proof=ReadProof(selector=selector, value=proof))
        yield ListOfAccused(Accused(selector=1, value=read))
    yield ListOfAccused(Accused(selector=2, value=proof))
    slot = ParentProof(leaf=proof.leaf, branch=proof.branch[:2])
    accused = AccusedBatch(batch_index=6, slot=slot, execution_root=proof)
    yield ListOfAccused(Accused(selector=3, value=accused))
    receipts = [List[Receipt, 1024](*[Receipt(value=number) for number in range(n)]) for n in (2, 1)]
    yield ListOfAccused(Accused(selector=4, value=SentReceipts(of_ees=receipts)))


def claims(ledger):
    """Each claim of the design's table, by the path of its fields."""
    ees, shards = field(ledger, "ees"), field(ledger, "shards")
    record, shard, state = EeRecord(), ShardLedger(), EeState()
    for ee in (0, 3, 4):
        for kind, name in (("code_hash", "code_hash"), ("deposit", "deposit")):
            yield {"kind": kind, "ee": ee}, concat(ees, element(2**16, ee), field(record, name))
    for place, ee in ((0, 0), (2, 4), (1, 2)):
        for kind, name in (("state_root", "state_root"), ("balance", "balance")):
            inner = concat(field(shard, "ees"), element(2**16, ee), field(state, name))
            yield {"kind": kind, "shard": place, "ee": ee}, concat(shards, element(2**10, place), inner)
    for ee in (0, 4):
        for kind in ("deployed_epoch", "exit_epoch", "withdrawable_epoch", "hibernation_epoch", "wake_epoch"):
            yield {"kind": kind, "ee": ee}, concat(ees, element(2**16, ee), field(record, kind))
    for ee, chunk in ((0, 0), (3, 3)):
        inner = concat(field(record, "shards"), 4 + chunk)
        yield {"kind": "shards", "ee": ee, "from": 256 * chunk}, concat(ees, element(2**16, ee), inner)
    for place, slot in ((0, 699), (2, 599)):
        inner = concat(field(shard, "recent"), 256 + slot % 256)
        yield {"kind": "execution_root", "shard": place, "slot": slot}, concat(shards, element(2**10, place), inner)
    yield {"kind": "shard_count"}, concat(shards, 3)
    for place in (0, 2):
        inner = concat(field(shard, "ees"), 3)
        yield {"kind": "ee_count", "shard": place}, concat(shards, element(2**10, place), inner)
    # The lanes of a shard: the beacon chain's, and then those of shards.
    for source, lane, place in ((1024, 0, 1), (0, 1, 2), (2, 3, 0)):
        above = concat(shards, element(2**10, place), field(shard, "inbound"), element(2**11, lane))
        of_lane = {"shard": place, "source": source}
        yield {"kind": "settled_before", **of_lane}, concat(above, field(InboundLane(), "next"))
        chunk = 2 * place - 1 if place else 0
        inner = concat(field(InboundLane(), "settled"), 4 + chunk)
        yield {"kind": "settled", **of_lane, "from": 256 * chunk}, concat(above, inner)


def state_after(state_type, block_roots):
    """A state of slot 700 that knows some block roots."""
    finalized = Checkpoint(epoch=85, root=b"\x51" * 32)
    state = state_type(genesis_time=7, slot=700, finalized_checkpoint=finalized)
    for slot, root in block_roots.items():
        state.block_roots[slot % 64] = root
    return state


def proof_in(block, state, upper, lower_branch=(), lower=1):
    """A proof of a field of the state, or of something below it, from the block's root."""
    above = concat(field(block, "state_root"), upper)
    path = list(lower_branch) + branch(state, upper) + branch(block, field(block, "state_root"))
    return {"gindex": concat(above, lower), "branch": [sibling.hex() for sibling in path]}


def earlier(block, state, root):
    """The multiproof of the block's slot and of the root of the block of slot 650."""
    upper = concat(field(state, "block_roots"), 64 + 650 % 64)
    link = proof_in(block, state, upper)
    gindices = [field(block, "slot"), link["gindex"]]
    siblings, place = {}, gindices[1]
    for sibling in link["branch"]:
        siblings[place ^ 1] = sibling
        place >>= 1
    place = gindices[0]
    for sibling in branch(block, place):
        siblings[place ^ 1] = sibling.hex()
        place >>= 1
    helpers = helper_indices(gindices)
    return link | {
        "slot": 650,
        "root": root.hex(),
        "slot_gindex": gindices[0],
        "multiproof": [siblings[place] for place in helpers],
    }


def finalized(block, state):
    """The proof of the finalized epoch."""
    return proof_in(block, state, concat(field(state, "finalized_checkpoint"), field(Checkpoint(), "epoch")))


def chain(data, header, ledger, old_roots):
    """A block whose body crosslinks a shard block with some data. Its state knows that shard block as the shard's latest, and
    the roots of earlier blocks."""
    chunks = ByteList[2**20](data)
    operations = LedgerOperations()
    first_chunk = branch(chunks, 65536)
    operations.executions.append(ShardExecution(shard=2, slot=698, header=header, branch=first_chunk))
    block = BeaconBlock1(slot=700, proposer_index=12, parent_root=b"\x21" * 32)
    commitment = LedgerCommitment(
        ledger_root=ledger.hash_tree_root(), operations_root=operations.hash_tree_root()
    )
    block.body.graffiti = commitment.hash_tree_root()
    shard_block = ShardBlock(
        shard_parent_root=b"\x31" * 32, beacon_parent_root=b"\x32" * 32, slot=698, shard=2, proposer_index=5, body=chunks
    )
    transition = block.body.shard_transitions[2]
    transition.start_slot = 697
    for slot in (697, 698, 699):
        root = chunks.hash_tree_root() if slot == 698 else bytes([slot % 256]) * 32
        transition.shard_block_lengths.append(len(data))
        transition.shard_data_roots.append(root)
        transition.shard_states.append(ShardState(slot=slot, gasprice=8, latest_block_root=root))
    state = state_after(BeaconState1, {650: old_roots["phase1"], 640: b"\x41" * 32})
    for shard in range(3):
        state.shard_states.append(ShardState(slot=699, gasprice=8 + shard, latest_block_root=bytes([shard]) * 32))
    state.shard_states[2].latest_block_root = shard_block.hash_tree_root()
    block.state_root = state.hash_tree_root()
    data_roots = field(transition, "shard_data_roots")
    upper = concat(field(block, "body"), field(block.body, "shard_transitions"), 8 + 2, data_roots, element(16, 1))
    latest = concat(field(state, "shard_states"), element(8, 2), field(ShardState(), "latest_block_root"))
    body = concat(field(shard_block, "body"), 65536)
    block_0 = BeaconBlock0(slot=700, proposer_index=12, parent_root=b"\x21" * 32)
    state_0 = state_after(BeaconState0, {650: old_roots["phase0"]})
    block_0.state_root = state_0.hash_tree_root()
    block_0.body.graffiti = commitment.hash_tree_root()
    return {
        "block_root": block.hash_tree_root().hex(),
        "state_root": bytes(block.state_root).hex(),
        "shard_block_root": shard_block.hash_tree_root().hex(),
        "crosslink": {
            "gindex": concat(upper, 65536),
            "branch": [sibling.hex() for sibling in first_chunk + branch(block, upper)],
        },
        "latest": proof_in(block, state, latest, branch(shard_block, body), body),
        "earlier": earlier(block, state, old_roots["phase1"]),
        "finalized": finalized(block, state),
        "phase0": {
            "block_root": block_0.hash_tree_root().hex(),
            "state_root": bytes(block_0.state_root).hex(),
            "earlier": earlier(block_0, state_0, old_roots["phase0"]),
            "finalized": finalized(block_0, state_0),
        },
    }


def phase(name, block_type, ledger, operations, kept):
    commitment = LedgerCommitment(
        ledger_root=ledger.hash_tree_root(), operations_root=operations.hash_tree_root()
    )
    block = block_type(slot=700, proposer_index=12, parent_root=b"\x21" * 32, state_root=b"\x22" * 32)
    block.body.graffiti = commitment.hash_tree_root()
    body = block.body
    graffiti = concat(field(block, "body"), field(body, "graffiti"))
    upper = branch(commitment, 2) + branch(block, graffiti)
    siblings, proofs = {}, []
    for claim, lower in list(claims(ledger))[:kept]:
        gindex = concat(graffiti, 2, lower)
        path = branch(ledger, lower) + upper
        place = gindex
        for sibling in path:
            siblings[place ^ 1] = sibling
            place >>= 1
        assert place == 1
        leaf = node(ledger, lower)
        proofs.append(claim | {"gindex": gindex, "leaf": leaf.hex(), "branch": [s.hex() for s in path]})
    some_proofs = [place for place in (0, 1, 5, 7, 12, 15, 18, 22, 24, 26, 28, 31, 32) if place < kept]
    helpers = helper_indices([proofs[place]["gindex"] for place in some_proofs])
    return {
        "phase": name,
        "block_root": block.hash_tree_root().hex(),
        "graffiti": bytes(block.body.graffiti).hex(),
        "proofs": proofs,
        "multiproof": {"proofs": some_proofs, "branch": [siblings[place].hex() for place in helpers]},
        "n_siblings_of_all": len(helper_indices([proof["gindex"] for proof in proofs])),
    }


def runs(data):
    """Bytes as pairs: some in hex, and how many zeros come after them."""
    pairs, place = [], 0
    while place < len(data):
        zeros = data.find(bytes(32), place)
        zeros = len(data) if zeros < 0 else zeros
        end = zeros
        while end < len(data) and data[end] == 0:
            end += 1
        pairs.append([data[place:zeros].hex(), end - zeros])
        place = end
    return pairs


def main():
    ledger, operations, body = example_ledger(), example_operations(), example_body()
    data = bytes(body.header.hash_tree_root()) + body.encode_bytes()
    chunks = ByteList[2**20](data)
    phases = [
        phase("phase0", BeaconBlock0, ledger, operations, 2),
        phase("phase1", BeaconBlock1, ledger, operations, 35),
    ]
    old_roots = {phase["phase"]: bytes.fromhex(phase["block_root"]) for phase in phases}
    print(
        json.dumps(
            {
                "made_by": "make_proofs.py with remerkleable 0.1.28",
                "ledger": {"ssz": runs(ledger.encode_bytes()), "root": ledger.hash_tree_root().hex()},
                "operations": {"ssz": operations.encode_bytes().hex(), "root": operations.hash_tree_root().hex()},
                "shard_body": {
                    "bytes": data.hex(),
                    "root": chunks.hash_tree_root().hex(),
                    "body_root": body.hash_tree_root().hex(),
                    "execution_root": body.header.hash_tree_root().hex(),
                    "gindex": 65536,
                    "branch": [sibling.hex() for sibling in branch(chunks, 65536)],
                    "lane": {
                        "place": 1,
                        "leaf": body.header.lanes[1].hash_tree_root().hex(),
                        "branch": [
                            sibling.hex()
                            for sibling in branch(body.header, concat(field(body.header, "lanes"), element(64, 1)))
                        ],
                    },
                },
                "ranges": receipt_ranges(),
                "accused": [
                    {"ssz": accused.encode_bytes().hex(), "root": accused.hash_tree_root().hex()}
                    for accused in example_accusations()
                ],
                "chain": chain(data, body.header, ledger, old_roots),
                "phases": phases,
            },
            separators=(",", ":"),
        )
    )


main()
