// How many warnings stand in each tab: asked for now and then, and soon after something changed.
import { useSyncExternalStore } from 'react';
import { get } from '../api/client';
import type { WarningPage } from '../api/schema';
import { listen } from '../api/stream';
import type { Tab } from './lists';

export type TabCounts = Partial<Record<Tab, number>>;

const COUNTED: Tab[] = ['mine', 'shift', 'handed'];
const AT_LEAST_MS = 4000;
const EVERY_MS = 30_000;

let counts: TabCounts = {};
const listeners = new Set<() => void>();
let soon: ReturnType<typeof setTimeout> | undefined;
let every: ReturnType<typeof setInterval> | undefined;

async function count(): Promise<void> {
  try {
    const pages = await Promise.all(COUNTED.map((tab) => get<WarningPage>(`/v1/warnings?tab=${tab}&limit=1`)));
    counts = Object.fromEntries(COUNTED.map((tab, i) => [tab, totalOf(pages[i])]));
    for (const call of listeners) call();
  } catch {
    // The last counts stand; the header says that the line is down.
  }
}

function totalOf(page: WarningPage | undefined): number {
  return page ? Object.values(page.counts).reduce((a, b) => a + b, 0) : 0;
}

function askSoon(): void {
  soon ??= setTimeout(() => {
    soon = undefined;
    void count();
  }, AT_LEAST_MS);
}

for (const kind of ['warning', 'gap'] as const) listen(kind, () => { if (listeners.size) askSoon(); });

function subscribe(call: () => void): () => void {
  if (!listeners.size) {
    void count();
    every = setInterval(() => void count(), EVERY_MS);
  }
  listeners.add(call);
  return () => {
    listeners.delete(call);
    if (listeners.size) return;
    clearInterval(every);
    clearTimeout(soon);
    soon = undefined;
    counts = {};
  };
}

export const useTabCounts = (): TabCounts => useSyncExternalStore(subscribe, () => counts);
