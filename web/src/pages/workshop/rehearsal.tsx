// The replay: how far it is, and what the draft would have done beside what is live.
import type { Line, VersionView } from '../../api/schema';
import { dayTime } from '../../format/time';
import { Empty } from '../../parts/states';
import { now } from '../../state/clock';
import { useWords } from '../../words';
import { lineDifference, lineRange, lineValue, shareText } from './figures';

export function RehearsalPane({ view }: { view: VersionView }) {
  const words = useWords();
  const { t, of, language } = words;
  const found = view.rehearsal;
  const running = found?.state === 'asked' || found?.state === 'running';
  return (
    <section className="pn">
      <div className="t">
        <h2>{t('workshop.replay_result')}</h2>
        {found?.state === 'done' && found.begin && found.end && (
          <span className="x">{t('workshop.replayed_span', {
            from: dayTime(found.begin, now()), to: dayTime(found.end, now()), rows: (found.rows ?? 0).toLocaleString('en-US'),
            seconds: (found.seconds ?? 0).toFixed(found.seconds !== null && found.seconds < 10 ? 1 : 0),
          })}</span>
        )}
      </div>
      {!found && <Empty>{t('workshop.replay_first')}</Empty>}
      {running && (
        <div className="c" role="status">
          <p>{t(found.state === 'asked' ? 'workshop.replay_asked' : 'workshop.replay_running', { by: found.asked_by, n: Math.floor(100 * found.done_share) })}</p>
          <progress max={1} value={found.done_share} aria-label={t('workshop.replay_progress')} />
          <p className="x s">{t('workshop.replay_resumes')}</p>
        </div>
      )}
      {found?.state === 'failed' && <div className="c"><p className="bad">{t('workshop.replay_failed')}{of(found.problem)}</p></div>}
      {found?.state === 'done' && (
        <div className="ws-wide">
          <table className="ws-lines">
            <thead>
              <tr>
                <th scope="col">{t('workshop.figure')}</th>
                <th scope="col" className="r">{found.against ? t('workshop.v_live', { n: found.against }) : t('workshop.none_live')}</th>
                <th scope="col" className="r">{t('workshop.v_draft', { n: view.version })}</th>
                <th scope="col" className="r">{t('workshop.difference')}</th>
                <th scope="col">{t('workshop.interval')}</th>
              </tr>
            </thead>
            <tbody>
              {found.lines.map((line) => (
                <tr key={line.code}>
                  <th scope="row">{language === 'en' ? capital(line.en) : line.zh}</th>
                  <td className="r">{tooFew(line) ? '—' : lineValue(line, line.live)}</td>
                  <td className="r"><b>{tooFew(line) ? '—' : lineValue(line, line.draft)}</b></td>
                  <td className="r n">{tooFew(line) ? '—' : lineDifference(line, words)}</td>
                  <td className="x">{tooFew(line) ? t('workshop.too_few', { n: line.of ?? 0 }) : lineRange(line, words)}</td>
                </tr>
              ))}
              {view.judged && (
                <tr>
                  <th scope="row">{t('workshop.judged_precision')}</th><td className="r">—</td>
                  <td className="r" colSpan={2}><b>{shareText(view.judged, words)}</b></td>
                  <td className="x">{t('workshop.of', { n: view.judged.n })}</td>
                </tr>
              )}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
/** Under thirty cases a rate says nothing, and none is shown. */
const tooFew = (line: Line): boolean => line.of !== null && line.of < 30;
