// The queue, lists, outcomes: what live news may and may not do to what is on the screen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import './typescript.mjs';

const { EMPTY, step, moved, groupOf } = await import('../src/state/queue.ts');
const { belongs, listOf, queryOf, tabsOf } = await import('../src/state/lists.ts');
const { press, outcomesOf, SELECTED_MS } = await import('../src/state/outcomes.ts');

const NOW = Date.parse('2026-11-26T02:00:00Z');
const MINUTE = 60_000;
let made = 0;
const row = (given = {}) => {
  made += 1;
  const { due = 30, state = 'pushed', ...rest } = given;
  return {
    id: `w${String(made).padStart(4, '0')}`, number: `YJ-${made}`, version: 1, grade: 'medium', state: { code: state, zh: '', en: '' },
    sources: [], scam_type: null, stage: { code: 'trust' }, owner: null, unit: { code: '470103001' }, issued_at: new Date(NOW).toISOString(),
    clock: { due_at: new Date(NOW + due * MINUTE).toISOString(), started_at: new Date(NOW).toISOString(), verb: {} }, ...rest,
  };
};
const page = (items, next = null) => ({ items, next, counts: { critical: 0, high: 0, medium: items.length, low: 0 } });
const loaded = (items, next = null) => step(EMPTY, { kind: 'loaded', page: page(items, next), grouping: 'clock', now: NOW });
const ids = (queue) => queue.entries.map((e) => e.row.id);

// A small generator of its own, so that a failure can be repeated from its seed.
function random(seed) {
  let s = seed;
  return (n) => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s % n;
  };
}

test('whatever the stream sends, rows on the screen keep their places until they are taken in', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const pick = random(seed);
    const first = Array.from({ length: 3 + pick(8) }, () => row({ due: pick(200), grade: ['critical', 'high', 'low'][pick(3)] }));
    const all = [...first];
    let queue = loaded(first);
    const order = ids(queue);
    for (let i = 0; i < 40; i += 1) {
      const known = all[pick(all.length)];
      const news = [
        () => { const fresh = row({ due: pick(90) }); all.push(fresh); return { kind: 'live', row: fresh, belongs: pick(4) > 0 }; },
        () => ({ kind: 'live', row: { ...known, version: known.version + pick(3), grade: 'critical' }, belongs: pick(3) > 0 }),
        () => ({ kind: 'gone', id: known.id }),
        () => ({ kind: 'refreshed', page: page(all.filter(() => pick(2))) }),
      ][pick(4)]();
      queue = step(queue, news);
      assert.deepEqual(ids(queue), order, `seed ${seed}`);
    }
    const waiting = Object.keys(queue.waiting);
    const kept = queue.entries.filter((e) => !e.gone).map((e) => e.row.id);
    queue = step(queue, { kind: 'merge', now: NOW });
    assert.deepEqual(new Set(ids(queue)), new Set([...kept, ...waiting]), `seed ${seed}: nothing lost, nothing twice`);
    assert.equal(ids(queue).length, kept.length + waiting.length);
    assert.equal(Object.keys(queue.waiting).length, 0);
    assert.equal(moved(queue, NOW), 0);
  }
});

test('an older version never overwrites a newer one', () => {
  const one = row();
  let queue = loaded([one]);
  queue = step(queue, { kind: 'live', row: { ...one, version: 5, grade: 'critical' }, belongs: true });
  queue = step(queue, { kind: 'live', row: { ...one, version: 4, grade: 'low' }, belongs: true });
  assert.equal(queue.entries[0].row.grade, 'critical');
});

test('critical stands first, then late, then by the time that is left', () => {
  const rows = [row({ due: 200 }), row({ due: -3 }), row({ due: 5 }), row({ due: 400, grade: 'critical' })];
  const queue = loaded(rows);
  assert.deepEqual(queue.entries.map((e) => e.group), ['critical', 'late', 'ten', 'day']);
  assert.equal(groupOf(row({ due: 59 }), NOW, 'clock'), 'hour');
});

test('the next page adds what is not there yet and takes it out of what waits', () => {
  const [a, b] = [row({ due: 10 }), row({ due: 40 })];
  let queue = loaded([a], 'cursor');
  queue = step(queue, { kind: 'live', row: row({ due: 1 }), belongs: true });
  const waiting = Object.values(queue.waiting)[0];
  queue = step(queue, { kind: 'more', page: page([a, b, waiting]), now: NOW });
  assert.deepEqual(ids(queue).filter((id) => id === a.id), [a.id]);
  assert.ok(ids(queue).includes(b.id) && ids(queue).includes(waiting.id));
  assert.deepEqual(queue.waiting, {});
});

test('beyond what has been read a new row comes with its page', () => {
  const queue = step(loaded([row({ due: 10 })], 'cursor'), { kind: 'live', row: row({ due: 500 }), belongs: true });
  assert.deepEqual(queue.waiting, {});
});

const ME = { id: 'me', roles: ['dissuader'] };

test('a list is its link: what the URL says is what the API is asked', () => {
  const search = new URLSearchParams('tab=shift&grade=high&grade=low&type=GJF01&q=0087&late=true&since=2026-11-26T01:00:00Z');
  const list = listOf(search);
  const query = new URLSearchParams(queryOf(list));
  assert.deepEqual(Object.fromEntries([...query.keys()].map((k) => [k, query.getAll(k)])), {
    tab: ['shift'], grade: ['high', 'low'], type: ['GJF01'], q: ['0087'], late: ['true'], since: ['2026-11-26T01:00:00Z'],
  });
  assert.equal(listOf(new URLSearchParams('tab=nonsense')).tab, 'mine');
  const reader = tabsOf({ roles: ['analyst', 'auditor'] });
  assert.deepEqual(reader, ['shift', 'handed', 'archived']);
  for (const text of ['', 'tab=mine']) assert.equal(listOf(new URLSearchParams(text), reader).tab, 'shift');
  assert.equal(tabsOf({ roles: ['analyst', 'duty_officer'] })[0], 'mine');
});

test('mine holds what is mine and what nobody has; what only the server knows is left to it', () => {
  const list = (text) => listOf(new URLSearchParams(text));
  assert.equal(belongs(row(), list('tab=mine'), ME), true);
  assert.equal(belongs(row({ state: 'signed', owner: { id: 'me' } }), list('tab=mine'), ME), true);
  assert.equal(belongs(row({ state: 'signed', owner: { id: 'other' } }), list('tab=mine'), ME), false);
  assert.equal(belongs(row({ state: 'archived' }), list('tab=mine'), ME), false);
  assert.equal(belongs(row({ state: 'archived' }), list('tab=archived'), ME), true);
  assert.equal(belongs(row({ state: 'archived' }), list('tab=all'), ME), true);
  assert.equal(belongs(row({ grade: 'low' }), list('tab=mine&grade=high'), ME), false);
  assert.equal(belongs(row(), list('tab=handed'), ME), null);
  assert.equal(belongs(row(), list('tab=all&outcome=dissuaded'), ME), null);
  assert.equal(belongs(row(), list('tab=all&since=2027-01-01T00:00:00Z'), ME), false);
});

test('an outcome is recorded by the same key twice within its time, never by two keys', () => {
  const one = press('record_dissuaded', null, NOW);
  assert.equal(one.kind, 'select');
  assert.deepEqual(press('record_dissuaded', one.selected, NOW + SELECTED_MS), { kind: 'record', code: 'record_dissuaded' });
  assert.equal(press('record_dissuaded', one.selected, NOW + SELECTED_MS + 1).kind, 'select');
  assert.equal(press('record_no_answer', one.selected, NOW + 10).kind, 'select');
  assert.equal(press('record_already_paid', { code: 'record_already_paid', at: NOW }, NOW).kind, 'ask_paid');
});

test('the six keys stay in place; at a door nobody met stands for no answer', () => {
  const verb = (code) => ({ code, zh: '', en: '', allowed: true, why_not: null, needs: [] });
  const detail = { ...row({ state: 'visiting' }), verbs: [verb('record_dissuaded'), verb('record_nobody_met')] };
  const keys = outcomesOf(detail, ME);
  assert.deepEqual(keys.map((o) => o.key), ['1', '2', '3', '4', '5', '6']);
  assert.equal(keys[4].code, 'record_nobody_met');
  assert.equal(keys[1].possible, null);
  const other = outcomesOf({ ...detail, owner: { id: 'other', display: '周航' } }, ME);
  assert.equal(other[0].possible.allowed, false);
  assert.match(other[0].possible.whyNot.zh, /周航/);
});
