// One warning: what is happening to this person, on what ground, and who does what next?
import { useEffect, useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import type { WarningDetail } from '../../api/schema';
import { hm, hms } from '../../format/time';
import { Clock, GradeMark, Grey } from '../../parts/marks';
import { NextButton } from '../../parts/next-button';
import { Failed } from '../../parts/states';
import { VerbDialog } from '../../parts/verb-dialog';
import { useWarning } from '../../state/details';
import { useKeys } from '../../state/keys';
import { may } from '../../state/may';
import { useMe } from '../../state/signed-in';
import { useStepper } from '../../state/stepper';
import { useNarrow } from '../../state/width';
import { useWords } from '../../words';
import { History, Objects, Reasons } from './reasons';
import { Measures, Person } from './sides';
import { Timeline } from './timeline';
import './warning.css';

export default function WarningPage() {
  const { id = '' } = useParams();
  const { t, of } = useWords();
  const me = useMe();
  const navigate = useNavigate();
  const opened = useWarning(id);
  const stepper = useStepper(opened);
  const phone = useNarrow(760);
  const [asList, setAsList] = useState<boolean | null>(null);
  const listed = asList ?? phone;
  const { detail } = opened;
  useEffect(() => { document.title = detail ? t('warning.page_title', { number: detail.number }) : t('queue.page_title'); }, [detail, t]);
  const back = (): void => {
    // A pasted link has no queue behind it.
    if (window.history.state?.idx > 0) void navigate(-1);
    else void navigate('/warnings');
  };
  useKeys({
    Enter: stepper.next, Escape: back,
    t: () => setAsList(!listed),
    ...(may.take(me) ? { a: () => stepper.use('reassign'), f: () => stepper.use('record_false_alarm') } : {}),
  }, !stepper.asking);

  if (opened.failure && (!detail || opened.moved || opened.failure.status === 404)) {
    return <div className="pn page-fail"><Failed failure={opened.failure} retry={opened.reload} /></div>;
  }
  if (!detail) return <Coming />;
  return (
    <>
      <div className="hd w-head">
        <button type="button" className="link s" onClick={back} aria-keyshortcuts="Escape">← {t('warning.back')}</button>
        <GradeMark grade={detail.grade} />
        <h1>{detail.number} · {detail.scam_type ? of(detail.scam_type) : t('unknown_type')}</h1>
        <span className="tag">{t('warning.stage', { stage: of(detail.stage) })}</span>
        {detail.sources.map((s) => <span key={s.code} className="tag wide">{of(s)}</span>)}
        <span className="sp" />
        {detail.clock && <span className="d">{of(detail.clock.verb)} <span className="big"><Clock clock={detail.clock} speak={detail.number} /></span></span>}
        {may.take(me) && <NextButton detail={detail} stepper={stepper} />}
      </div>
      <Steps detail={detail} />
      <div className="w-grid">
        <Person detail={detail} reload={opened.reload} />
        <div className="col">
          <Timeline detail={detail} asList={listed} toggle={() => setAsList(!listed)} />
          <Reasons detail={detail} />
          <Objects detail={detail} />
          <History detail={detail} />
        </div>
        <Measures detail={detail} stepper={stepper} />
      </div>
      <VerbDialog detail={detail} stepper={stepper} />
    </>
  );
}

/** The lifecycle table as a bar: what is done and when, where it stands, until when. */
function Steps({ detail }: { detail: WarningDetail }) {
  const { t, of } = useWords();
  return (
    <ol className="stps pn" aria-label={t('steps.title')}>
      {detail.steps.map((s) => {
        const look = s.current ? 's2' : s.at ? 's1' : 's0';
        return (
          <li key={s.code} className={`stp ${look}`} aria-current={s.current ? 'step' : undefined}>
            <b>{s.current ? of(detail.state) : of(s)}</b>
            <small>{s.current && s.due_at ? t('steps.until', { at: hm(s.due_at) }) : s.at ? hms(s.at) : ''}</small>
          </li>
        );
      })}
    </ol>
  );
}

function Coming() {
  return (
    <div aria-busy="true">
      <div className="hd"><Grey width={54} /><Grey width={280} /></div>
      <div className="pn stps"><Grey width={600} /></div>
      <div className="w-grid">
        <div className="pn c"><Grey width={160} /></div>
        <div className="pn c">{[520, 460, 500, 380].map((w) => <p key={w}><Grey width={w} /></p>)}</div>
        <div className="pn c"><Grey width={180} /></div>
      </div>
    </div>
  );
}
