// The left and right of a warning: the person and their rights; measures, their echoes, and the verbs.
import { useState } from 'react';
import { Link } from 'react-router';
import type { WarningDetail } from '../../api/schema';
import { yuanWithUnit } from '../../format/money';
import { dayTime, hm, hms, near } from '../../format/time';
import { Action } from '../../parts/marks';
import { RevealPanel } from '../../parts/reveal';
import { FailedLine } from '../../parts/states';
import { verbLabel } from '../../parts/verb-label';
import { now } from '../../state/clock';
import { may } from '../../state/may';
import { useMe } from '../../state/signed-in';
import type { Stepper } from '../../state/stepper';
import { OTHER_VERBS, possible } from '../../state/verbs';
import { useWords } from '../../words';

export function Person({ detail, reload }: { detail: WarningDetail; reload: () => void }) {
  const { t, of } = useWords();
  const me = useMe();
  const [revealing, setRevealing] = useState(false);
  const { person } = detail;
  const known = [person.name || '—', person.sex && t(`sex.${person.sex}`), person.age !== null && t('age_years', { n: person.age })];
  return (
    <section className="pn side" aria-label={t('person.title')}>
      <div className="t">
        <h2>{t('person.title')}</h2><span className="sp" />
        {may.take(me) && <button type="button" className="link s" onClick={() => setRevealing(true)}>{t('reveal.open')}</button>}
        <RevealPanel detail={detail} open={revealing} close={() => setRevealing(false)} seen={reload} />
      </div>
      <div className="c">
        <div className="blk">
          <dl className="kv">
            <dt>{t('person.name')}</dt><dd>{known.filter(Boolean).join(t('comma'))}</dd>
            <dt>{t('person.number')}</dt><dd>{person.number}</dd>
            <dt>{t('person.place')}</dt><dd>{of(person.place)}</dd>
            <dt>{t('person.unit')}</dt><dd>{of(detail.unit)}</dd>
            <dt>{t('person.owner')}</dt><dd>{detail.owner ? (detail.owner.id === me.id ? t('owner.me') : detail.owner.display) : t('owner.none')}</dd>
          </dl>
        </div>
        <div className="blk"><h3>{t('earlier.title')}</h3>
          {detail.earlier.length
            ? (
              <ul>{detail.earlier.map(({ on, unit, warning: e }, i) => (e
                ? (
                  <li key={e.id}>
                    <Link to={`/warnings/${e.id}`}>{dayTime(e.issued_at, now())}</Link> {t(`grade.${e.grade}`)} · {of(e.state)}
                    {e.by && <span className="x"> · {e.by}</span>}
                  </li>
                )
                : <li key={i}>{on} <span className="x">{t('earlier.elsewhere', { unit: of(unit) })}</span></li>
              ))}</ul>
            )
            : <span className="x">{t('preview.before_none')}</span>}
        </div>
        <div className="blk"><h3>{t('views.title')}</h3>
          {detail.views.length
            ? (
              <ul className="x">{detail.views.map((v, i) => (
                <li key={i}>{t('views.line', { at: near(v.at, now()), who: v.who, what: v.fields.map(of).join(t('enumeration')), purpose: of(v.purpose) })}</li>
              ))}</ul>
            )
            : <span className="x">{t('views.none')}</span>}
        </div>
        <div className="blk"><h3>{t('rights.title')}</h3><p className="x">{of(detail.rights)}</p></div>
      </div>
    </section>
  );
}

/** What a message's state means on screen: done, under way, not known, failed. */
const LOOK: Record<string, string> = {
  delivered: 'ok', submitted: 'ac', sending: 'ac', queued: '', withdrawn: '', uncertain: 'w', failed: 'u',
};

export function Measures({ detail, stepper }: { detail: WarningDetail; stepper: Stepper }) {
  const words = useWords();
  const { t, of, language } = words;
  const me = useMe();
  const keyOf: Partial<Record<string, string>> = { reassign: 'A', record_false_alarm: 'F' };
  const main = stepper.step.kind === 'verb' ? stepper.step.step.verb.code : '';
  const verbs = OTHER_VERBS.filter((code) => code !== main).flatMap((code) => {
    const verb = detail.verbs.find((v) => v.code === code);
    return verb ? [possible(detail, verb, me)] : [];
  });
  return (
    <section className="pn side measures" aria-label={t('measures.title')}>
      <div className="t"><h2>{t('measures.title')}</h2></div>
      <div className="c">
        {detail.stops.map((s, i) => (
          <div className="ch" key={`stop ${i}`}>
            <span className="tag w">{t('measures.stop')}</span>
            <div>
              <b>{t('measures.stop_recorded', { at: near(s.recorded_at, now()) })}</b><br />
              <span className="x">{t('measures.stop_what', { payee: s.payee, amount: yuanWithUnit(s.amount_fen, language), at: near(s.paid_at, now()) })}</span>
              <p>{t('measures.stop_waits')}{detail.clock?.verb.code === 'stop_request' && <>{t('semicolon')}{t('measures.stop_until', { at: hm(detail.clock.due_at) })}</>}</p>
            </div>
          </div>
        ))}
        {detail.attempts.length + detail.stops.length === 0 && <p className="x">{t('measures.none')}</p>}
        {detail.attempts.map((a, i) => (
          <div className="ch" key={i}>
            <span className={`tag ${LOOK[a.state.code] ?? ''}`}>{of(a.channel)}</span>
            <div>
              <b>{of(a.state)}</b> <span className="x">{hms(a.at)}</span><br /><span className="x">{of(a)}</span>
              {a.state.code === 'uncertain' && <p className="x">{t('measures.uncertain')}</p>}
            </div>
          </div>
        ))}
      </div>
      {may.take(me) && verbs.length > 0 && (
        <div className="fx">
          {stepper.failure && !stepper.asking && <FailedLine failure={stepper.failure} />}
          {verbs.map(({ verb, allowed, whyNot }) => (
            <Action key={verb.code} wide label={verbLabel(verb, words) + (verb.needs.length ? '…' : '')} whyNot={allowed ? null : of(whyNot)}
              {...(keyOf[verb.code] ? { keyName: keyOf[verb.code] } : {})} onPress={() => stepper.use(verb.code)} />
          ))}
        </div>
      )}
    </section>
  );
}
