// The pane beside the queue: who, what happened last, why this grade, what is next.
import { useState } from 'react';
import { hm } from '../../format/time';
import type { WarningDetail } from '../../api/schema';
import { Action, Clock, GradeMark, Grey, Key } from '../../parts/marks';
import { NextButton } from '../../parts/next-button';
import { RevealPanel } from '../../parts/reveal';
import { Empty, Failed, FailedLine } from '../../parts/states';
import { verbLabel } from '../../parts/verb-label';
import type { Opened } from '../../state/details';
import type { Entry } from '../../state/queue';
import { may } from '../../state/may';
import { useMe } from '../../state/signed-in';
import type { Stepper } from '../../state/stepper';
import { possible } from '../../state/verbs';
import { useWords } from '../../words';

const LAST_EVENTS = 5;

interface PreviewProps {
  entry: Entry | null;
  opened: Opened;
  stepper: Stepper;
  open: (id: string) => void;
}

export function Preview({ entry, opened, stepper, open }: PreviewProps) {
  const { t, of } = useWords();
  const { detail } = opened;
  if (!entry) return <aside className="pn pv" aria-label={t('preview.title')}><Empty>{t('preview.none')}</Empty></aside>;
  const { row } = entry;
  if (entry.gone === 'elsewhere' || (opened.failure && !detail)) {
    return (
      <aside className="pn pv" aria-label={t('preview.title')}>
        {opened.failure ? <Failed failure={opened.failure} retry={opened.reload} /> : <Empty>{row.number} {t('queue.elsewhere')}</Empty>}
      </aside>
    );
  }
  const shown = detail ?? row;
  return (
    <aside className="pn pv" aria-label={t('preview.title')}>
      <div className="t">
        <GradeMark grade={shown.grade} /><b>{shown.number}</b><span className="sp" />
        {shown.clock && <Clock clock={shown.clock} withVerb speak={row.number} />}
      </div>
      <div className="c">
        {detail ? <Known detail={detail} reload={opened.reload} /> : <Unknown />}
      </div>
      {detail && <Foot detail={detail} stepper={stepper} open={open} />}
      {!detail && <p className="unseen">{of(row.fact)}</p>}
    </aside>
  );
}

function Known({ detail, reload }: { detail: WarningDetail; reload: () => void }) {
  const { t, of } = useWords();
  const me = useMe();
  const [revealing, setRevealing] = useState(false);
  const { person } = detail;
  const known = [person.name || person.number, person.sex && t(`sex.${person.sex}`), person.age !== null && t('age_years', { n: person.age })];
  const events = detail.timeline.slice(-LAST_EVENTS);
  const sent = detail.attempts.at(-1);
  const newest = detail.earlier[0];
  const last = newest?.warning ? `${t(`grade.${newest.warning.grade}`)} · ${of(newest.warning.state)}` : newest && `${newest.on} ${of(newest.unit)}`;
  return (
    <>
      <div>
        <h2>{known.filter(Boolean).join(t('comma'))}</h2>
        <span className="d">{of(person.place)} · {person.number}</span>{' '}
        {may.take(me) && <button type="button" className="link s" onClick={() => setRevealing(true)}>{t('reveal.open')}</button>}
        <RevealPanel detail={detail} open={revealing} close={() => setRevealing(false)} seen={reload} />
      </div>
      <div className="d">{of(detail.fact)}</div>
      {events.length > 0 && (
        <dl className="ev">
          {events.map((e, i) => (
            <div key={i}><dt>{hm(e.at)}</dt><dd>{e.emphasis || e.live ? <b>{of(e)}</b> : of(e)}</dd></div>
          ))}
        </dl>
      )}
      <div><h3>{t('preview.why', { grade: t(`grade.${detail.grade}`) })}</h3><span className="d">{of(detail.grade_basis)}</span></div>
      {detail.objects.length > 0 && (
        <div><h3>{t('preview.objects')}</h3>
          <ul className="d">{detail.objects.slice(0, 3).map((o) => <li key={o.masked}>{of(o.kind)} <span className="mono">{o.masked}</span></li>)}</ul>
        </div>
      )}
      <div><h3>{t('preview.before')}</h3>
        <span className="d">
          {detail.earlier.length
            ? t('preview.before_n', { n: detail.earlier.length, last: last ?? '' })
            : t('preview.before_none')}
        </span>
      </div>
      {sent && <div className="nt">{t('preview.sent', { channel: of(sent.channel), at: hm(sent.at), state: of(sent.state) })}</div>}
    </>
  );
}

function Unknown() {
  return (
    <>
      <div><Grey width={150} /><br /><Grey width={210} /></div>
      <div>{[220, 260, 190, 240].map((w) => <div key={w}><Grey width={w} /></div>)}</div>
      <div><Grey width={90} /><br /><Grey width={250} /></div>
    </>
  );
}

/** The next step, filled; the others as the table allows them. */
function Foot({ detail, stepper, open }: { detail: WarningDetail; stepper: Stepper; open: (id: string) => void }) {
  const words = useWords();
  const { t, of } = words;
  const me = useMe();
  const others = ['reassign', 'record_false_alarm'].flatMap((code) => {
    const verb = detail.verbs.find((v) => v.code === code);
    return verb ? [possible(detail, verb, me)] : [];
  });
  const keyOf: Record<string, string> = { reassign: 'A', record_false_alarm: 'F' };
  return (
    <div className="ft">
      {stepper.failure && !stepper.asking && <FailedLine failure={stepper.failure} />}
      {may.take(me) && <NextButton detail={detail} stepper={stepper} wide />}
      <div className="row wrap">
        <button type="button" className="bt sm" onClick={() => open(detail.id)} aria-keyshortcuts="O">{t('preview.open')}<Key>O</Key></button>
        {may.take(me) && others.map(({ verb, allowed, whyNot }) => (
          <Action key={verb.code} small label={verbLabel(verb, words)} keyName={keyOf[verb.code] ?? ''}
            whyNot={allowed ? null : of(whyNot)} onPress={() => stepper.use(verb.code)} />
        ))}
      </div>
    </div>
  );
}
