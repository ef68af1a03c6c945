// How fresh each feed is, and whether the line to the server is up.
import { useSyncExternalStore } from 'react';
import type { Feed } from '../api/schema';
import { listen } from '../api/stream';
import { now } from './clock';

export interface FeedState {
  feeds: Feed[];
  line: boolean;
  /** When the line went down, by the server's clock. */
  lostAt: number | null;
}

let state: FeedState = { feeds: [], line: true, lostAt: null };
const listeners = new Set<() => void>();

function set(next: FeedState): void {
  state = next;
  for (const call of listeners) call();
}

listen('feeds', (feeds) => set({ ...state, feeds }));
listen('line', ({ up }) => {
  if (up !== state.line) set({ ...state, line: up, lostAt: up ? null : now() });
});

export function useFeeds(): FeedState {
  return useSyncExternalStore(
    (call) => {
      listeners.add(call);
      return () => void listeners.delete(call);
    },
    () => state,
  );
}
