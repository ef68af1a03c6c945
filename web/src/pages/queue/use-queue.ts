// The queue of a list, read page by page and kept current by the stream without moving anything.
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from 'react';
import { failureOf, get, type Failure } from '../../api/client';
import type { WarningPage, WarningRow } from '../../api/schema';
import { listen } from '../../api/stream';
import { now } from '../../state/clock';
import { belongs, queryOf, type List } from '../../state/lists';
import { announce } from '../../state/live-region';
import { EMPTY, step, type Queue } from '../../state/queue';
import { useMe } from '../../state/signed-in';
import { useWords } from '../../words';

const PAGE = 100;
const COUNTS_EVERY_MS = 2500;

export interface QueueView {
  queue: Queue;
  loading: boolean;
  failure: Failure | null;
  more: () => void;
  merge: () => void;
  reload: () => void;
  /** A row that a verb of mine has just changed. */
  changed: (row: WarningRow) => void;
}

/** Lists left and come back to stand as they were: rows, places, what waits. */
const left = new Map<string, Queue>();

export function useQueue(list: List): QueueView {
  const me = useMe();
  const { t, of } = useWords();
  const query = queryOf(list);
  const key = `${me.id} ${query} ${list.grouping}`;
  const [queue, tell] = useReducer(step, left.get(key) ?? EMPTY);
  const [loading, setLoading] = useState(!left.has(key));
  const [failure, setFailure] = useState<Failure | null>(null);
  const [asked, setAsked] = useState(0);
  const latest = useRef({ queue, list, key });
  latest.current = { queue, list, key };
  const shown = useRef('');

  const page = useCallback(
    (extra: Record<string, string>, signal?: AbortSignal) =>
      get<WarningPage>(`/v1/warnings?${queryOf(latest.current.list, extra)}`, signal),
    [],
  );

  useEffect(() => {
    const stop = new AbortController();
    const known = left.get(key);
    setFailure(null);
    // Come back to: what stood here stands again, and the first page is news about it.
    if (known && !asked && shown.current === '') {
      shown.current = key;
      page({ limit: String(PAGE) }, stop.signal).then(
        (fresh) => tell({ kind: 'refreshed', page: fresh }), () => undefined);
      return () => stop.abort();
    }
    shown.current = key;
    setLoading(true);
    page({ limit: String(PAGE) }, stop.signal).then(
      (fresh) => {
        tell({ kind: 'loaded', page: fresh, grouping: list.grouping, now: now() });
        setLoading(false);
      },
      (error: unknown) => {
        if (stop.signal.aborted) return;
        setFailure(failureOf(error));
        setLoading(false);
      },
    );
    return () => stop.abort();
  }, [key, asked, page, list.grouping]);
  useEffect(() => {
    if (queue.loadedAt) left.set(latest.current.key, queue);
    if (left.size > 8) left.delete(left.keys().next().value ?? '');
  }, [queue]);

  const recount = useMemo(() => throttled(COUNTS_EVERY_MS, () => {
    page({ limit: '1' }).then((p) => tell({ kind: 'counts', counts: p.counts }), () => undefined);
  }), [page]);
  const refresh = useMemo(() => throttled(COUNTS_EVERY_MS, () => {
    page({ limit: String(PAGE) }).then((p) => tell({ kind: 'refreshed', page: p }), () => undefined);
  }), [page]);

  useEffect(() => {
    const stops = [
      listen('warning', (row) => {
        const here = belongs(row, latest.current.list, me);
        const known = latest.current.queue.entries.some((e) => e.row.id === row.id);
        if (here === null) refresh();
        if (here !== null || known) tell({ kind: 'live', row, belongs: here ?? true });
        recount();
        const fresh = here && !known && !(row.id in latest.current.queue.waiting);
        if (fresh && row.grade === 'critical') announce(t('queue.spoken_critical', { fact: of(row.fact) }), 'assertive');
        if (known && row.owner?.id === me.id) announce(`${row.number} ${of(row.state)}`);
      }),
      listen('gone', ({ id }) => {
        const { entries, waiting } = latest.current.queue;
        if (!(id in waiting) && !entries.some((e) => e.row.id === id)) return;
        tell({ kind: 'gone', id });
        recount();
      }),
      listen('gap', refresh),
    ];
    return () => stops.forEach((stop) => stop());
  }, [me, t, of, recount, refresh]);

  const reading = useRef(false);
  const more = useCallback(() => {
    const { next } = latest.current.queue;
    if (!next || reading.current) return;
    reading.current = true;
    const asking = latest.current.key;
    page({ limit: String(PAGE), after: next }).then(
      (p) => { if (asking === latest.current.key) tell({ kind: 'more', page: p, now: now() }); },
      (error: unknown) => setFailure(failureOf(error)),
    ).finally(() => { reading.current = false; });
  }, [page]);

  return {
    queue, loading, failure, more,
    merge: useCallback(() => tell({ kind: 'merge', now: now() }), []),
    reload: useCallback(() => setAsked((n) => n + 1), []),
    changed: useCallback((row: WarningRow) => {
      tell({ kind: 'live', row, belongs: belongs(row, latest.current.list, me) ?? true });
      recount();
    }, [me, recount]),
  };
}

/** At most once in `wait`, and once more for what came in between. */
function throttled(wait: number, call: () => void): () => void {
  let last = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    if (timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      last = Date.now();
      call();
    }, Math.max(0, last + wait - Date.now()));
  };
}
