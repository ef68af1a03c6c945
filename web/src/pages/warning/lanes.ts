// Where each entry of a flow is drawn: bars and dots with their words, never over each other.
import type { TimelineEntry } from '../../api/schema';
import type { Axis } from './axis';

export interface Placed {
  entry: TimelineEntry;
  text: string;
  row: number;
  /** The bar, or the dot when both are the same. */
  from: number;
  to: number;
  /** Where the words start, end, or (`in`) fit into the bar. */
  side: 'in' | 'right' | 'left';
}

const DOT = 5;
const GAP = 8;
const ROWS_MAX = 6;

/** Roughly how wide a text is drawn at 12 px. */
export function widthOf(text: string): number {
  let width = 0;
  for (const sign of text) width += /[⺀-￿]/.test(sign) ? 12 : 6.7;
  return width;
}

/** Entries of one lane in rows; those beyond the last row are counted, not drawn. */
export function place(
  entries: readonly TimelineEntry[], words: (entry: TimelineEntry) => string, axis: Axis, end: number, left: number, right: number,
): { placed: Placed[]; rows: number; hidden: number } {
  const rows: [number, number][][] = [];
  const placed: Placed[] = [];
  let hidden = 0;
  for (const entry of entries) {
    const item = measured(entry, words(entry), axis, end, left, right);
    const [from, to] = extent(item);
    const row = freeRow(rows, from, to);
    if (row >= ROWS_MAX) {
      hidden += 1;
      continue;
    }
    (rows[row] ??= []).push([from, to]);
    placed.push({ ...item, row });
  }
  return { placed, rows: Math.max(1, rows.length), hidden };
}

function measured(
  entry: TimelineEntry, text: string, axis: Axis, end: number, left: number, right: number,
): Omit<Placed, 'row'> {
  const from = axis.x(Date.parse(entry.at));
  const until = entry.live ? end : entry.until ? Date.parse(entry.until) : null;
  const to = until === null ? from : Math.max(from + 6, axis.x(until));
  const width = widthOf(text);
  const fits = to - from >= width + 2 * GAP;
  // After it where there is room, else before it, else where there is more.
  const roomRight = right - to - GAP - DOT;
  const roomLeft = from - left - GAP - DOT;
  const side = fits ? 'in' : width <= roomRight || roomRight >= roomLeft ? 'right' : 'left';
  return { entry, text: fits ? text : cutTo(text, Math.max(roomRight, roomLeft)), from, to, side };
}

function cutTo(text: string, room: number): string {
  if (widthOf(text) <= room) return text;
  let kept = '';
  for (const sign of text) {
    if (widthOf(kept + sign) > room - 14) break;
    kept += sign;
  }
  return `${kept}…`;
}

function extent(item: Omit<Placed, 'row'>): [number, number] {
  const [from, to] = item.from === item.to ? [item.from - DOT, item.to + DOT] : [item.from, item.to];
  if (item.side === 'in') return [from, to];
  const width = widthOf(item.text) + GAP;
  return item.side === 'right' ? [from, to + width] : [from - width, to];
}

function freeRow(rows: [number, number][][], from: number, to: number): number {
  const free = rows.findIndex((row) => row.every(([a, b]) => to + 6 <= a || from >= b + 6));
  return free < 0 ? rows.length : free;
}
