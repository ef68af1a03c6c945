// One version of a rule with all its page shows: read again while a replay runs, and each minute.
import { useCallback, useEffect, useRef, useState } from 'react';
import { Failure, failureOf, get, post } from '../../api/client';
import type { RuleView, VersionView } from '../../api/schema';
import { now } from '../../state/clock';

const WHILE_REPLAYING_MS = 2_000;
const EVERY_MS = 60_000;

export interface Opened {
  view: VersionView | null;
  rule: RuleView | null;
  failure: Failure | null;
  /** When what is shown was read. */
  readAt: number;
  busy: boolean;
  reload: () => void;
  /** Use a verb on a version of this rule; true when it was done. */
  act: (verb: string, version: number, state: string, note?: string) => Promise<boolean>;
}

/** `version` null: the newest one of the rule. */
export function useVersion(id: string, version: number | null): Opened {
  const [view, setView] = useState<VersionView | null>(null);
  const [rule, setRule] = useState<RuleView | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [readAt, setReadAt] = useState(0);
  const [busy, setBusy] = useState(false);
  const [asked, setAsked] = useState(0);
  const key = `${id}@${version ?? ''}`;
  const current = useRef(key);
  const reload = useCallback(() => setAsked((n) => n + 1), []);

  useEffect(() => {
    if (current.current !== key) {
      current.current = key;
      setView(null);
      setRule(null);
    }
    setFailure(null);
  }, [key]);

  useEffect(() => {
    const stop = new AbortController();
    const read = async (): Promise<void> => {
      try {
        const found = await get<RuleView>(`/v1/workshop/rules/${id}`, stop.signal);
        const wanted = version ?? found.versions[0]?.version ?? 1;
        const whole = await get<VersionView>(`/v1/workshop/rules/${id}/versions/${wanted}`, stop.signal);
        setRule(found);
        setView(whole);
        setReadAt(now());
        setFailure(null);
      } catch (error) {
        if (!stop.signal.aborted) setFailure(failureOf(error));
      }
    };
    void read();
    return () => stop.abort();
  }, [id, version, asked]);

  const replaying = view?.rehearsal?.state === 'asked' || view?.rehearsal?.state === 'running';
  useEffect(() => {
    const timer = setInterval(reload, replaying ? WHILE_REPLAYING_MS : EVERY_MS);
    return () => clearInterval(timer);
  }, [replaying, reload]);

  const act = useCallback(async (verb: string, on: number, state: string, note = '') => {
    setBusy(true);
    try {
      await post<VersionView>(`/v1/workshop/rules/${id}/versions/${on}/${verb}`, { expected_state: state, note });
      setFailure(null);
      reload();
      return true;
    } catch (error) {
      const found = failureOf(error);
      if (found.problem.code === 'state_changed') reload();
      throw found;
    } finally {
      setBusy(false);
    }
  }, [id, reload]);

  return { view, rule, failure, readAt, busy, reload, act };
}
