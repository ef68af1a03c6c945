// Money to the fen, terms, shares that add up, the time axis, and the catalogues of words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './typescript.mjs';

const { fenOf, yuan, yuanInList } = await import('../src/format/money.ts');
const { dayTime, hm, localInput, near, ofLocalInput, span } = await import('../src/format/time.ts');
const { hundredths, two } = await import('../src/format/parts.ts');
const { axisOf } = await import('../src/pages/warning/axis.ts');
const { place, widthOf } = await import('../src/pages/warning/lanes.ts');
const { complaints } = await import('./words.mjs');

const MINUTE = 60_000;

test('an amount is read back to the fen it was written from', () => {
  for (let i = 0; i < 3000; i += 1) {
    const fen = Math.floor(Math.random() * 10 ** (1 + (i % 13))) + 1;
    assert.equal(fenOf(yuan(fen)), fen);
  }
  assert.equal(yuan(18_600_000), '186,000.00');
  assert.equal(yuanInList(18_600_000), '186,000');
  assert.equal(yuanInList(105), '1.05');
  assert.equal(yuan(-5), '−0.05');
});

test('what is not an amount is not guessed at', () => {
  for (const text of ['', '0', '0.00', '-5', '1.234', '1e5', '十万', '12 元', '.5', '99999999999999']) assert.equal(fenOf(text), null, text);
  assert.equal(fenOf('１２'), null);
  assert.equal(fenOf('186，000.5'), 18_600_050);
});

test('times are Shanghai\'s, whatever the computer thinks', () => {
  const at = Date.parse('2026-11-25T18:13:49Z');
  assert.equal(hm(at), '02:13');
  assert.equal(near(at, at + MINUTE), '02:13:49');
  assert.equal(dayTime('2025-12-31T16:00:00Z', at), '01-01 00:00');
  assert.equal(dayTime('2025-12-31T15:59:00Z', at), '2025-12-31 23:59');
  assert.equal(ofLocalInput(localInput(at)), at - (at % MINUTE));
  for (const text of ['2026-11-', '2026-02-30 10:00', '2026-11-26', '26-11-26 10:00', '2026-11-26 24:30']) assert.equal(ofLocalInput(text), null, text);
});

test('time left is written as its length asks', () => {
  assert.equal(span(41 * MINUTE + 12_000, 'zh'), '41:12');
  assert.equal(span(101 * MINUTE + 6000, 'zh'), '1:41:06');
  assert.equal(span((18 * 24 + 13) * 60 * MINUTE, 'zh'), '18 天 13 时');
  assert.equal(span((18 * 24 + 13) * 60 * MINUTE, 'en'), '18d 13h');
  assert.equal(span(-5, 'zh'), '00:00');
});

test('shares shown to two places add up to the score shown', () => {
  for (let i = 0; i < 2000; i += 1) {
    const parts = Array.from({ length: 1 + (i % 7) }, () => Math.random() * 0.4);
    const shown = hundredths(parts);
    const sum = parts.reduce((a, b) => a + b, 0);
    assert.equal(two(shown.reduce((a, b) => a + b, 0)), two(Math.round(sum * 100)));
    shown.forEach((n, j) => assert.ok(Math.abs(n - parts[j] * 100) < 1 + 1e-6));
  }
});

test('the axis never runs backwards and keeps between its edges, however long the silences', () => {
  for (let i = 0; i < 500; i += 1) {
    const end = Date.parse('2026-11-26T02:00:00Z');
    const spans = Array.from({ length: 1 + (i % 9) }, () => {
      const at = end - Math.random() * 10 ** (4 + (i % 6));
      return { at, until: at + Math.random() * 30 * MINUTE };
    });
    const axis = axisOf(spans, end, 80, 700);
    const moments = spans.flatMap((s) => [s.at, Math.min(s.until, end)]).sort((a, b) => a - b);
    let last = 80 - 1e-6;
    for (const at of moments) {
      const x = axis.x(at);
      assert.ok(x >= last - 1e-6 && x <= 700 + 1e-6, `${x} after ${last}`);
      last = x;
    }
    assert.ok(Math.abs(axis.x(end) - 700) < 1);
    for (const tick of axis.ticks) assert.ok(tick.x >= 79 && tick.x <= 701 && Math.abs(axis.x(tick.at) - tick.x) < 1.5);
  }
});

test('words of one lane are never drawn over each other, and nothing is dropped in silence', () => {
  for (let i = 0; i < 300; i += 1) {
    const end = Date.parse('2026-11-26T02:00:00Z');
    const entries = Array.from({ length: 1 + (i % 40) }, (_, n) => {
      const at = end - Math.random() * 120 * MINUTE;
      return { lane: 'call', at: new Date(at).toISOString(), until: n % 3 ? null : new Date(at + 9 * MINUTE).toISOString(), live: n % 11 === 10, zh: '境外来电'.repeat(1 + (n % 3)) };
    });
    const axis = axisOf(entries.map((e) => ({ at: Date.parse(e.at), until: e.live ? end : Date.parse(e.until ?? e.at) })), end, 80, 700);
    const { placed, hidden } = place(entries, (e) => e.zh, axis, end, 80, 700);
    assert.equal(placed.length + hidden, entries.length);
    for (const a of placed) for (const b of placed) {
      if (a === b || a.row !== b.row) continue;
      const extent = (p) => (p.side === 'in' ? [p.from, p.to] : p.side === 'right' ? [p.from, p.to + widthOf(p.text)] : [p.from - widthOf(p.text), p.to]);
      const [[a0, a1], [b0, b1]] = [extent(a), extent(b)];
      assert.ok(a1 <= b0 || b1 <= a0);
    }
  }
});

test('a catalogue that lacks a key, a slot or a use is told of', () => {
  const sound = { 'a.b': '{n} 条', 'a.c': '好' };
  assert.deepEqual(complaints(sound, { 'a.b': '{n} rows', 'a.c': 'good' }, "t('a.b') t('a.c')"), []);
  assert.equal(complaints(sound, { 'a.b': 'rows', 'a.c': 'good' }, "t('a.b') t('a.c')").length, 1);
  assert.equal(complaints(sound, { 'a.b': '{n}' }, "t('a.b') t('a.c')").length, 2);
  assert.deepEqual(complaints(sound, { 'a.b': '{n}', 'a.c': 'x' }, "t('a.b')"), ['a.c: nothing uses it']);
  assert.deepEqual(complaints(sound, { 'a.b': '{n}', 'a.c': 'x' }, 't(`a.${x}`)'), []);
});
