"""The update of a graph: find or make both accounts, keep the edge, tell what stands after it.

Semantics (the oracle in the tests says the same, slowly):
* rows come in arrival order; a row older than the watermark less the lateness is late, and is told
  what stands at that instant, the oldest that still counts;
* a row counts if it is not late, both accounts are known and differ; then it is an edge;
* a row is told what the edges arrived so far, its own included, show in (at − window, at];
* an account keeps the newest `cap` edges a way; whatever was asked of one that is no longer held is
  marked, and what is told is then a lower bound.

The sweep moves with the rows, not with the batches: results do not depend on batch boundaries.
"""

from __future__ import annotations

import numpy as np

from fanzha.features.graph.cycle import shortest
from fanzha.features.graph.edges import cut, insert, length, word
from fanzha.features.graph.patterns import gathered, passed
from fanzha.features.graph.scatter import scattered
from fanzha.features.graph.side import count, renew
from fanzha.features.graph.store import (
    AHEAD,
    CYCLE,
    FORM,
    GATHER,
    IN,
    KEY,
    LATE,
    LOST,
    MOST,
    NEWEST,
    OUT,
    PAIR,
    PAYEE,
    PAYER,
    REFUSED,
    SCATTER,
    START,
    STEPS,
    STRIDE,
    TALLY,
    THROUGH,
    Batch,
    Graph,
    Room,
    Terms,
    Told,
)
from fanzha.features.graph.sweep import sweep
from fanzha.features.kernel.compiled import Int, compiled, inlined
from fanzha.features.kernel.index import SEGMENT, find, guess, home, mixed, put, segment_of
from fanzha.features.kernel.prefetch import prefetch
from fanzha.features.kernel.rows import EVERY, SWEPT, SWEPT_FOR_NEW, SWEPT_WHEN_FULL
from fanzha.features.kernel.store import FREE, LOWEST, ROWS, SEEN, WATERMARK


@compiled
def update(terms: Terms, graph: Graph, room: Room, batch: Batch, told: Told) -> None:
    """Take in a batch. Fills `told`."""
    n = batch.at.shape[0]
    meta = graph.accounts.meta
    for start in range(0, n, AHEAD):
        stop = min(n, start + AHEAD)
        _seek(start, stop, terms, graph, room, batch)
        for i in range(start, stop):
            renew(room)
            flag, steps = _take(i, start, terms, graph, room, batch, told)
            told.flags[i] = flag
            meta[STEPS] += steps
            meta[MOST] = max(meta[MOST], steps)
            meta[SEEN] += 1
            if meta[SEEN] % EVERY == 0:
                sweep(SWEPT, terms, graph)


@inlined
def _seek(start: Int, stop: Int, terms: Terms, graph: Graph, room: Room, batch: Batch) -> None:
    """Guess the rows of the accounts, and ask for the memory that they will need."""
    for i in range(start, stop):
        _near(batch.payers[i], graph)
        _near(batch.payees[i], graph)
    for i in range(start, stop):
        _guessed(2 * (i - start), batch.payers[i], terms, graph, room)
        _guessed(2 * (i - start) + 1, batch.payees[i], terms, graph, room)
    words = graph.accounts.words
    for j in range(2 * (stop - start)):
        if room.rows[j] >= 0:
            base = room.rows[j] * STRIDE
            for way in (OUT, IN):
                n = length(words[base + way + FORM])
                if n > 0:
                    newest = word(n - 1, words[base + way + START], words[base + way + FORM])
                    prefetch(graph.edges, newest)
                    prefetch(
                        graph.edges, word(0, words[base + way + START], words[base + way + FORM])
                    )


@inlined
def _near(key: Int, graph: Graph) -> None:
    hash_ = mixed(key)
    prefetch(graph.accounts.slots, segment_of(hash_, graph.accounts) * SEGMENT + home(hash_))


@inlined
def _guessed(j: Int, key: Int, terms: Terms, graph: Graph, room: Room) -> None:
    hash_ = mixed(key)
    base = segment_of(hash_, graph.accounts) * SEGMENT
    row = guess(hash_, base, graph.accounts.slots, terms.row_bits)
    room.rows[j] = row
    if row >= 0:
        prefetch(graph.accounts.words, row * STRIDE)


@inlined
def _take(
    i: Int, start: Int, terms: Terms, graph: Graph, room: Room, batch: Batch, told: Told
) -> tuple[Int, Int]:
    """One row: gives its flags and steps."""
    meta, at = graph.accounts.meta, batch.at[i]
    meta[WATERMARK] = max(meta[WATERMARK], at)
    late = at < meta[WATERMARK] - terms.lateness
    payer_key, payee_key = batch.payers[i], batch.payees[i]
    flag = np.int64(LATE) if late else np.int64(0)
    payer = _known(payer_key, room.rows[2 * (i - start)], terms, graph)
    payee = _known(payee_key, room.rows[2 * (i - start) + 1], terms, graph)
    counted = batch.counted[i] and not late and payer_key != payee_key
    counted = counted and payer_key != 0 and payee_key != 0
    steps = np.int64(0)
    if counted:
        # Both are told that they move before either is made: the sweep must not free the other.
        _moved(payer, at, graph)
        _moved(payee, at, graph)
        if payer < 0:
            payer = _make(payer_key, at, terms, graph)
        if payee < 0 and payer >= 0:
            payee = _make(payee_key, at, terms, graph)
        if payer < 0 or payee < 0:
            for f in range(terms.outputs):
                told.numbers[f, i] = np.nan
            return flag | REFUSED, steps
        steps += insert(payer, OUT, at, batch.fen[i], payee, terms, graph)
        steps += insert(payee, IN, at, batch.fen[i], payer, terms, graph)
    # Beyond this, rows of silent accounts may have been given to others.
    at = max(at, meta[WATERMARK] - terms.lateness)
    more, looked = _sides(i, payer, payee, at, terms, graph, room, batch, told)
    flag |= more
    steps += looked
    more, looked = _patterns(i, payer, payee, at, terms, graph, room, batch, told)
    return flag | more, steps + looked


@inlined
def _known(key: Int, row: Int, terms: Terms, graph: Graph) -> Int:
    """Row of a key, −1 if it has none. The guess may be another key's row."""
    if key == 0:
        return np.int64(-1)
    if row >= 0 and np.uint64(graph.accounts.words[row * STRIDE + KEY]) == key:
        return row
    return find(key, graph.accounts, STRIDE, terms.row_bits)[1]


@inlined
def _moved(row: Int, at: Int, graph: Graph) -> None:
    if row >= 0:
        newest = row * STRIDE + NEWEST
        graph.accounts.words[newest] = max(graph.accounts.words[newest], at)


@compiled
def _make(key: Int, at: Int, terms: Terms, graph: Graph) -> Int:
    """A row for a new account, in the index; −1 when the graph is full."""
    accounts, words, meta = graph.accounts, graph.accounts.words, graph.accounts.meta
    full = meta[FREE] == 0 and meta[ROWS] >= terms.rows_max
    sweep(SWEPT_WHEN_FULL if full else SWEPT_FOR_NEW, terms, graph)
    if meta[FREE] > 0:
        row = np.int64(accounts.free[meta[FREE] - 1])
    elif meta[ROWS] < terms.rows_max:
        row = meta[ROWS]
    else:
        return np.int64(-1)
    base = row * STRIDE
    words[base + KEY] = np.int64(key)
    if not put(key, row, accounts, STRIDE, terms.row_bits):
        words[base + KEY] = 0
        return np.int64(-1)
    if meta[FREE] > 0:
        meta[FREE] -= 1
    else:
        meta[ROWS] += 1
    words[base + NEWEST] = at
    for way in (OUT, IN):
        words[base + way + START] = 0
        words[base + way + FORM] = 0
        words[base + way + LOST] = LOWEST
    return row


@inlined
def _sides(
    i: Int,
    payer: Int,
    payee: Int,
    at: Int,
    terms: Terms,
    graph: Graph,
    room: Room,
    batch: Batch,
    told: Told,
) -> tuple[Int, Int]:
    """Both accounts' transfers, each way, and those between the two. Gives flags and steps."""
    steps = count(payer, OUT, payee, at, 0, terms, graph, room)
    steps += count(payer, IN, payee, at, 1, terms, graph, room)
    steps += count(payee, OUT, payer, at, 2, terms, graph, room)
    steps += count(payee, IN, payer, at, 3, terms, graph, room)
    flag, column = np.int64(0), np.int64(0)
    for w in range(terms.windows):
        since = at - (terms.near if w == 0 else terms.far)
        payer_out, payer_in = cut(payer, OUT, since, graph), cut(payer, IN, since, graph)
        payee_out, payee_in = cut(payee, OUT, since, graph), cut(payee, IN, since, graph)
        flag |= (PAYER << w) * (payer_out or payer_in)
        flag |= (PAYEE << w) * (payee_out or payee_in)
        flag |= (PAIR << w) * ((payer_out and payee_in) or (payer_in and payee_out))
        for lane in range(4):
            null = (batch.payers[i] if lane < 2 else batch.payees[i]) == 0
            first = (2 * lane + w) * TALLY
            for k in range(3):
                told.numbers[column, i] = np.nan if null else np.float64(room.tally[first + k])
                column += 1
        null = batch.payers[i] == 0 or batch.payees[i] == 0
        for k in range(3, 5):
            # What went from payer to payee stands in both their runs; a cut one knows less.
            there = max(room.tally[w * TALLY + k], room.tally[(6 + w) * TALLY + k])
            told.numbers[column, i] = np.nan if null else np.float64(there)
            back = max(room.tally[(2 + w) * TALLY + k], room.tally[(4 + w) * TALLY + k])
            told.numbers[column + 2, i] = np.nan if null else np.float64(back)
            column += 1
        column += 2
    return flag, steps


@inlined
def _patterns(
    i: Int,
    payer: Int,
    payee: Int,
    at: Int,
    terms: Terms,
    graph: Graph,
    room: Room,
    batch: Batch,
    told: Told,
) -> tuple[Int, Int]:
    """The patterns declared, into the last columns. Gives flags and steps."""
    column = np.int64(16 * terms.windows)
    flag, steps, since = np.int64(0), np.int64(0), at - terms.over
    null = np.nan
    nobody = batch.payers[i] == 0
    nopair = nobody or batch.payees[i] == 0
    apart = payer >= 0 and payee >= 0 and payer != payee
    payer_cut = cut(payer, OUT, since, graph) or cut(payer, IN, since, graph)
    if terms.through:
        share, stay = null, null
        if payer >= 0:
            share, stay, looked = passed(payer, at, terms, graph, room)
            steps += looked
        told.numbers[column, i] = share
        told.numbers[column + 1, i] = stay / 1000.0
        column += 2
        flag |= THROUGH * payer_cut
    if terms.gather:
        many = np.int64(0)
        if payer >= 0:
            many, looked = gathered(payer, at, terms, graph, room)
            steps += looked
        told.numbers[column, i] = null if nobody else np.float64(many)
        column += 1
        flag |= GATHER * payer_cut
    if terms.scatter:
        many = np.int64(0)
        if apart:
            many, _, short, looked = scattered(payer, payee, at, terms, graph, room)
            steps += looked
            flag |= SCATTER * short
        told.numbers[column, i] = null if nopair else np.float64(many)
        column += 1
    if terms.cycle:
        many = np.int64(0)
        if apart:
            many, short, looked = shortest(payer, payee, at, terms, graph, room)
            steps += looked
            flag |= CYCLE * short
        told.numbers[column, i] = null if nopair else np.float64(many)
        column += 1
    return flag, steps
