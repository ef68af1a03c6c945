// A rule as it is being written: kept when the page is left, saved as the next version.
import { useEffect, useState } from 'react';
import { failureOf, post, type Failure } from '../../api/client';
import type { RuleBody, VersionView } from '../../api/schema';
import { dropRuleDraft, keepRuleDraft, ruleDraftOf } from '../../state/rule-drafts';

export interface Draft {
  body: RuleBody;
  set: (body: RuleBody) => void;
  dirty: boolean;
  busy: boolean;
  failure: Failure | null;
  /** The field that the last refusal named. */
  wrong: string | null;
  /** Save as the next version; null when it was refused. */
  save: () => Promise<VersionView | null>;
  discard: () => void;
}

/** `key` names what is written on; `stored` is what it was when it was opened. */
export function useDraft(key: string, stored: RuleBody): Draft {
  const [state, setState] = useState(() => ({ key, body: ruleDraftOf(key) ?? stored }));
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const body = state.key === key ? state.body : (ruleDraftOf(key) ?? stored);
  useEffect(() => {
    setState((was) => (was.key === key ? was : { key, body: ruleDraftOf(key) ?? stored }));
    setFailure(null);
    // What is stored of one version never changes: the key says it all.
  }, [key]);
  const dirty = JSON.stringify(body) !== JSON.stringify(stored);
  const save = async (): Promise<VersionView | null> => {
    setBusy(true);
    try {
      const made = await post<VersionView>('/v1/workshop/rules', body);
      dropRuleDraft(key);
      setState({ key, body: stored });
      setFailure(null);
      return made;
    } catch (error) {
      setFailure(failureOf(error));
      return null;
    } finally {
      setBusy(false);
    }
  };
  return {
    body, dirty, busy, failure, wrong: failure?.problem.field ?? null, save,
    set: (next) => {
      keepRuleDraft(key, next);
      setState({ key, body: next });
    },
    discard: () => {
      dropRuleDraft(key);
      setState({ key, body: stored });
      setFailure(null);
    },
  };
}
