// The server's time on this screen: an offset measured each minute, and one tick a second for all clocks.
import { useSyncExternalStore } from 'react';
import { get } from '../api/client';
import type { Me } from '../api/schema';

let offset = 0;
let second = Math.floor(Date.now() / 1000);
const listeners = new Set<() => void>();

/** Milliseconds now, by the server's clock. */
export const now = (): number => Date.now() + offset;

/** How far this computer's clock is off, in milliseconds. */
export const clockOffset = (): number => offset;

export function serverTimeIs(iso: string, askedAt: number, answeredAt: number): void {
  offset = Date.parse(iso) - (askedAt + answeredAt) / 2;
}

async function measure(): Promise<void> {
  const asked = Date.now();
  try {
    const me = await get<Me>('/v1/me');
    serverTimeIs(me.server_time, asked, Date.now());
  } catch {
    // Clocks go on by the last offset.
  }
}

let running: ReturnType<typeof setInterval> | undefined;
/** Start measuring the offset each minute. */
export function keepTime(): () => void {
  running = setInterval(() => void measure(), 60_000);
  return () => clearInterval(running);
}

let beat: ReturnType<typeof setTimeout> | undefined;
function tick(): void {
  second = Math.floor(now() / 1000);
  for (const call of listeners) call();
  // At the next full second of the server, so that all clocks change together.
  beat = setTimeout(tick, 1000 - (now() % 1000) + 5);
}

function subscribe(call: () => void): () => void {
  listeners.add(call);
  if (listeners.size === 1) tick();
  return () => {
    listeners.delete(call);
    if (!listeners.size) clearTimeout(beat);
  };
}

/** The server's time in whole seconds; the component draws again each second. */
export const useSecond = (): number => useSyncExternalStore(subscribe, () => second);
