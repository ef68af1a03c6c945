// Rows that only the draft hits, without anybody in them; judged true or false, by keyboard.
import { useCallback, useEffect, useRef, useState } from 'react';
import { failureOf, get, post, type Failure } from '../../api/client';
import type { CasePage, CaseView } from '../../api/schema';
import { dayTime } from '../../format/time';
import { Grey, Key } from '../../parts/marks';
import { Empty, FailedLine } from '../../parts/states';
import { now } from '../../state/clock';
import { useKeys } from '../../state/keys';
import { announce } from '../../state/live-region';
import { useWords } from '../../words';

const PAGE = 40;
type Verdict = 'fraud' | 'false';

interface Props { rule: string; version: number; rehearsal: string; mayJudge: boolean; judged: () => void }

export function Cases({ rule, version, rehearsal, mayJudge, judged }: Props) {
  const { t, of } = useWords();
  const { page, items, failure, setFailure, more, mark } = useCases(rule, version, rehearsal);
  const [at, setAt] = useState(0);
  const body = useRef<HTMLTableSectionElement>(null);
  const go = (n: number): void => {
    const to = Math.min(Math.max(0, n), items.length - 1);
    setAt(to);
    body.current?.rows[to]?.scrollIntoView({ block: 'nearest' });
  };
  const judge = async (verdict: Verdict, n = at): Promise<void> => {
    const row = items[n];
    if (!row || !mayJudge) return;
    mark(row.n, verdict);
    announce(t(verdict === 'fraud' ? 'workshop.judged_fraud' : 'workshop.judged_false', { what: of(row) }));
    const following = items.findIndex((c, i) => i > n && !c.verdict);
    if (following >= 0) go(following);
    try {
      await post(`/v1/workshop/rules/${rule}/versions/${version}/cases/${row.n}/judge`, { verdict });
      setFailure(null);
      judged();
    } catch (error) {
      mark(row.n, row.verdict);
      setFailure(failureOf(error));
    }
  };
  useKeys({ j: () => go(at + 1), k: () => go(at - 1), y: () => void judge('fraud'), n: () => void judge('false') }, items.length > 0);

  return (
    <section className="pn ws-cases">
      <div className="t">
        <h2>{t('workshop.only', { n: version })}</h2>
        {page && <span className="x">{t('workshop.drawn', { n: page.total, fraud: page.fraud, false: page.false })}</span>}
        <span className="sp" />
        {mayJudge && items.length > 0 && <span className="x s ws-keys"><Key>J</Key><Key>K</Key> {t('workshop.move')} <Key>Y</Key> {t('workshop.true')} <Key>N</Key> {t('workshop.false')}</span>}
      </div>
      {failure && <FailedLine failure={failure} />}
      {!page && !failure && <p className="c"><Grey width={420} /></p>}
      {page && !items.length && <Empty>{t('workshop.only_none')}</Empty>}
      {items.length > 0 && (
        <div className="ws-tall">
          <table>
            <thead className="unseen-head"><tr><th scope="col">{t('workshop.at')}</th><th scope="col">{t('workshop.what')}</th><th scope="col">{t('workshop.age')}</th><th scope="col" className="r">{t('workshop.score')}</th><th scope="col" className="r">{t('workshop.verdict')}</th></tr></thead>
            <tbody ref={body}>
              {items.map((c, i) => (
                <tr key={c.n} className={i === at ? 'on' : ''} aria-current={i === at || undefined} onClick={() => setAt(i)}>
                  <td className="x n">{dayTime(c.at, now())}</td><td>{of(c)}</td>
                  <td className="d n">{c.elder === null ? '—' : t(c.elder ? 'workshop.elder' : 'workshop.younger')}</td>
                  <td className="r d">{c.score.toFixed(2)}</td>
                  <td className="r n"><Verdicts row={c} mayJudge={mayJudge} judge={(v) => { setAt(i); void judge(v, i); }} /></td>
                </tr>
              ))}
            </tbody>
          </table>
          {page?.next && <p className="c"><button type="button" className="link" onClick={more}>{t('queue.more')}</button></p>}
        </div>
      )}
    </section>
  );
}

/** Both verdicts as two buttons that say which is pressed; a word alone for who only reads. */
function Verdicts({ row, mayJudge, judge }: { row: CaseView; mayJudge: boolean; judge: (v: Verdict) => void }) {
  const { t } = useWords();
  if (!mayJudge) return <>{row.verdict ? <span className={row.verdict === 'fraud' ? 'tag ok' : 'tag'}>{t(row.verdict === 'fraud' ? 'workshop.is_true' : 'workshop.is_false')}</span> : '—'}</>;
  return (
    <span className="ws-two">
      <button type="button" className={row.verdict === 'fraud' ? 'tag ok' : 'tag'} aria-pressed={row.verdict === 'fraud'} onClick={(e) => { e.stopPropagation(); judge('fraud'); }}>{t('workshop.is_true')}</button>
      <button type="button" className={row.verdict === 'false' ? 'tag w' : 'tag'} aria-pressed={row.verdict === 'false'} onClick={(e) => { e.stopPropagation(); judge('false'); }}>{t('workshop.is_false')}</button>
    </span>
  );
}

function useCases(rule: string, version: number, rehearsal: string) {
  const [page, setPage] = useState<CasePage | null>(null);
  const [items, setItems] = useState<CaseView[]>([]);
  const [failure, setFailure] = useState<Failure | null>(null);
  const read = useCallback((after: string | null, signal?: AbortSignal) => {
    get<CasePage>(`/v1/workshop/rules/${rule}/versions/${version}/cases?limit=${PAGE}${after === null ? '' : `&after=${after}`}`, signal).then(
      (found) => {
        setPage(found);
        setItems((was) => (after === null ? found.items : [...was, ...found.items]));
        setFailure(null);
      },
      (error: unknown) => { if (!signal?.aborted) setFailure(failureOf(error)); },
    );
  }, [rule, version]);
  useEffect(() => {
    const stop = new AbortController();
    setPage(null);
    setItems([]);
    read(null, stop.signal);
    return () => stop.abort();
  }, [read, rehearsal]);
  /** The row and the counts at once; the server's word follows with the page. */
  const mark = (n: number, verdict: Verdict | null): void => {
    const before = items.find((c) => c.n === n)?.verdict ?? null;
    setItems((was) => was.map((c) => (c.n === n ? { ...c, verdict } : c)));
    const change = (of: Verdict): number => Number(verdict === of) - Number(before === of);
    setPage((was) => was && { ...was, fraud: was.fraud + change('fraud'), false: was.false + change('false') });
  };
  return { page, items, failure, setFailure, more: () => read(page?.next ?? null), mark };
}
