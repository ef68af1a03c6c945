// How rules and models do: precision from outcomes, recall with rows looked at by chance, drift, latency.
import { useEffect, useState } from 'react';
import { failureOf, get, type Failure } from '../../api/client';
import type { DriftView, LatencyView, ModelBoard, RuleBoard } from '../../api/schema';
import { Grey } from '../../parts/marks';
import { Empty, Failed, FailedLine } from '../../parts/states';
import { useWords, type Speech } from '../../words';
import { shareText } from './figures';

const DAYS = 30;

function useBoard<T>(path: string): { found: T | null; failure: Failure | null; reload: () => void } {
  const [found, setFound] = useState<T | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    get<T>(path, stop.signal).then(
      (board) => { setFound(board); setFailure(null); },
      (error: unknown) => { if (!stop.signal.aborted) setFailure(failureOf(error)); },
    );
    return () => stop.abort();
  }, [path, asked]);
  return { found, failure, reload: () => setAsked((n) => n + 1) };
}

function latencyText(found: LatencyView | null, { t }: Speech): string {
  return found ? t('workshop.latency_is', { p50: seconds(found.p50_s), p99: seconds(found.p99_s), n: found.n }) : '—';
}

const seconds = (s: number): string => (s < 10 ? s.toFixed(2) : s < 3600 ? s.toFixed(0) : s.toExponential(1));

function Drift({ drift }: { drift: readonly DriftView[] }) {
  const { t } = useWords();
  const known = drift.filter((d) => d.psi !== null);
  if (!known.length) return <>{t('workshop.drift_unknown')}</>;
  return (
    <ul className="ws-drift">
      {known.map((d) => <li key={d.name}><span className="mono">{d.name}</span> {d.psi?.toFixed(2)}{d.drifted && <span className="drifted"> {t('workshop.drifted')}</span>}</li>)}
    </ul>
  );
}

/** The live version of a rule, beside whatever version is open. */
export function LiveBoard({ rule, version }: { rule: string; version: number }) {
  const words = useWords();
  const { t } = words;
  const { found, failure } = useBoard<RuleBoard>(`/v1/workshop/rules/${rule}/board?days=${DAYS}`);
  return (
    <section className="pn">
      <div className="t"><h2>{t('workshop.live_board', { n: version })}</h2><span className="x">{t('workshop.last_days', { n: DAYS })}</span></div>
      {failure && <FailedLine failure={failure} />}
      {!found && !failure && <p className="c"><Grey width={320} /></p>}
      {found && (
        <dl className="c kv ws-kv">
          <dt>{t('workshop.precision_outcomes')}</dt><dd>{shareText(found.precision, words)}</dd>
          <dt>{t('workshop.latency')}</dt><dd>{latencyText(found.latency, words)}</dd>
          <dt>{t('workshop.drift')}</dt><dd><Drift drift={found.drift} /></dd>
        </dl>
      )}
    </section>
  );
}

export function Models() {
  const words = useWords();
  const { t } = words;
  const { found, failure, reload } = useBoard<ModelBoard[]>(`/v1/workshop/models?days=${DAYS}`);
  if (failure && !found) return <Failed failure={failure} retry={reload} />;
  return (
    <section className="pn ws-table">
      <table aria-busy={!found}>
        <thead>
          <tr>
            <th scope="col">{t('workshop.detector')}</th><th scope="col" className="r">{t('workshop.findings_days', { n: DAYS })}</th>
            <th scope="col">{t('workshop.by_day')}</th><th scope="col">{t('workshop.precision_outcomes')}</th><th scope="col">{t('workshop.recall')}</th>
            <th scope="col">{t('workshop.drift')}</th><th scope="col">{t('workshop.latency')}</th>
          </tr>
        </thead>
        <tbody>
          {!found && [1, 2, 3].map((n) => <tr key={n}><td colSpan={7}><Grey width={400} /></td></tr>)}
          {found?.map((m) => (
            <tr key={m.detector}>
              <th scope="row" className="mono">{m.detector}</th><td className="r">{m.daily.reduce((sum, d) => sum + d.n, 0).toLocaleString('en-US')}</td>
              <td><Spark days={m.daily} /></td><td>{shareText(m.precision, words)}</td>
              <td>{shareText(m.recall, words)}<span className="x s"> {t('workshop.looked', { n: m.looked })}</span></td>
              <td><Drift drift={m.drift} /></td><td className="n">{latencyText(m.latency, words)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {found?.length === 0 && <Empty>{t('workshop.models_none')}</Empty>}
      {failure && found && <FailedLine failure={failure} />}
    </section>
  );
}

/** Bars from zero, a day each; the number of each under the pointer, their sum in the column before. */
function Spark({ days }: { days: readonly { day: string; n: number }[] }) {
  const most = Math.max(1, ...days.map((d) => d.n));
  return (
    <svg width={120} height={22} aria-hidden="true" className="ws-spark">
      {days.slice(-30).map((d, i) => <rect key={d.day} x={i * 4} width={3} y={22 - (20 * d.n) / most} height={(20 * d.n) / most}><title>{`${d.day} ${d.n}`}</title></rect>)}
    </svg>
  );
}
