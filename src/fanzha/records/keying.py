"""Keys of whole columns: BLAKE2b over Arrow's own buffers, the same numbers as `values.keys`."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fanzha.values.keys import key64

_IV = np.array(
    [
        0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
        0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
    ],
    np.uint64,
)  # fmt: skip
_ORDER = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ],
    np.uint8,
)
_LANES = np.array(
    [
        [0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15],
        [0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14],
    ],
    np.uint8,
)  # fmt: skip
_BLOCK = 128


@numba.njit(cache=True, inline="always")
def _turn(word: np.uint64, by: np.uint64) -> np.uint64:
    return (word >> by) | (word << (np.uint64(64) - by))


@numba.njit(cache=True)
def _digest_all(
    data: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    start: npt.NDArray[np.uint64],
    out: npt.NDArray[np.uint64],
) -> None:
    """First word of BLAKE2b of each text of at most one block (RFC 7693); longer ones are left."""
    words = np.zeros(16, np.uint64)
    state = np.zeros(16, np.uint64)
    for row in range(len(out)):
        first, length = offsets[row], offsets[row + 1] - offsets[row]
        if length > _BLOCK:
            continue
        words[:] = 0
        for place in range(length):
            words[place >> 3] |= np.uint64(data[first + place]) << np.uint64((place & 7) << 3)
        for lane in range(8):
            state[lane] = start[lane]
            state[lane + 8] = _IV[lane]
        state[12] ^= np.uint64(length)
        state[14] = ~state[14]
        for turn in range(12):
            for step in range(8):
                a, b, c, d = _LANES[step, 0], _LANES[step, 1], _LANES[step, 2], _LANES[step, 3]
                x = words[_ORDER[turn, 2 * step]]
                y = words[_ORDER[turn, 2 * step + 1]]
                state[a] = state[a] + state[b] + x
                state[d] = _turn(state[d] ^ state[a], np.uint64(32))
                state[c] = state[c] + state[d]
                state[b] = _turn(state[b] ^ state[c], np.uint64(24))
                state[a] = state[a] + state[b] + y
                state[d] = _turn(state[d] ^ state[a], np.uint64(16))
                state[c] = state[c] + state[d]
                state[b] = _turn(state[b] ^ state[c], np.uint64(63))
        key = start[0] ^ state[0] ^ state[8]
        out[row] = key if key != 0 else np.uint64(1)


def keys_of(kind: str, normals: pa.StringArray) -> npt.NDArray[np.uint64]:
    """`key64(kind, normal)` of every text; 0 where null."""
    out = np.zeros(len(normals), np.uint64)
    if not len(normals):
        return out
    start = _IV.copy()
    start[0] ^= np.uint64(0x01010000 ^ 8)
    start[6:] ^= np.frombuffer(kind.encode("ascii").ljust(16, b"\0"), "<u8")
    _, offset_buffer, data_buffer = normals.buffers()
    offsets = np.frombuffer(offset_buffer, np.int32)[normals.offset :][: len(normals) + 1]
    data = np.frombuffer(data_buffer or b"\0", np.uint8)
    _digest_all(data, offsets, start, out)
    for row in np.flatnonzero(np.diff(offsets) > _BLOCK):
        out[row] = key64(kind, normals[int(row)].as_py())
    if normals.null_count:
        out[normals.is_null().to_numpy(zero_copy_only=False)] = 0
    return out
