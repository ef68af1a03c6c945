// The board: is anything late, is anything unusual? Every figure opens its rows.
import { Segmented } from 'antd';
import { useCallback, useEffect, useState } from 'react';
import { Link } from 'react-router';
import { failureOf, get, type Failure } from '../../api/client';
import type { Board } from '../../api/schema';
import { listen } from '../../api/stream';
import { hms } from '../../format/time';
import { GradeMark, Grey, Key } from '../../parts/marks';
import { Empty, Failed, FailedLine } from '../../parts/states';
import { useKeys } from '../../state/keys';
import { GRADES } from '../../state/lists';
import { may } from '../../state/may';
import { useMe } from '../../state/signed-in';
import { useWords, type Word } from '../../words';
import { Minutes, MinutesTable } from './minutes';
import './board.css';

const SPANS = [60, 360, 1440] as const;
const EVERY_MS = 5000;
const BARS_MAX = 8;

export default function BoardPage() {
  const { t } = useWords();
  const [minutes, setMinutes] = useState<number>(60);
  const [asTable, setAsTable] = useState(false);
  const { board, failure, reload } = useBoard(minutes);
  useEffect(() => { document.title = t('board.page_title'); }, [t]);
  useKeys({ t: () => setAsTable((was) => !was) });
  return (
    <>
      <div className="hd">
        <h1>{t('board.title')}</h1>
        {board && <span className="x">{t('board.as_of', { at: hms(board.as_of) })}</span>}
        <span className="sp" />
        <Segmented value={minutes} onChange={setMinutes} aria-label={t('board.span')}
          options={SPANS.map((n) => ({ value: n, label: t(`board.last_${n}` as Word) }))} />
      </div>
      {failure && (board ? <div className="lines"><FailedLine failure={failure} /></div> : <Failed failure={failure} retry={reload} />)}
      {board ? <Figures board={board} minutes={minutes} asTable={asTable} toggle={() => setAsTable(!asTable)} /> : !failure && <Coming />}
    </>
  );
}

/** Read every few seconds; at once after the line to the server was down. */
function useBoard(minutes: number): { board: Board | null; failure: Failure | null; reload: () => void } {
  const [board, setBoard] = useState<Board | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [asked, setAsked] = useState(0);
  const reload = useCallback(() => setAsked((n) => n + 1), []);
  useEffect(() => {
    const stop = new AbortController();
    const read = (): void => {
      get<Board>(`/v1/board?minutes=${minutes}`, stop.signal).then(
        (found) => {
          setBoard(found);
          setFailure(null);
        },
        (error: unknown) => { if (!stop.signal.aborted) setFailure(failureOf(error)); },
      );
    };
    read();
    const timer = setInterval(read, EVERY_MS);
    const deaf = listen('gap', read);
    return () => {
      stop.abort();
      clearInterval(timer);
      deaf();
    };
  }, [minutes, asked]);
  return { board, failure, reload };
}

function Figures({ board, minutes, asTable, toggle }: { board: Board; minutes: number; asTable: boolean; toggle: () => void }) {
  const { t, of } = useWords();
  const total = GRADES.reduce((sum, g) => sum + board.grades[g], 0);
  const open = GRADES.reduce((sum, g) => sum + board.open[g], 0);
  const issued = `tab=all&since=${encodeURIComponent(board.since)}`;
  const types = rest(board.types.map((c) => ({ label: c.type ? of(c.type) : t('unknown_type'), count: c.count, query: c.type ? `${issued}&type=${c.type.code}` : null })), t('board.rest'));
  const outcomes = rest(board.outcomes.map((c) => ({ label: of(c.outcome), count: c.count, query: `${issued}&outcome=${c.outcome.code}` })), t('board.rest'));
  return (
    <div className="b-grid">
      <section className="pn fig">
        <h2>{t('board.issued')}</h2>
        <p className="num"><Rows query={issued}>{total.toLocaleString('en-US')}</Rows></p>
        <Grades counts={board.grades} query={issued} />
      </section>
      <section className="pn fig">
        <h2>{t('board.open')}</h2>
        <p className="num"><Rows query="tab=shift">{open.toLocaleString('en-US')}</Rows></p>
        <Grades counts={board.open} query="tab=shift" />
      </section>
      <section className="pn fig">
        <h2>{t('board.late')}</h2>
        <p className={board.late ? 'num late' : 'num'}><Rows query="tab=shift&late=true">{board.late.toLocaleString('en-US')}</Rows></p>
        <p className="x">{t(board.late ? 'board.late_hint' : 'board.late_none')}</p>
      </section>
      <section className="pn fig">
        <h2>{t('board.sms')}</h2>
        <p className="num">{board.sms_sent.toLocaleString('en-US')}</p>
        <p className="x">{t('board.sms_failed', { n: board.sms_failed })}</p>
      </section>
      <section className="pn wide-pane">
        <div className="t">
          <h2>{t('board.minutes')}</h2><span className="x">{t('board.minutes_hint')}</span><span className="sp" />
          <button type="button" className="link s" aria-keyshortcuts="T" onClick={toggle}>{t(asTable ? 'timeline.as_chart' : 'timeline.as_list')}</button><Key>T</Key>
        </div>
        {asTable ? <MinutesTable board={board} /> : <Minutes board={board} minutes={minutes} />}
      </section>
      <Bars title={t('board.types')} bars={types} />
      <Bars title={t('board.outcomes')} bars={outcomes} />
    </div>
  );
}

/** A figure is a link to the rows it counts, for those who may read rows. */
function Rows({ query, children }: { query: string | null; children: React.ReactNode }) {
  const me = useMe();
  return query && may.warnings(me) ? <Link to={`/warnings?${query}`}>{children}</Link> : <>{children}</>;
}

function Grades({ counts, query }: { counts: Board['grades']; query: string }) {
  return (
    <ul className="by-grade">
      {GRADES.map((grade) => (
        <li key={grade}><GradeMark grade={grade} /><b><Rows query={`${query}&grade=${grade}`}>{counts[grade].toLocaleString('en-US')}</Rows></b></li>
      ))}
    </ul>
  );
}

interface Bar { label: string; count: number; query: string | null }

/** The largest, sorted; what is left in one line, so that the sum stays. */
function rest(bars: Bar[], label: string): Bar[] {
  const sorted = bars.slice().sort((a, b) => b.count - a.count);
  if (sorted.length <= BARS_MAX + 1) return sorted;
  const left = sorted.slice(BARS_MAX).reduce((sum, bar) => sum + bar.count, 0);
  return [...sorted.slice(0, BARS_MAX), { label, count: left, query: null }];
}

function Bars({ title, bars }: { title: string; bars: Bar[] }) {
  const { t } = useWords();
  const most = Math.max(1, ...bars.map((b) => b.count));
  return (
    <section className="pn">
      <div className="t"><h2>{title}</h2></div>
      {bars.length
        ? (
          <table className="bars">
            <tbody>
              {bars.map((bar) => (
                <tr key={bar.label}>
                  <th scope="row">{bar.label}</th>
                  <td className="bar-cell" aria-hidden="true"><i style={{ width: `${(100 * bar.count) / most}%` }} /></td>
                  <td className="r"><b><Rows query={bar.query}>{bar.count.toLocaleString('en-US')}</Rows></b></td>
                </tr>
              ))}
            </tbody>
          </table>
        )
        : <Empty>{t('board.none')}</Empty>}
    </section>
  );
}

function Coming() {
  return (
    <div className="b-grid" aria-busy="true">
      {[1, 2, 3, 4].map((n) => <section key={n} className="pn fig"><Grey width={70} /><p className="num"><Grey width={90} /></p><Grey width={160} /></section>)}
    </div>
  );
}
