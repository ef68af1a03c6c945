// On what ground: parts that add up, the article of the grade, what is missing; the other sides; who did what.
import type { WarningDetail } from '../../api/schema';
import { hundredths, two } from '../../format/parts';
import { near } from '../../format/time';
import { now } from '../../state/clock';
import { useWords } from '../../words';

export function Reasons({ detail }: { detail: WarningDetail }) {
  const { t, of } = useWords();
  const shown = hundredths(detail.reasons.map((r) => r.part));
  const total = shown.reduce((a, b) => a + b, 0);
  const score = Math.round(detail.score * 100);
  const most = Math.max(1, ...shown);
  return (
    <section className="pn" aria-label={t('reasons.title')}>
      <div className="t">
        <h2>{t('reasons.title')}</h2><span className="x">{t('reasons.score', { score: two(score) })}</span>
        <span className="sp" />
        <span className="x">{t('reasons.sum', { sum: two(total) })}{total !== score && <> · {t('reasons.rest', { rest: two(score - total) })}</>}</span>
      </div>
      <table className="rs">
        <tbody>
          {detail.reasons.map((reason, i) => (
            <tr key={`${reason.detector} ${reason.code}`}>
              <td><b>{of(reason)}</b></td>
              <td className="rs-bar" aria-hidden="true"><div className="br"><i style={{ width: `${(100 * (shown[i] ?? 0)) / most}%` }} /></div></td>
              <td className="r">{two(shown[i] ?? 0)}</td>
              <td className="x n rs-by">{of(reason.detector_words)} · <span className="mono">{reason.detector}</span></td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="c rs-ground">
        <p><b>{t('reasons.grade', { grade: t(`grade.${detail.grade}`) })}</b> {of(detail.grade_basis)}</p>
        <p className="x">
          {detail.missing.length ? t('reasons.missing', { what: detail.missing.map(of).join(t('semicolon')) }) : t('reasons.nothing_missing')} {t('reasons.machine')}
        </p>
      </div>
    </section>
  );
}

export function Objects({ detail }: { detail: WarningDetail }) {
  const { t, of } = useWords();
  return (
    <section className="pn" aria-label={t('objects.title')}>
      <div className="t"><h2>{t('objects.title')}</h2><span className="x">{t('objects.n', { n: detail.objects.length })}</span></div>
      {detail.objects.length
        ? (
          <table className="ob">
            <tbody>
              {detail.objects.map((o) => (
                <tr key={`${o.kind.code} ${o.masked}`}><td className="x n">{of(o.kind)}</td><td className="mono">{o.masked}</td><td>{of(o.note)}</td></tr>
              ))}
            </tbody>
          </table>
        )
        : <p className="c x">{t('objects.none')}</p>}
    </section>
  );
}

/** How deeds name the machine as their actor. */
const SYSTEM = '系统';

/** Who did what, newest first: the deeds of the audit chain and the notes. */
export function History({ detail }: { detail: WarningDetail }) {
  const { t, of } = useWords();
  const lines = detail.history.slice().reverse();
  return (
    <section className="pn" aria-label={t('history.title')}>
      <div className="t"><h2>{t('history.title')}</h2><span className="x">{t('history.n', { n: lines.length })}</span></div>
      <ol className="hy">
        {lines.map((line, i) => (
          <li key={i}><time className="x n">{near(line.at, now())}</time><span className="n">{line.actor === SYSTEM ? t('history.system') : line.actor}</span><span><b>{of(line.verb)}</b> <span className="d">{of(line)}</span></span></li>
        ))}
      </ol>
    </section>
  );
}
