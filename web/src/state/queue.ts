// The queue as a value: what is on screen, what waits, and how live news changes it without moving anything.
import type { GradeCounts, WarningPage, WarningRow } from '../api/schema';

export type Group = 'critical' | 'late' | 'ten' | 'hour' | 'day' | 'later' | 'all' | StateGroup;
export type StateGroup = 'to_sign' | 'to_call' | 'contacting' | 'unreached' | 'visiting' | 'follow_up' | 'closing';
export type Grouping = 'clock' | 'state' | 'none';

/** A row on screen. Its place was fixed when it was merged in; only its content changes. */
export interface Entry {
  row: WarningRow;
  group: Group;
  /** `elsewhere`: left what I may see. `out`: no longer belongs to this list. */
  gone?: 'elsewhere' | 'out';
}

export interface Queue {
  entries: Entry[];
  waiting: Record<string, WarningRow>;
  next: string | null;
  counts: GradeCounts | null;
  loadedAt: number;
  grouping: Grouping;
}

export type News =
  | { kind: 'loaded'; page: WarningPage; grouping: Grouping; now: number }
  | { kind: 'more'; page: WarningPage; now: number }
  | { kind: 'refreshed'; page: WarningPage }
  | { kind: 'live'; row: WarningRow; belongs: boolean }
  | { kind: 'gone'; id: string }
  | { kind: 'counts'; counts: GradeCounts }
  | { kind: 'merge'; now: number; grouping?: Grouping };

export const EMPTY: Queue = {
  entries: [], waiting: {}, next: null, counts: null, loadedAt: 0, grouping: 'clock',
};

const MINUTE = 60_000;
const STATE_GROUPS: Record<string, StateGroup> = {
  pushed: 'to_sign', signed: 'to_call', contacting: 'contacting', unreached: 'unreached',
  not_believing: 'visiting', visiting: 'visiting', dissuaded: 'follow_up', already_paid: 'follow_up',
  following_up: 'follow_up', false_alarm: 'closing', archived: 'closing',
};
const STATE_ORDER: StateGroup[] = [
  'to_sign', 'to_call', 'contacting', 'unreached', 'visiting', 'follow_up', 'closing',
];

const due = (row: WarningRow): number => (row.clock ? Date.parse(row.clock.due_at) : Infinity);

/** Where a row stands now: critical first, then by the time that is left. */
export function groupOf(row: WarningRow, now: number, grouping: Grouping): Group {
  if (grouping === 'none') return 'all';
  if (grouping === 'state') return STATE_GROUPS[row.state.code] ?? 'closing';
  if (row.grade === 'critical') return 'critical';
  const left = due(row) - now;
  if (left < 0) return 'late';
  if (left < 10 * MINUTE) return 'ten';
  if (left < 60 * MINUTE) return 'hour';
  return left < 24 * 60 * MINUTE ? 'day' : 'later';
}

/** The server's order: critical, then nearest clock, then id. */
export function before(a: WarningRow, b: WarningRow): number {
  const urgent = Number(a.grade !== 'critical') - Number(b.grade !== 'critical');
  return urgent || due(a) - due(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

function arranged(rows: WarningRow[], now: number, grouping: Grouping): Entry[] {
  const entries = rows.map((row) => ({ row, group: groupOf(row, now, grouping) }));
  if (grouping === 'none') return entries;
  const place = (entry: Entry): number => STATE_ORDER.indexOf(entry.group as StateGroup);
  return entries.sort((a, b) =>
    (grouping === 'state' ? place(a) - place(b) : 0) || before(a.row, b.row));
}

function without(waiting: Record<string, WarningRow>, id: string): Record<string, WarningRow> {
  if (!(id in waiting)) return waiting;
  const { [id]: _, ...rest } = waiting;
  return rest;
}

/** One row as the stream sent it: changed in place, or set aside until R. */
function live(queue: Queue, row: WarningRow, belongs: boolean): Queue {
  const at = queue.entries.findIndex((e) => e.row.id === row.id);
  const shown = queue.entries[at];
  if (shown) {
    if (shown.row.version > row.version) return queue;
    const entries = queue.entries.slice();
    const { gone: _, ...kept } = shown;
    entries[at] = belongs ? { ...kept, row } : { ...kept, row, gone: 'out' };
    return { ...queue, entries };
  }
  if (!belongs) return { ...queue, waiting: without(queue.waiting, row.id) };
  // Beyond what has been read so far it will come with its page.
  const last = queue.entries.at(-1);
  if (queue.next && queue.grouping === 'clock' && last && before(last.row, row) < 0) return queue;
  return { ...queue, waiting: { ...queue.waiting, [row.id]: row } };
}

/** After a gap: the first page is news about rows that stand here, and about rows that do not. */
function refreshed(queue: Queue, page: WarningPage): Queue {
  let next = queue;
  const found = new Set(page.items.map((row) => row.id));
  const last = page.items.at(-1);
  for (const row of page.items) next = live(next, row, true);
  const covered = (row: WarningRow): boolean => !page.next || Boolean(last && before(row, last) <= 0);
  const entries = next.entries.map((e) =>
    e.gone || found.has(e.row.id) || !covered(e.row) ? e : { ...e, gone: 'out' as const });
  return { ...next, entries, counts: page.counts };
}

export function step(queue: Queue, news: News): Queue {
  switch (news.kind) {
    case 'loaded': {
      const { page, grouping, now } = news;
      const entries = arranged(page.items, now, grouping);
      return { entries, waiting: {}, next: page.next, counts: page.counts, loadedAt: now, grouping };
    }
    case 'more': {
      const here = new Set(queue.entries.map((e) => e.row.id));
      const fresh = news.page.items.filter((row) => !here.has(row.id));
      const waiting = { ...queue.waiting };
      for (const row of fresh) delete waiting[row.id];
      const entries = queue.grouping === 'state'
        ? arranged([...queue.entries.map((e) => e.row), ...fresh], news.now, 'state')
        : [...queue.entries, ...arranged(fresh, news.now, queue.grouping)];
      return { ...queue, entries, waiting, next: news.page.next, counts: news.page.counts };
    }
    case 'refreshed':
      return refreshed(queue, news.page);
    case 'live':
      return live(queue, news.row, news.belongs);
    case 'gone': {
      const entries = queue.entries.map((e) =>
        e.row.id === news.id ? { ...e, gone: 'elsewhere' as const } : e);
      return { ...queue, entries, waiting: without(queue.waiting, news.id) };
    }
    case 'counts':
      return { ...queue, counts: news.counts };
    case 'merge': {
      const rows = queue.entries.filter((e) => !e.gone).map((e) => e.row);
      const grouping = news.grouping ?? queue.grouping;
      const entries = arranged([...rows, ...Object.values(queue.waiting)], news.now, grouping);
      return { ...queue, entries, waiting: {}, grouping };
    }
  }
}

/** How many rows stand in a group they have left by now: they move only on R. */
export function moved(queue: Queue, now: number): number {
  return queue.entries.filter((e) => e.gone || groupOf(e.row, now, queue.grouping) !== e.group).length;
}
