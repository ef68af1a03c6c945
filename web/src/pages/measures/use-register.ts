// The register as a list: what it shows stands in the URL; read by keyset, one page after another.
import { useCallback, useEffect, useRef, useState } from 'react';
import { failureOf, get, type Failure } from '../../api/client';

interface Pages<T> { items: T[]; next: string | null }
export interface Rows<Row, Page> { rows: Row[] | null; first: Page | null; failure: Failure | null; more: (() => void) | null; reload: () => void }

/** Every page read so far, in order; a newer question throws the answers to older ones away. */
export function usePages<Row, Page extends Pages<Row>>(path: string): Rows<Row, Page> {
  const [first, setFirst] = useState<Page | null>(null);
  const [rows, setRows] = useState<Row[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const asked = useRef<AbortController | null>(null);

  const read = useCallback((after: string | null): void => {
    asked.current?.abort();
    const mine = new AbortController();
    asked.current = mine;
    const url = after ? `${path}${path.includes('?') ? '&' : '?'}after=${encodeURIComponent(after)}` : path;
    get<Page>(url, mine.signal).then(
      (page) => {
        if (!after) setFirst(page);
        setRows((was) => (after && was ? [...was, ...page.items] : page.items));
        setNext(page.next);
        setFailure(null);
      },
      (error: unknown) => { if (!mine.signal.aborted) setFailure(failureOf(error)); },
    );
  }, [path]);
  useEffect(() => {
    setRows(null);
    setFailure(null);
    setNext(null);
    read(null);
    return () => asked.current?.abort();
  }, [read]);
  return { rows, first, failure, more: next ? () => read(next) : null, reload: () => read(null) };
}

/** One thing by its address; `keep` puts in its place what a verb answered. */
export function useOne<T>(path: string): { found: T | null; failure: Failure | null; keep: (found: T) => void; reload: () => void } {
  const [found, setFound] = useState<T | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    get<T>(path, stop.signal).then(
      (answer) => { setFound(answer); setFailure(null); },
      (error: unknown) => { if (!stop.signal.aborted) setFailure(failureOf(error)); },
    );
    return () => stop.abort();
  }, [path, asked]);
  useEffect(() => { setFound(null); setFailure(null); }, [path]);
  return { found, failure, keep: setFound, reload: () => setAsked((n) => n + 1) };
}
