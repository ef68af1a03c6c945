// Live news by server-sent events: reconnects by itself and says when something may have been missed.
import type { Feed, WarningRow } from './schema';

interface News {
  warning: WarningRow;
  gone: { id: string };
  feeds: Feed[];
  tick: { server_time: string };
  /** Something may have been missed: read anew what is on the page. */
  gap: { since: number };
  /** Whether the line to the server is up. */
  line: { up: boolean };
}

const SILENCE_MS = 25_000;
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000, 15_000];

type Listener<K extends keyof News> = (news: News[K]) => void;
const listeners: { [K in keyof News]: Set<Listener<K>> } = {
  warning: new Set(), gone: new Set(), feeds: new Set(), tick: new Set(), gap: new Set(), line: new Set(),
};

export function listen<K extends keyof News>(kind: K, call: Listener<K>): () => void {
  listeners[kind].add(call);
  return () => void listeners[kind].delete(call);
}

function tell<K extends keyof News>(kind: K, news: News[K]): void {
  for (const call of listeners[kind]) call(news);
}

let source: EventSource | null = null;
let heard = 0;
let tries = 0;
let lostAt = 0;
let watch: ReturnType<typeof setInterval> | undefined;
let again: ReturnType<typeof setTimeout> | undefined;

/** Open the line; calling it again does nothing. */
export function open(): void {
  if (source) return;
  source = new EventSource('/v1/stream');
  heard = Date.now();
  for (const kind of ['warning', 'gone', 'feeds', 'tick'] as const) {
    source.addEventListener(kind, (event) => {
      arrived();
      tell(kind, JSON.parse((event as MessageEvent<string>).data) as never);
    });
  }
  source.addEventListener('reload', () => {
    arrived();
    tell('gap', { since: heard });
  });
  source.onopen = arrived;
  source.onerror = lost;
  // A line can die without an error (a sleeping laptop, a proxy): the server ticks, so silence tells.
  watch = setInterval(() => {
    if (Date.now() - heard > SILENCE_MS) lost();
  }, 5000);
}

export function close(): void {
  source?.close();
  source = null;
  clearInterval(watch);
  clearTimeout(again);
}

function arrived(): void {
  heard = Date.now();
  tries = 0;
  tell('line', { up: true });
  if (!lostAt) return;
  const since = lostAt;
  lostAt = 0;
  tell('gap', { since });
}

function lost(): void {
  lostAt ||= Date.now();
  close();
  tell('line', { up: false });
  again = setTimeout(open, BACKOFF_MS[Math.min(tries++, BACKOFF_MS.length - 1)]);
}
