// Rows below the threshold, drawn by chance: somebody looks whatever the score, so that labels do not only confirm us.
import { useCallback, useEffect, useState } from 'react';
import { failureOf, get, post, type Failure } from '../../api/client';
import type { LookPage, LookView } from '../../api/schema';
import { dayTime } from '../../format/time';
import { Grey } from '../../parts/marks';
import { Empty, Failed, FailedLine } from '../../parts/states';
import { now } from '../../state/clock';
import { useKeys } from '../../state/keys';
import { may } from '../../state/may';
import { useMe } from '../../state/signed-in';
import { useWords } from '../../words';
import { percent } from './figures';

const PAGE = 50;
type Verdict = 'fraud' | 'false';

export function Looks() {
  const { t, of } = useWords();
  const me = useMe();
  const judges = may.judge(me);
  const [rows, setRows] = useState<LookView[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [at, setAt] = useState(0);
  const read = useCallback((after: string | null) => {
    get<LookPage>(`/v1/workshop/looks?open=true&limit=${PAGE}${after ? `&after=${encodeURIComponent(after)}` : ''}`).then(
      (page) => {
        setRows((was) => (after && was ? [...was, ...page.items] : page.items));
        setNext(page.next);
        setFailure(null);
      },
      (error: unknown) => setFailure(failureOf(error)),
    );
  }, []);
  useEffect(() => read(null), [read]);
  const judge = async (verdict: Verdict, n = at): Promise<void> => {
    const row = rows?.[n];
    if (!row || !judges) return;
    const mark = (v: Verdict | null): void => setRows((was) => was?.map((r) => (r.id === row.id ? { ...r, verdict: v } : r)) ?? null);
    mark(verdict);
    setAt(Math.min(n + 1, (rows?.length ?? 1) - 1));
    try {
      await post('/v1/workshop/looks/judge', { id: row.id, verdict });
      setFailure(null);
    } catch (error) {
      mark(row.verdict);
      setFailure(failureOf(error));
    }
  };
  const step = (by: number): void => setAt((n) => Math.min(Math.max(0, n + by), (rows?.length ?? 1) - 1));
  useKeys({ j: () => step(1), k: () => step(-1), y: () => void judge('fraud'), n: () => void judge('false') });
  if (failure && !rows) return <Failed failure={failure} retry={() => read(null)} />;
  return (
    <section className="pn ws-table">
      <p className="c d">{t('workshop.looks_what')}</p>
      <table aria-busy={!rows}>
        <thead>
          <tr>
            <th scope="col">{t('workshop.at')}</th><th scope="col">{t('workshop.detector')}</th><th scope="col">{t('workshop.whom')}</th><th scope="col">{t('workshop.what')}</th>
            <th scope="col" className="r">{t('workshop.score')}</th><th scope="col" className="r">{t('workshop.drawn_share')}</th><th scope="col" className="r">{t('workshop.verdict')}</th>
          </tr>
        </thead>
        <tbody>
          {!rows && [1, 2, 3].map((n) => <tr key={n}><td colSpan={7}><Grey width={400} /></td></tr>)}
          {rows?.map((r, i) => (
            <tr key={r.id} className={i === at ? 'on' : ''} aria-current={i === at || undefined} onClick={() => setAt(i)}>
              <td className="n x">{dayTime(r.at, now())}</td><td className="mono">{r.detector}</td><td className="n">{r.subject_mask}</td><td>{of(r)}</td>
              <td className="r">{r.score.toFixed(2)}</td><td className="r">{r.share < 0.001 ? `${(100 * r.share).toFixed(4)}%` : percent(r.share)}</td>
              <td className="r n">
                {judges ? (
                  <span className="ws-two">
                    <button type="button" className={r.verdict === 'fraud' ? 'tag ok' : 'tag'} aria-pressed={r.verdict === 'fraud'} onClick={() => void judge('fraud', i)}>{t('workshop.is_true')}</button>
                    <button type="button" className={r.verdict === 'false' ? 'tag w' : 'tag'} aria-pressed={r.verdict === 'false'} onClick={() => void judge('false', i)}>{t('workshop.is_false')}</button>
                  </span>
                ) : '—'}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows?.length === 0 && <Empty>{t('workshop.looks_none')}</Empty>}
      {next && <p className="c"><button type="button" className="link" onClick={() => read(next)}>{t('queue.more')}</button></p>}
      {failure && rows && <FailedLine failure={failure} />}
    </section>
  );
}
