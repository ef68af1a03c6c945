// One appeal: what the party wrote, the measure beside it, the clock, and the decision with its reasons.
import { useEffect, useState } from 'react';
import { Link, useParams } from 'react-router';
import type { AppealDetail, Verb } from '../../api/schema';
import { dayTime } from '../../format/time';
import { Action, Grey } from '../../parts/marks';
import { Failed } from '../../parts/states';
import { now } from '../../state/clock';
import { useKeys } from '../../state/keys';
import { useWords } from '../../words';
import { Act } from './act';
import { Four } from './four';
import { Due, State, Target } from './labels';
import { useOne } from './use-register';
import './measures.css';

/** What comes next in each state. Whether it is right or wrong is never the filled button. */
const FIRST: Record<string, string> = { filed: 'accept', accepted: 'check' };

export default function AppealPage() {
  const { id = '' } = useParams();
  const { t } = useWords();
  const path = `/v1/appeals/${encodeURIComponent(id)}`;
  const { found, failure, keep, reload } = useOne<AppealDetail>(path);
  useEffect(() => { document.title = found ? `${found.number} · ${t('appeals.page_title')}` : t('appeals.page_title'); }, [found, t]);
  if (failure && !found) return <Failed failure={failure} retry={reload} />;
  if (!found) return <div className="ms-body"><section className="pn"><p className="c"><Grey width={360} /></p></section></div>;
  return <Appeal appeal={found} path={path} keep={keep} reload={reload} />;
}

function Appeal({ appeal, path, keep, reload }: { appeal: AppealDetail; path: string; keep: (found: AppealDetail) => void; reload: () => void }) {
  const { t, of } = useWords();
  const [asking, setAsking] = useState<Verb | null>(null);
  const first = appeal.verbs.find((v) => v.code === FIRST[appeal.state.code]);
  useKeys({ Enter: () => { if (first) setAsking(first); }, r: reload }, !asking);
  return (
    <>
      <div className="hd wrap">
        <Link className="ms-back" to="/measures/appeals">‹ {t('appeals.title')}</Link>
        <h1>{appeal.number}</h1><State state={appeal.state} />{appeal.due_at && <Due appeal={appeal} />}
        <span className="sp" />
        {appeal.verbs.filter((v) => v !== first).map((v) => <Action key={v.code} label={`${of(v)}…`} onPress={() => setAsking(v)} />)}
        {first && <Action primary label={of(first)} keyName="Enter" onPress={() => setAsking(first)} />}
      </div>
      <div className="ms-page">
        <div className="ms-col">
          <section className="pn">
            <div className="t"><h2>{t('appeals.words')}</h2><span className="sp" /><span className="x">{dayTime(appeal.filed_at, now())}</span></div>
            <blockquote className="c ms-words">{appeal.text}</blockquote>
            <p className="c ms-contact"><span className="x">{t('appeals.contact')}{t('colon')}</span>{appeal.contact || <span className="x">{t('appeals.no_contact')}</span>}</p>
          </section>
          <section className="pn">
            <div className="t"><h2>{t('appeals.decision')}</h2></div>
            <dl className="c kv ms-kv">
              <dt>{t('appeals.note')}</dt><dd>{appeal.note || <span className="x">{t('appeals.not_yet')}</span>}</dd>
              <dt>{t('appeals.reasons')}</dt><dd>{appeal.reasons || <span className="x">{t('appeals.not_yet')}</span>}</dd>
              <dt>{t('appeals.decided')}</dt><dd>{appeal.decided_by ? `${appeal.decided_by} · ${dayTime(appeal.updated_at, now())}` : <span className="x">{t('appeals.not_yet')}</span>}</dd>
            </dl>
            <p className="c x s">{t('appeals.how')}</p>
          </section>
        </div>
        <section className="pn ms-beside">
          <div className="t ms-thing"><h2><Link to={`/measures/${appeal.measure.id}`}>{appeal.measure.number}</Link></h2><State state={appeal.measure.state} /></div>
          <div className="c"><p><Target measure={appeal.measure} /> · {of(appeal.measure.effect)} · {of(appeal.measure.area)}</p><Four measure={appeal.measure} /><p className="d">{t('blocking.proposed_by')}{t('colon')}{appeal.measure.automatic ? t('blocking.system') : appeal.measure.proposed_by}</p></div>
        </section>
      </div>
      <Act<AppealDetail> verb={asking} about={`${appeal.number} · ${appeal.measure.target}`} path={`${path}/acts`} state={appeal.state.code} revision={appeal.revision} close={() => setAsking(null)} done={keep} />
    </>
  );
}
