// One warning with all that belongs to it: read when looked at, kept while it has not changed.
import { useCallback, useEffect, useState } from 'react';
import { Failure, failureOf, get, post } from '../api/client';
import type { Act, WarningDetail } from '../api/schema';
import { listen } from '../api/stream';

const KEEP = 40;
const kept = new Map<string, WarningDetail>();

export function keep(detail: WarningDetail): WarningDetail {
  kept.delete(detail.id);
  kept.set(detail.id, detail);
  const oldest = kept.keys().next().value;
  if (kept.size > KEEP && oldest) kept.delete(oldest);
  return detail;
}

/** Nothing of a person's matters outlives the sign-in. */
export function forgetDetails(): void {
  kept.clear();
}

export interface Opened {
  detail: WarningDetail | null;
  failure: Failure | null;
  /** The warning left what I may see while it was open. */
  moved: boolean;
  reload: () => void;
  /** Use a verb; on success the answer is the new detail. */
  act: (verb: string, body: Act) => Promise<WarningDetail>;
}

/** The detail of a warning, kept current by the stream. `id` null: nothing is open. */
export function useWarning(id: string | null, version?: number): Opened {
  const [, draw] = useState(0);
  const [failure, setFailure] = useState<{ id: string; failure: Failure } | null>(null);
  const [moved, setMoved] = useState<string | null>(null);
  const [asked, setAsked] = useState(0);
  const redraw = useCallback(() => draw((n) => n + 1), []);

  useEffect(() => {
    if (!id) return;
    const have = kept.get(id);
    if (have && asked === 0 && (version === undefined || have.version >= version)) {
      redraw();
      if (version !== undefined) return;
    }
    const stop = new AbortController();
    // Moving down a list by J must not ask for every row it passes.
    const wait = setTimeout(() => {
      get<WarningDetail>(`/v1/warnings/${id}`, stop.signal).then(
        (detail) => {
          keep(detail);
          setFailure(null);
          redraw();
        },
        (error: unknown) => {
          if (!stop.signal.aborted) setFailure({ id, failure: failureOf(error) });
        },
      );
    }, have ? 250 : 60);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [id, version, asked, redraw]);

  useEffect(() => {
    if (!id) return;
    const reload = (): void => setAsked((n) => n + 1);
    const stops = [
      // The same version again: an echo of a message came, which the row does not show.
      listen('warning', (row) => {
        if (row.id === id && row.version >= (kept.get(id)?.version ?? 0)) reload();
      }),
      listen('gone', (gone) => {
        if (gone.id === id) {
          kept.delete(id);
          setMoved(id);
          reload();
        }
      }),
      listen('gap', reload),
    ];
    return () => stops.forEach((stop) => stop());
  }, [id]);

  const act = useCallback(async (verb: string, body: Act) => {
    try {
      const detail = keep(await post<WarningDetail>(`/v1/warnings/${id ?? ''}/${verb}`, body));
      redraw();
      return detail;
    } catch (error) {
      const found = failureOf(error);
      if (found.problem.code === 'state_changed' || found.status === 404) setAsked((n) => n + 1);
      throw found;
    }
  }, [id, redraw]);

  return {
    detail: id ? (kept.get(id) ?? null) : null,
    failure: failure && failure.id === id ? failure.failure : null,
    moved: moved !== null && moved === id,
    reload: useCallback(() => setAsked((n) => n + 1), []),
    act,
  };
}
