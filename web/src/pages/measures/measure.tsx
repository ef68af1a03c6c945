// One measure: why, until when, who can lift it; its signatures, deeds, appeals, and which edges have it.
import { useEffect, useState } from 'react';
import { Link, useParams } from 'react-router';
import type { MeasureDetail, Verb } from '../../api/schema';
import { dayTime, near } from '../../format/time';
import { Action, Grey } from '../../parts/marks';
import { Failed, FailedLine } from '../../parts/states';
import { now } from '../../state/clock';
import { useKeys } from '../../state/keys';
import { may } from '../../state/may';
import { useMe } from '../../state/signed-in';
import { useWords } from '../../words';
import { Act } from './act';
import { Four } from './four';
import { Due, State, Target, inForce } from './labels';
import { useOne } from './use-register';
import './measures.css';

/** The step that comes next, where there is one; it has the key. */
const FIRST = ['approve', 'confirm'];

export default function MeasurePage() {
  const { id = '' } = useParams();
  const { t } = useWords();
  const path = `/v1/measures/${encodeURIComponent(id)}`;
  const { found, failure, keep, reload } = useOne<MeasureDetail>(path);
  useEffect(() => { document.title = found ? `${found.number} · ${t('blocking.page_title')}` : t('blocking.page_title'); }, [found, t]);
  if (failure && !found) return <Failed failure={failure} retry={reload} />;
  if (!found) return <div className="ms-body"><section className="pn"><p className="c"><Grey width={360} /></p><p className="c"><Grey width={260} /></p></section></div>;
  return <Measure measure={found} path={path} keep={keep} reload={reload} failed={failure ? <FailedLine failure={failure} /> : null} />;
}

interface Props { measure: MeasureDetail; path: string; keep: (found: MeasureDetail) => void; reload: () => void; failed: React.ReactNode }

function Measure({ measure, path, keep, reload, failed }: Props) {
  const { t, of } = useWords();
  const me = useMe();
  const [asking, setAsking] = useState<Verb | null>(null);
  const whyNot = (verb: Verb): string | null => {
    if (verb.code === 'approve' && measure.proposed_by === me.display) return t('blocking.second_person');
    return null;
  };
  const first = measure.verbs.find((v) => FIRST.includes(v.code));
  const lift = measure.verbs.find((v) => v.code === 'lift');
  const ask = (verb: Verb | undefined): void => { if (verb && !whyNot(verb)) setAsking(verb); };
  useKeys({ Enter: () => ask(first), l: () => ask(lift), r: reload }, !asking);
  const label = (verb: Verb): string => (verb.code === 'lift' ? t('blocking.lift_it', { target: measure.target }) : of(verb));
  return (
    <>
      <div className="hd wrap">
        <Link className="ms-back" to="/measures">‹ {t('blocking.title')}</Link>
        <h1>{measure.number}</h1><State state={measure.state} />
        {measure.automatic && <span className="tag">{t('blocking.machine')}</span>}
        {measure.protected && <span className="tag w">{t('blocking.protected')}</span>}
        <span className="sp" />
        {measure.verbs.filter((v) => v !== first).map((v) => (
          <Action key={v.code} label={`${label(v)}…`} {...(v.code === 'lift' ? { keyName: 'L' } : {})} whyNot={whyNot(v)} onPress={() => ask(v)} />
        ))}
        {first && <Action primary label={`${of(first)}…`} keyName="Enter" whyNot={whyNot(first)} onPress={() => ask(first)} />}
      </div>
      {failed && <div className="lines">{failed}</div>}
      <div className="ms-page">
        <div className="ms-col">
          <section className="pn">
            <div className="t ms-thing"><h2><Target measure={measure} /></h2><span>{of(measure.effect)}</span><span className="sp" /><span className="d">{of(measure.area)}</span></div>
            <div className="c"><Four measure={measure} /></div>
            {measure.note && <p className="c ms-note"><span className="x">{t('blocking.note')}{t('colon')}</span>{measure.note}</p>}
            {!measure.verbs.length && inForce(measure) && <p className="c x s">{t('blocking.who_lifts')}</p>}
          </section>
          <Appeals measure={measure} />
          <Deeds measure={measure} />
        </div>
        <div className="ms-col">
          <Signatures measure={measure} />
          <section className="pn">
            <div className="t"><h2>{t('blocking.notice')}</h2></div>
            <div className="c"><p>{t('blocking.notice_code')}{t('colon')}<b className="mono">{measure.code}</b></p><p className="x s">{t('blocking.notice_how')} <a href={`/appeal/${measure.code}`} target="_blank" rel="noreferrer">{t('blocking.notice_see')}</a></p></div>
          </section>
          <Echoes measure={measure} />
        </div>
      </div>
      <Act<MeasureDetail> verb={asking} about={`${measure.number} ${measure.target}`} path={`${path}/acts`} state={measure.state.code} revision={measure.revision} endsAt={measure.ends_at}
        close={() => setAsking(null)} done={keep} />
    </>
  );
}

function Signatures({ measure }: { measure: MeasureDetail }) {
  const { t } = useWords();
  const open = measure.state.code === 'proposed' ? Math.max(0, measure.approvals_needed - measure.approvals) : 0;
  return (
    <section className="pn">
      <div className="t"><h2>{t('blocking.approvals')}</h2><span className="sp" /><span className="d">{measure.automatic && !measure.signatures.length ? '—' : t('blocking.signed', { k: measure.approvals, n: measure.approvals_needed })}</span></div>
      <ol className="c ms-lines">
        <li><b>{measure.automatic ? t('blocking.system') : measure.proposed_by}</b> <span className="d">{t(measure.automatic ? 'blocking.taken_by' : 'blocking.proposed_by')}</span><span className="x">{dayTime(measure.created_at, now())}</span></li>
        {measure.signatures.map((s) => <li key={s.at}><b>{s.display}</b> <span className="d">{t('blocking.approved_by')}</span><span className="x">{dayTime(s.at, now())}</span></li>)}
        {Array.from({ length: open }, (_, n) => <li key={n} className="x">{t('blocking.to_sign')}</li>)}
        {measure.automatic && !measure.signatures.length && <li className="x">{t('blocking.unconfirmed')}</li>}
      </ol>
    </section>
  );
}

function Appeals({ measure }: { measure: MeasureDetail }) {
  const { t } = useWords();
  const reads = may.readAppeals(useMe());
  return (
    <section className="pn">
      <div className="t"><h2>{t('appeals.title')}</h2><span className="sp" /><span className="x">{measure.appeals.length}</span></div>
      {measure.appeals.length ? (
        <ul className="c ms-lines">
          {measure.appeals.map((a) => (
            <li key={a.id}>{reads ? <Link to={`/measures/appeals/${a.id}`}>{a.number}</Link> : <b>{a.number}</b>} <State state={a.state} /> {a.due_at && <Due appeal={a} />}<span className="x">{dayTime(a.filed_at, now())}</span>
              {a.reasons && <p className="d">{a.reasons}</p>}
            </li>
          ))}
        </ul>
      ) : <p className="c x">{t('appeals.none_here')}</p>}
    </section>
  );
}

function Deeds({ measure }: { measure: MeasureDetail }) {
  const { t, of } = useWords();
  return (
    <section className="pn">
      <div className="t"><h2>{t('blocking.deeds')}</h2></div>
      <table className="ms-deeds">
        <thead className="unseen-head"><tr>{(['at', 'who', 'what', 'note'] as const).map((c) => <th key={c} scope="col">{t(`blocking.deed_${c}`)}</th>)}</tr></thead>
        <tbody>{measure.deeds.map((d, n) => <tr key={`${d.at}-${n}`}><td className="n x">{near(d.at, now())}</td><td className="n">{d.by}</td><td className="n">{of(d.verb)}</td><td className="d">{d.note}</td></tr>)}</tbody>
      </table>
    </section>
  );
}

function Echoes({ measure }: { measure: MeasureDetail }) {
  const { t } = useWords();
  const have = measure.echoes.filter((e) => e.has_it).length;
  const listed = measure.effect.code !== 'notice' && measure.state.code !== 'proposed' && measure.state.code !== 'declined';
  return (
    <section className="pn">
      <div className="t"><h2>{t('blocking.echoes')}</h2><span className="sp" />{listed && measure.echoes.length > 0 && <span className="d">{t('blocking.echoes_have', { k: have, n: measure.echoes.length })}</span>}</div>
      {!listed ? <p className="c x">{t('blocking.echoes_unlisted')}</p> : !measure.echoes.length ? <p className="c x">{t('blocking.echoes_none')}</p> : (
        <ul className="c ms-lines">
          {measure.echoes.map((e) => <li key={e.edge}><b className="mono">{e.edge}</b> <span className={e.has_it ? 'tag ok' : 'tag w'}>{e.has_it ? `✓ ${t('blocking.echo_has')}` : `? ${t('blocking.echo_not_yet')}`}</span><span className="x">{near(e.at, now())}</span></li>)}
        </ul>
      )}
    </section>
  );
}
