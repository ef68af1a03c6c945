// The bar of the call: how long, with whom, where the number is; before the call, the step that starts it.
import { useState } from 'react';
import type { WarningDetail } from '../../api/schema';
import { span } from '../../format/time';
import { Action, Clock, GradeMark } from '../../parts/marks';
import { NextButton } from '../../parts/next-button';
import { RevealPanel } from '../../parts/reveal';
import { now, useSecond } from '../../state/clock';
import { inCall } from '../../state/outcomes';
import type { Stepper } from '../../state/stepper';
import { useWords } from '../../words';

interface BarProps {
  detail: WarningDetail;
  stepper: Stepper;
  leave: () => void;
  reload: () => void;
}

export function CallBar({ detail, stepper, leave, reload }: BarProps) {
  const { t, of, language } = useWords();
  const [revealing, setRevealing] = useState(false);
  useSecond();
  const { person } = detail;
  const called = detail.history.filter((d) => d.verb.code === 'start_contact');
  const since = called.at(-1)?.at;
  const talking = inCall(detail);
  const known = [person.name || person.number, person.sex && t(`sex.${person.sex}`), person.age !== null && t('age_years', { n: person.age })];
  return (
    <div className="cb">
      <div className="tm" role="timer" aria-live="off">{talking && since ? span(now() - Date.parse(since), language) : '--:--'}</div>
      <div className="who">
        <b>{of(detail.state)} {known.filter(Boolean).join(t('comma'))}</b><br />
        <span className="d">{person.number} · {t('desk.nth', { n: Math.max(1, called.length) })}</span>
      </div>
      <div className="how">
        <span className="d">{t('desk.dial')}</span><br />
        <button type="button" className="link" onClick={() => setRevealing(true)}>{t('desk.show_number')}</button>
      </div>
      <span className="sp" />
      <GradeMark grade={detail.grade} />
      {detail.clock && <span className="clock">{of(detail.clock.verb)} <Clock clock={detail.clock} speak={detail.number} /></span>}
      {!talking && stepper.step.kind === 'verb' && <NextButton detail={detail} stepper={stepper} />}
      <Action label={t('desk.leave')} keyName="Esc" onPress={leave} />
      <RevealPanel detail={detail} open={revealing} close={() => setRevealing(false)} seen={reload} />
    </div>
  );
}
