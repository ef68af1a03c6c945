"""What crosses the gate and what does not: bytes, order, refusals, windows, broken ends, time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping

import pytest
import smpp34
from hypothesis import given, settings
from hypothesis import strategies as st

from fanzha.adapters.smpp.codec import Pdu
from fanzha.adapters.smpp.firewall import gate as gates
from fanzha.adapters.smpp.firewall.joining import Bounds
from fanzha.adapters.smpp.firewall.settings import Judging, Recorded
from fanzha.ports.text_wire import Ground, Login, Texts, Verdict
from tests.adapters.smpp.firewall.wire import (
    HONEST,
    SCAM,
    Esme,
    Rig,
    accept,
    bind,
    frames_of,
    head,
    rig,
    submit,
)


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 60))


async def until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.01)


def test_a_refused_text_gets_its_status_and_the_rest_passes_in_order() -> None:
    async def work() -> None:
        async with rig() as it:
            esme = await it.esme()
            frames = [submit(SCAM if n in (3, 7) else f"{HONEST}{n}", n) for n in range(2, 12)]
            esme.writer.write(b"".join(frames))
            answers = await esme.answers(10)
            assert answers == {n: 0x45 if n in (3, 7) else 0 for n in range(2, 12)}
            passed = [f for f in frames if head(f)[2] not in (3, 7)]
            assert it.centre.frames == [bind(), *passed]
            assert [r.said.text for r in it.records] == [SCAM, SCAM]
            assert [(r.account, r.said.recipient) for r in it.records] == [
                ("esme1", "+8615400000001")
            ] * 2
            assert (it.gate.counts.judged, it.gate.counts.refused) == (10, 2)

    run(work)


_OTHERS = st.builds(
    lambda command, status, sequence, body: Pdu(command, status, sequence, body).frame,
    st.sampled_from([0x06, 0x15, 0x03, 0x08, 0x80000005, 0x80000015, 0x102, 0x7777, 0x103, 0x21]),
    st.integers(0, 0xFFFFFFFF), st.integers(0, 0xFFFFFFFF), st.binary(max_size=120),
)  # fmt: skip
_TEXTS = st.builds(
    lambda text, sequence, tag, value: submit(
        text, sequence, tlvs=[smpp34.Tlv(tag, value), smpp34.Tlv(0x1403, value)]
    ),
    st.text(max_size=60), st.integers(1, 0x7FFFFFFF), st.sampled_from([0x0204, 0x3FFE]),
    st.binary(max_size=30),
)  # fmt: skip


@settings(max_examples=30)
@given(st.lists(st.one_of(_OTHERS, _TEXTS), min_size=1, max_size=12), st.data())
def test_every_byte_passes_untouched_however_it_is_cut(
    frames: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))

    async def work() -> None:
        async with rig(answer=lambda frame: frame, linger_s=0.05) as it:  # an echo: all come back
            esme = await it.esme(bound=False)
            for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
                esme.writer.write(whole[begin:end])
                await asyncio.sleep(0)
            async with asyncio.timeout(10):
                assert await esme.reader.readexactly(len(whole)) == whole
            assert bytes(it.centre.heard) == whole
            esme.writer.close()

    run(work)


def test_receipts_and_requests_of_the_centre_pass_the_other_way() -> None:
    async def work() -> None:
        async with rig() as it:
            esme = await it.esme()
            receipt = smpp34.DeliverSm("8615400000001", "1069", SCAM.encode("utf-16-be"),
                                       data_coding=8, sequence_number=77).encode()  # fmt: skip
            enquire = Pdu(0x15, 0, 78, b"").frame
            it.centre.writers[0].write(receipt + enquire)
            assert [await esme.frame(), await esme.frame()] == [receipt, enquire]
            answers = Pdu(0x80000005, 0, 77, b"\0").frame + Pdu(0x80000015, 0, 78, b"").frame
            esme.writer.write(answers)
            await until(lambda: bytes(it.centre.heard).endswith(answers))

    run(work)


def _parts(text: str, total: int, reference: int = 9) -> list[bytes]:
    size = -(-len(text) // total)
    return [
        submit("", 10 + n, esm_class=0x40, octets=bytes((5, 0, 3, reference, total, n + 1))
               + text[n * size : (n + 1) * size].encode("utf-16-be"))
        for n in range(total)
    ]  # fmt: skip


@pytest.mark.parametrize(("order", "refused"), [((0, 1, 2), {11, 12}), ((2, 1, 0), {10})])
def test_a_scam_cut_across_parts_is_refused_from_the_part_that_shows_it(
    order: tuple[int, ...], refused: set[int]
) -> None:
    """One by one, as a window of one sends them, and with all in one piece."""
    parts = _parts("这是第一部分兼职刷单日结加微信进群领任务和别的一些话", 3)

    async def work(together: bool) -> None:
        async with rig() as it:
            esme = await it.esme()
            found: dict[int, int] = {}
            if together:
                esme.writer.write(b"".join(parts[n] for n in order))
                found = await esme.answers(3)
            else:
                for n in order:
                    esme.writer.write(parts[n])
                    found |= await esme.answers(1)
            assert {n for n, status in found.items() if status == 0x45} == refused
            assert len(it.centre.frames) == 4 - len(refused)

    for together in (False, True):
        run(lambda together=together: work(together))  # type: ignore[misc]


def test_sar_and_message_payload_are_joined_and_read() -> None:
    async def work() -> None:
        def sar(number: int, text: str) -> bytes:
            tlvs = [smpp34.Tlv(0x020C, b"\0\5"), smpp34.Tlv(0x020E, b"\2"),
                    smpp34.Tlv(0x020F, bytes([number]))]  # fmt: skip
            return submit(text, 20 + number, tlvs=tlvs)

        payload = [smpp34.Tlv(0x0424, (HONEST * 40 + SCAM).encode("utf-16-be"))]
        async with rig() as it:
            esme = await it.esme()
            esme.writer.write(sar(1, "兼职刷") + sar(2, "单日结") + submit("", 30, tlvs=payload))
            assert await esme.answers(3) == {21: 0, 22: 0x45, 30: 0x45}

    run(work)


def test_parts_over_two_connections_of_one_account_are_joined() -> None:
    first, second = _parts("兼职刷单xx", 2)

    async def work() -> None:
        async with rig() as it:
            one, two, other = await it.esme(), await it.esme(), await it.esme(account="esme2")
            one.writer.write(first)
            assert await one.answers(1) == {10: 0}
            other.writer.write(second)
            assert await other.answers(1) == {11: 0}
            two.writer.write(second)
            assert await two.answers(1) == {11: 0x45}

    run(work)


def test_the_bind_need_not_be_waited_for() -> None:
    """What comes behind it in one piece is judged; its account is not believed yet."""

    async def work() -> None:
        async with rig() as it:
            esme = await it.esme(bound=False)
            esme.writer.write(bind() + submit(SCAM, 2) + submit(HONEST, 3))
            assert await esme.answers(3) == {1: 0, 2: 0x45, 3: 0}
            assert [r.account for r in it.records] == [""]

    run(work)


# ── broken ends ──────────────────────────────────────────────────────────────────────────────────


def test_no_answer_is_ours_but_a_refusal() -> None:
    """A centre that cuts after it has taken: the sender hears nothing of what was not answered."""

    async def work() -> None:
        async with rig(answer=lambda f: accept(f) if head(f)[2] < 4 else b"") as it:
            esme = await it.esme()
            esme.writer.write(b"".join(submit(HONEST, n) for n in range(2, 9)))
            assert await esme.answers(2) == {2: 0, 3: 0}
            await until(lambda: len(it.centre.frames) == 8)
            it.centre.writers[0].transport.abort()
            assert await esme.end() == b""

    run(work)


def test_a_sender_that_cuts_inside_a_frame() -> None:
    """What was whole reaches the centre; the piece does not."""

    async def work() -> None:
        async with rig() as it:
            esme = await it.esme()
            esme.writer.write(submit(HONEST, 2) + submit(HONEST, 3)[:40])
            await until(lambda: len(it.centre.heard) > 100)
            esme.writer.transport.abort()
            await until(lambda: it.centre.ended)
            assert it.centre.frames == [bind(), submit(HONEST, 2)]
            await until(lambda: it.gate.counts.open == 0)

    run(work)


def test_a_centre_that_cuts_inside_a_frame() -> None:
    async def work() -> None:
        async with rig() as it:
            esme = await it.esme()
            whole = Pdu(0x15, 0, 5, b"").frame
            it.centre.writers[0].write(whole + whole[:9])
            assert await esme.frame() == whole
            it.centre.writers[0].close()
            assert await esme.end() == b""

    run(work)


@pytest.mark.parametrize("junk", [b"\0" * 16, b"\xff" * 40, b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_centre_that_answers_nonsense(junk: bytes) -> None:
    async def work() -> None:
        async with rig() as it:
            esme = await it.esme()
            good = Pdu(0x15, 0, 5, b"").frame
            it.centre.writers[0].write(good + junk)
            assert await esme.end() == good
            assert it.gate.counts.nonsense == 1
            again = await it.esme()
            again.writer.write(submit(HONEST, 2))
            assert await again.answers(1) == {2: 0}

    run(work)


@pytest.mark.parametrize("bound", [False, True])
def test_a_sender_of_nonsense_is_told_and_cut(bound: bool) -> None:
    async def work() -> None:
        async with rig() as it:
            esme = await it.esme(bound=bound)
            neighbour = await it.esme()
            esme.writer.write(b"GET / HTTP/1.1\r\nHost: example\r\n\r\n")
            assert [head(f) for f in frames_of(await esme.end())] == [(0x80000000, 2, 0)]
            neighbour.writer.write(submit(HONEST, 2))
            assert await neighbour.answers(1) == {2: 0}
            assert b"HTTP" not in it.centre.heard

    run(work)


def test_a_centre_that_is_not_there() -> None:
    async def work() -> None:
        async with rig() as it:
            it.centre._server.close()
            esme = await it.esme(bound=False)
            esme.writer.write(bind())
            assert [head(f) for f in frames_of(await esme.end())] == [(0x80000009, 0x0D, 1)]
            assert it.gate.counts.centre_away == 1

    run(work)


def test_half_closed_senders_still_get_their_answers() -> None:
    async def work() -> None:
        async with rig() as it:
            esme = await it.esme()
            esme.writer.write(submit(HONEST, 2) + submit(SCAM, 3) + submit(HONEST, 4))
            esme.writer.write_eof()
            answers = {head(f)[2]: head(f)[1] for f in frames_of(await esme.end())}
            assert answers == {2: 0, 3: 0x45, 4: 0}

    run(work)


# ── windows and back-pressure ────────────────────────────────────────────────────────────────────


async def _flood(esme: Esme, frame: bytes, most: int) -> int:
    """Write until nothing more is taken for a second; how many octets were."""
    sent, block = 0, frame * 64
    while sent < most:
        esme.writer.write(block)
        try:
            async with asyncio.timeout(1.0):
                await esme.writer.drain()
        except TimeoutError:
            return sent
        sent += len(block)
    return sent


def test_a_slow_centre_slows_the_sender_and_nothing_is_lost() -> None:
    async def work() -> None:
        async with rig() as it:
            esme = await it.esme()
            it.centre.reading.clear()
            await asyncio.sleep(0.05)
            long = [smpp34.Tlv(0x0424, (HONEST * 100).encode("utf-16-be"))]
            frame = submit("", 5, tlvs=long)
            sent = await _flood(esme, frame, 60_000_000)
            assert sent < 50_000_000, "what waits is bounded by the buffers"
            it.centre.reading.set()
            count = 0
            async with asyncio.timeout(30):
                while count < sent // len(frame):
                    await esme.frame()
                    count += 1

    run(work)


def test_a_sender_that_takes_no_answers_is_not_read_further() -> None:
    async def work() -> None:
        async with rig() as it:
            esme = await it.esme()
            esme.reader._transport.pause_reading()  # type: ignore[attr-defined]
            sent = await _flood(esme, submit(SCAM, 5), 60_000_000)
            assert sent < 50_000_000, "refusals nobody takes do not pile up"
            other = await it.esme()
            other.writer.write(submit(HONEST, 2))
            assert await other.answers(1) == {2: 0}
            esme.writer.transport.abort()

    run(work)


def test_connections_are_bounded() -> None:
    async def work() -> None:
        async with rig(connections=2) as it:
            first, second = await it.esme(), await it.esme()
            third = await it.esme(bound=False)
            assert await third.end() == b""
            assert it.gate.counts.turned_away == 1
            second.writer.close()
            await until(lambda: it.gate.counts.open == 1)
            last = await it.esme()
            for esme in (first, last):
                esme.writer.write(submit(HONEST, 2))
                assert await esme.answers(1) == {2: 0}

    run(work)


# ── time ─────────────────────────────────────────────────────────────────────────────────────────


async def _silent(it: Rig, esme: Esme) -> None:
    await esme.end()
    await until(lambda: it.gate.counts.timed_out == 1 and it.gate.counts.open == 0)


def test_no_login_no_stay() -> None:
    async def work() -> None:
        async with rig(login_s=0.1) as it:
            esme = await it.esme(bound=False)
            esme.writer.write(bind()[:20])
            await _silent(it, esme)
            assert not it.centre.writers, "the centre never heard of it"

    run(work)


def test_silence_of_both_ends_it() -> None:
    async def work() -> None:
        async with rig(idle_s=0.2) as it:
            await _silent(it, await it.esme())

    run(work)


def test_a_side_that_takes_nothing_ends_it() -> None:
    async def work() -> None:
        async with rig(stall_s=0.3) as it:
            esme = await it.esme()
            it.centre.reading.clear()
            with contextlib.suppress(ConnectionError):
                await _flood(esme, submit(HONEST, 5), 100_000_000)
            await until(lambda: it.gate.counts.timed_out == 1)
            it.centre.reading.set()

    run(work)


def test_a_clock_that_jumps_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections, parts and rests go by a clock that does not jump."""
    first, second = _parts("兼职刷单xx", 2)

    async def work() -> None:
        async with rig(idle_s=30, parts=Bounds(keep_s=30)) as it:
            esme = await it.esme()
            esme.writer.write(first)
            assert await esme.answers(1) == {10: 0}
            for jump in (86_400 * 400, -86_400 * 400):
                wall = time.time() + jump
                monkeypatch.setattr(time, "time", lambda wall=wall: wall)
                await asyncio.sleep(gates._WATCH_S * 1.5)
            esme.writer.write(second + submit(HONEST, 2))
            assert await esme.answers(2) == {11: 0x45, 2: 0}

    run(work)


# ── a judge that fails ───────────────────────────────────────────────────────────────────────────


def test_one_text_that_the_judge_cannot_bear_carries_no_other_past_it() -> None:
    def judge(texts: Texts) -> Mapping[int, Verdict]:
        bodies = texts.bodies.to_pylist()
        if "毒" in bodies:
            raise RuntimeError("poison")
        refused = Verdict(True, Ground.WORDS)
        return {row: refused for row, body in enumerate(bodies) if "刷单" in body}

    async def work() -> None:
        async with rig(judge) as it:
            esme = await it.esme()
            texts = [SCAM, HONEST, "毒", SCAM, HONEST, SCAM]
            esme.writer.write(b"".join(submit(text, n) for n, text in enumerate(texts, 2)))
            assert await esme.answers(6) == {2: 0x45, 3: 0, 4: 0, 5: 0x45, 6: 0, 7: 0x45}
            counts = it.gate.counts
            assert counts.unjudged == 1
            assert counts.judge_failures >= 1

    run(work)


def test_a_judge_that_always_fails_lets_pass_and_says_so() -> None:
    def judge(texts: Texts) -> Mapping[int, Verdict]:
        raise RuntimeError

    async def work() -> None:
        async with rig(judge) as it:
            esme = await it.esme()
            esme.writer.write(b"".join(submit(SCAM, n) for n in range(2, 302)))
            answers = await esme.answers(300)
            assert set(answers.values()) == {0}
            assert it.gate.counts.unjudged == 300

    run(work)


def test_a_judge_that_is_too_slow_rests() -> None:
    def judge(texts: Texts) -> Mapping[int, Verdict]:
        time.sleep(0.02)
        return {0: Verdict(True, Ground.WORDS)}

    async def work() -> None:
        async with rig(judge, judging=Judging(slow_s=0.01, slow_calls=2, rest_s=60)) as it:
            esme = await it.esme()
            statuses: list[int] = []
            for n in range(2, 6):
                esme.writer.write(submit(SCAM, n))
                statuses += (await esme.answers(1)).values()
            assert statuses == [0x45, 0x45, 0, 0]
            assert (it.gate.resting, it.gate.counts.unjudged) == (True, 2)

    run(work)


def test_a_record_that_cannot_be_kept_changes_no_answer() -> None:
    def record(_: list[Recorded]) -> None:
        raise OSError("full")

    async def work() -> None:
        async with rig(record=record) as it:
            esme = await it.esme()
            esme.writer.write(submit(SCAM, 2) + submit(HONEST, 3))
            assert await esme.answers(2) == {2: 0x45, 3: 0}
            assert it.gate.counts.unrecorded == 1

    run(work)


def test_a_doubtful_text_passes_and_is_recorded() -> None:
    async def work() -> None:
        async with rig(lambda _: {0: Verdict(False, Ground.WORDS, 0, 0.6)}) as it:
            esme = await it.esme()
            esme.writer.write(submit(SCAM, 2))
            assert await esme.answers(1) == {2: 0}
            assert [(r.verdict.refuse, r.said.text) for r in it.records] == [(False, SCAM)]

    run(work)


def test_our_own_accounts_are_asked_first() -> None:
    async def let_in(login: Login | None, address: str) -> int | None:
        assert address == "127.0.0.1"
        if login is None:
            return 4
        return None if login.password == "pw" else 0x0E

    async def work() -> None:
        async with rig(let_in=let_in) as it:
            await it.esme()
            wrong, none = await it.esme(bound=False), await it.esme(bound=False)
            wrong.writer.write(bind(password="other"))
            none.writer.write(submit(HONEST, 6))
            assert [head(f) for f in frames_of(await wrong.end())] == [(0x80000009, 0x0E, 1)]
            assert [head(f) for f in frames_of(await none.end())] == [(0x80000004, 4, 6)]
            assert len(it.centre.writers) == 1

    run(work)


def test_accounts_that_cannot_be_asked_let_nobody_in() -> None:
    async def let_in(login: Login | None, address: str) -> int | None:
        raise RuntimeError

    async def work() -> None:
        async with rig(let_in=let_in) as it:
            esme = await it.esme(bound=False)
            esme.writer.write(bind())
            assert [head(f) for f in frames_of(await esme.end())] == [(0x80000009, 0x0D, 1)]
            assert not it.centre.writers

    run(work)


def test_several_senders_are_judged_together_and_answered_apart() -> None:
    async def work() -> None:
        async with rig() as it:
            esmes = [await it.esme(account=f"esme{n}") for n in range(8)]
            for n, esme in enumerate(esmes):
                texts = [SCAM if k == n else HONEST for k in range(8)]
                esme.writer.write(b"".join(submit(t, k + 2) for k, t in enumerate(texts)))
            for n, esme in enumerate(esmes):
                answers = await esme.answers(8)
                assert answers == {k + 2: 0x45 if k == n else 0 for k in range(8)}
            assert sorted(r.account for r in it.records) == [f"esme{n}" for n in range(8)]

    run(work)
