"""Machine code of campaigns: MinHash of a text's shingles, and the one cluster it belongs to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fanzha.detection.compiled import compiled

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

HASHES, BANDS = 48, 16
"""Bands of three hashes: half of the shingles in common are proposed 88 times in 100."""
CHARS = 500
"""Characters of the normal form that are compared."""
REGISTERS = 256
HOURS = 24
STANDING = ("texts", "suspected", "first_at", "senders", "recipients", "last_at")
_ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)
_LOOKED_AT = 8
"""Slots among which the smallest cluster makes room for a new one."""
_WIDTH = HASHES // BANDS
_FACTORS = np.random.default_rng(20261126).integers(1, 2**32, (2, HASHES), dtype=np.uint32) | 1


@compiled
def signatures(chars: I32, ends: I64) -> U32:
    """(rows, HASHES) least hash of the pairs of neighbouring characters, for each hash."""
    rows = ends.size - 1
    out = np.full((rows, HASHES), 0xFFFFFFFF, dtype=np.uint32)
    for row in range(rows):
        start = ends[row]
        for i in range(start + 1, min(ends[row + 1], start + CHARS)):
            pair = np.uint64(chars[i - 1]) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(chars[i])
            pair = (pair ^ (pair >> np.uint64(31))) * np.uint64(0xBF58476D1CE4E5B9)
            x = np.uint32(pair >> np.uint64(32))
            for k in range(HASHES):
                h = np.uint32((x ^ _FACTORS[0, k]) * _FACTORS[1, k])
                out[row, k] = min(out[row, k], np.uint32(h ^ (h >> np.uint32(15))))
    return out


@compiled
def band(signature: U32, k: int) -> np.uint64:
    """One number for three neighbouring hashes."""
    key = np.uint64(k + 1)
    for j in range(_WIDTH):
        key = (key ^ np.uint64(signature[k * _WIDTH + j])) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    return key


@compiled
def nearest(signature: U32, centres: U32, last: I64, table: I32, at: int, keep: int) -> I64:
    """(slot, hashes in common) of the centre most alike among those the bands propose; slot −1
    where they propose none. Centres silent for longer than `keep` ms are passed over."""
    best, common = -1, 0
    size = np.uint64(table.shape[1])
    for k in range(BANDS):
        slot = table[k, band(signature, k) % size]
        if slot < 0 or slot == best or abs(at - last[slot]) > keep:
            continue
        same = 0
        for j in range(HASHES):
            same += signature[j] == centres[slot, j]
        if same > common or (same == common and slot < best):
            best, common = slot, same
    return np.array([best, common], dtype=np.int64)


@compiled
def enter(signature: U32, slot: int, table: I32) -> None:
    """Let the bands of a centre propose it; an older one in its place is no longer proposed."""
    size = np.uint64(table.shape[1])
    for k in range(BANDS):
        table[k, band(signature, k) % size] = slot


@compiled
def register(registers: U8, key: np.uint64) -> None:
    """HyperLogLog: remember that a key was seen."""
    h = (key ^ (key >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    h = (h ^ (h >> np.uint64(29))) * np.uint64(0xC4CEB9FE1A85EC53)
    h ^= h >> np.uint64(32)
    rest, rank = h >> np.uint64(8), 1
    while rest & np.uint64(1) == 0 and rank < 56:
        rest >>= np.uint64(1)
        rank += 1
    place = h & np.uint64(REGISTERS - 1)
    registers[place] = max(registers[place], np.uint8(rank))


@compiled
def distinct(registers: U8) -> int:
    """HyperLogLog's estimate; linear counting where few registers are used."""
    total, empty = 0.0, 0
    for k in range(REGISTERS):
        total += 1.0 / np.float64(np.uint64(1) << np.uint64(registers[k]))
        empty += registers[k] == 0
    raised = _ALPHA * REGISTERS * REGISTERS / total
    if raised <= 2.5 * REGISTERS and empty > 0:
        raised = REGISTERS * np.log(REGISTERS / empty)
    return int(np.rint(raised))


@compiled
def cluster(
    marks: U32,
    length: I64,
    at: I64,
    senders: U64,
    recipients: U64,
    level: U8,
    least: int,
    shortest: int,
    keep: int,
    tell: bool,
    table: I32,
    centres: U32,
    serial: I64,
    count: I64,
    bad: I64,
    doubted: I64,
    first: I64,
    last: I64,
    hours: I64,
    sent: U8,
    received: U8,
    total: I64,
) -> tuple[I64, I64, I64]:
    """Give each text in turn to its cluster: (cluster's number a row, −1 where too short; rows
    that began one, with its slot; what stands of the cluster after each row, where `tell`). `level`
    is 2 for suspected, 1 for doubtful texts. The columns of what stands: `STANDING`."""
    rows = at.size
    owner = np.full(rows, -1, dtype=np.int64)
    standing = np.zeros((rows if tell else 0, 6), dtype=np.int64)
    began = np.empty((rows, 2), dtype=np.int64)
    many = 0
    for row in range(rows):
        if length[row] < shortest:
            continue
        found = nearest(marks[row], centres, last, table, at[row], keep)
        slot = found[0]
        if slot < 0 or found[1] < least:
            slot = room(total[0] % count.size, count, last, at[row] - keep)
            centres[slot] = marks[row]
            serial[slot] = total[0]
            count[slot] = bad[slot] = doubted[slot] = 0
            first[slot] = last[slot] = at[row]
            hours[slot, :] = 0
            sent[slot, :] = 0
            received[slot, :] = 0
            enter(marks[row], slot, table)
            total[0] += 1
            began[many, 0], began[many, 1] = row, slot
            many += 1
        owner[row] = serial[slot]
        count[slot] += 1
        bad[slot] += level[row] == 2
        doubted[slot] += level[row] > 0
        turn(hours[slot], last[slot] // 3_600_000, at[row] // 3_600_000)
        first[slot], last[slot] = min(first[slot], at[row]), max(last[slot], at[row])
        if senders[row]:
            register(sent[slot], senders[row])
        if recipients[row]:
            register(received[slot], recipients[row])
        if tell:
            standing[row, 0], standing[row, 1], standing[row, 2] = (
                count[slot],
                bad[slot],
                first[slot],
            )
            standing[row, 3] = min(distinct(sent[slot]), count[slot])
            standing[row, 4] = min(distinct(received[slot]), count[slot])
            standing[row, 5] = last[slot]
    return owner, began[:many], standing


@compiled
def room(hand: int, count: I64, last: I64, since: int) -> int:
    """Of some slots in turn the one that has been silent for too long, or has the fewest texts."""
    best, least = hand, np.int64(1 << 62)
    for k in range(_LOOKED_AT):
        slot = (hand + k) % count.size
        texts = count[slot] if last[slot] >= since else np.int64(0)
        if texts < least:
            best, least = slot, texts
    return best


@compiled
def turn(hours: I64, newest: int, hour: int) -> None:
    """Count a text in its hour; `hours[h % HOURS]` holds the last day up to the newest hour."""
    if hour <= newest - HOURS:
        return
    for h in range(max(newest + 1, hour - HOURS + 1), hour + 1):
        hours[h % HOURS] = 0
    hours[hour % HOURS] += 1
