// A condition checked and completed by the API while it is typed.
import { useEffect, useState } from 'react';
import { get, post } from '../../api/client';
import type { Checked, Suggested, Token } from '../../api/schema';

const CHECK_WAIT_MS = 250;
const COMPLETE_WAIT_MS = 120;

export interface Checking {
  /** The text that `checked` speaks of. */
  text: string;
  checked: Checked | null;
}

/** The API's word on the text as it stands; null while it is on its way the first time. */
export function useCheck(channel: string, text: string, known: Checking | null): Checking | null {
  const [found, setFound] = useState<Checking | null>(known);
  useEffect(() => {
    if (!text.trim() || !channel) return setFound(null);
    const stop = new AbortController();
    let gone = false;
    const wait = setTimeout(() => {
      post<Checked>('/v1/workshop/check', { channel, when: text }).then(
        (checked) => { if (!gone) setFound({ text, checked }); },
        // The check is a service to whoever types; saving checks again and says what is wrong.
        () => { if (!gone) setFound({ text, checked: null }); },
      );
    }, CHECK_WAIT_MS);
    return () => {
      gone = true;
      clearTimeout(wait);
      stop.abort();
    };
  }, [channel, text]);
  return found;
}

/** What may be written next after a prefix; empty while there is none. */
export function useCompletion(channel: string, prefix: string | null): Suggested[] {
  const [found, setFound] = useState<Suggested[]>([]);
  useEffect(() => {
    if (!prefix || !channel) return setFound([]);
    const stop = new AbortController();
    const wait = setTimeout(() => {
      const query = new URLSearchParams({ channel, prefix });
      get<Suggested[]>(`/v1/workshop/complete?${query.toString()}`, stop.signal).then(
        (all) => setFound(all.slice(0, 8)),
        () => { if (!stop.signal.aborted) setFound([]); },
      );
    }, COMPLETE_WAIT_MS);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [channel, prefix]);
  return found;
}

/** Places in the API count characters; places in a string of the browser count halves of some. */
export function unitsOf(text: string, characters: number): number {
  return [...text].slice(0, characters).join('').length;
}

export interface Piece { part: Token['part'] | 'plain'; text: string; fault: boolean; start: number }

/** The text in coloured pieces. Tokens are those of the text last checked, as far as it is the same. */
export function pieces(text: string, checking: Checking | null): Piece[] {
  const checked = checking?.checked;
  if (!checking || !checked) return [{ part: 'plain', text, fault: false, start: 0 }];
  const was = checking.text;
  let same = 0;
  while (same < was.length && same < text.length && was[same] === text[same]) same += 1;
  let tail = 0;
  while (tail < Math.min(was.length, text.length) - same && was.at(-1 - tail) === text.at(-1 - tail)) tail += 1;
  const shift = text.length - was.length;
  const at = (n: number): number => unitsOf(was, n);
  const kept = checked.tokens
    .map((token) => ({ ...token, start: at(token.start), end: at(token.end) }))
    .filter((token) => token.end <= same || token.start >= was.length - tail)
    .map((token) => (token.end <= same ? token : { ...token, start: token.start + shift, end: token.end + shift }));
  const fault = checked.fault && was === text ? at(checked.fault.at) : null;
  const found: Piece[] = [];
  let place = 0;
  for (const token of kept) {
    if (token.start > place) found.push({ part: 'plain', text: text.slice(place, token.start), fault: false, start: place });
    found.push({ part: token.part, text: text.slice(token.start, token.end), fault: false, start: token.start });
    place = token.end;
  }
  if (place < text.length) found.push({ part: 'plain', text: text.slice(place), fault: false, start: place });
  return fault === null ? found : underlined(found, fault);
}

/** The piece at a place is marked; of text that is no token, from there to the end of the word. */
function underlined(all: Piece[], at: number): Piece[] {
  const found: Piece[] = [];
  let marked = false;
  for (const piece of all) {
    const inside = at >= piece.start && at < piece.start + piece.text.length;
    if (!inside || marked) {
      found.push(piece);
    } else if (piece.part !== 'plain') {
      found.push({ ...piece, fault: true });
      marked = true;
    } else {
      const from = at - piece.start;
      const word = /^\s*\S+/.exec(piece.text.slice(from))?.[0] ?? piece.text.slice(from);
      found.push({ ...piece, text: piece.text.slice(0, from) });
      found.push({ ...piece, text: word, start: at, fault: true });
      found.push({ ...piece, text: piece.text.slice(from + word.length), start: at + word.length });
      marked = true;
    }
  }
  // Something is missing at the end: a mark after the last sign.
  if (!marked) found.push({ part: 'plain', text: ' ', fault: true, start: at });
  return found;
}

/** Which lines differ from the text before: those outside the longest common run of lines. */
export function changedLines(before: readonly string[], after: readonly string[]): boolean[] {
  const long = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const cell = (i: number, j: number): number => long[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const row = long[i];
      if (row) row[j] = before[i] === after[j] ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1));
    }
  }
  const changed = after.map(() => true);
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      changed[j] = false;
      i += 1;
      j += 1;
    } else if (cell(i + 1, j) >= cell(i, j + 1)) i += 1;
    else j += 1;
  }
  return changed;
}
