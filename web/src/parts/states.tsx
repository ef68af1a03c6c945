// The states every page has: empty, failed (what, what still holds, retry, an id), not for you.
import type { ReactNode } from 'react';
import type { Failure } from '../api/client';
import { useWords } from '../words';
import { Action } from './marks';

export function Failed({ failure, retry }: { failure: Failure; retry?: () => void }) {
  const { t, of } = useWords();
  const refused = failure.status === 403 || failure.status === 404;
  return (
    <div className="fail" role="alert">
      <h2>{of(failure.problem)}</h2>
      <p className="d">{t(refused ? 'failed.ask' : 'failed.kept')}</p>
      <p className="x s">{t('failed.id', { id: failure.problem.id, code: failure.problem.code })}</p>
      {retry && !refused && <Action label={t('failed.retry')} onPress={retry} />}
    </div>
  );
}

/** A failure beside the thing that failed, where a whole panel would be too much. */
export function FailedLine({ failure }: { failure: Failure }) {
  const { t, of } = useWords();
  return (
    <div className="bad" role="alert">
      {of(failure.problem)} <span className="s">{t('failed.id', { id: failure.problem.id, code: failure.problem.code })}</span>
    </div>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <div className="empty">{children}</div>;
}
