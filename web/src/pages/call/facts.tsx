// Facts to tell the person, generated from the findings; and what never to say.
import type { Script, WarningDetail } from '../../api/schema';
import { yuanWithUnit } from '../../format/money';
import { GradeMark } from '../../parts/marks';
import { useWords } from '../../words';

export function Facts({ detail, script }: { detail: WarningDetail; script: Script | null }) {
  const { t, of, language } = useWords();
  const sent = detail.attempts.at(-1);
  return (
    <section className="pn side" aria-label={t('desk.facts')}>
      <div className="t"><GradeMark grade={detail.grade} /><b>{detail.number}</b></div>
      <div className="c">
        <dl className="kv">
          <dt>{t('desk.type')}</dt><dd>{detail.scam_type ? of(detail.scam_type) : t('unknown_type')}</dd>
          <dt>{t('desk.doing')}</dt><dd>{of(detail.fact)}</dd>
          <dt>{t('desk.amount')}</dt><dd>{detail.amount_fen === null ? '—' : <b>{yuanWithUnit(detail.amount_fen, language)}</b>}</dd>
          <dt>{t('desk.stage')}</dt><dd>{of(detail.stage)}</dd>
          <dt>{t('desk.sent')}</dt><dd>{sent ? `${of(sent.channel)} ${of(sent.state)}` : '—'}</dd>
        </dl>
        <h3>{t('desk.facts')}</h3>
        <ul>
          {script?.facts.length
            ? script.facts.map((fact, i) => <li className="fact-line" key={i}>{of(fact)}</li>)
            : <li className="x">{t('desk.no_facts')}</li>}
        </ul>
        {script && script.avoid.length > 0 && (
          <>
            <h3>{t('desk.avoid')}</h3>
            <ul className="d">{script.avoid.map((line, i) => <li key={i}>{of(line)}</li>)}</ul>
          </>
        )}
      </div>
    </section>
  );
}
