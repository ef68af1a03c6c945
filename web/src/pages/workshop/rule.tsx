// A rule's version: is it better, for whom, at what cost? Draft, replay, shadow, publish.
import { useEffect, useState } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router';
import { failureOf, post, type Failure } from '../../api/client';
import type { NameInfo, RuleView, SnoozeView, VersionView } from '../../api/schema';
import { hms } from '../../format/time';
import { Action, Grey } from '../../parts/marks';
import { Failed, FailedLine } from '../../parts/states';
import { useKeys } from '../../state/keys';
import { may } from '../../state/may';
import { useMe } from '../../state/signed-in';
import { useWords } from '../../words';
import { ActDialog, MuteDialog, type Asking } from './acts';
import { LiveBoard } from './board';
import { Cases } from './cases';
import { Daily } from './daily';
import { Editor } from './editor';
import { Explain } from './explain';
import { RuleFields } from './fields';
import { Gates } from './gates';
import { RehearsalPane } from './rehearsal';
import { Stages } from './stages';
import { RuleRail } from './rule-rail';
import { nextAct, OTHER_ACTS } from './steps';
import { useCheck } from './use-check';
import { useDraft } from './use-draft';
import { useChannels } from './use-rules';
import { useVersion, type Opened } from './use-version';
import './workshop.css';

export default function RulePage() {
  const { rule = '' } = useParams();
  const [search] = useSearchParams();
  const wanted = Number(search.get('v')) || null;
  const opened = useVersion(rule, wanted);
  const { view, failure, reload } = opened;
  return (
    <>
      {view ? <Version key={view.rule.id} opened={opened} view={view} /> : failure ? <Failed failure={failure} retry={reload} /> : <Coming id={rule} />}
    </>
  );
}

function Coming({ id }: { id: string }) {
  const { t } = useWords();
  return (
    <>
      <div className="hd"><h1>{t('workshop.title')}</h1></div>
      <div className="ws" aria-busy="true">
        <RuleRail current={id} asked={0} />
        <div className="ws-col">{[120, 260, 160].map((h) => <section key={h} className="pn" style={{ minHeight: h }}><div className="t"><Grey width={120} /></div></section>)}</div>
        <section className="pn ws-side"><div className="t"><Grey width={90} /></div></section>
      </div>
    </>
  );
}

function Version({ opened, view }: { opened: Opened; view: VersionView }) {
  const { t, of } = useWords();
  const me = useMe();
  const navigate = useNavigate();
  const { rule, act, reload, readAt, busy } = opened;
  const draft = useDraft(`${view.rule.id}@${view.version}`, view.rule);
  const channels = useChannels();
  const checking = useCheck(view.rule.channel, draft.body.when, { text: view.rule.when, checked: view.check });
  const [asking, setAsking] = useState<Asking | null>(null);
  const [muting, setMuting] = useState(false);
  const [name, setName] = useState<NameInfo | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [touched, setTouched] = useState(0);
  const title = of({ zh: view.rule.title_zh, en: view.rule.title_en });
  useEffect(() => { document.title = t('workshop.rule_title', { rule: title }); }, [t, title]);
  useEffect(() => setFailure(null), [view.version]);

  const writes = may.draft(me);
  const go = (version: number): void => void navigate(`/workshop/${view.rule.id}?v=${version}`);
  const save = async (): Promise<VersionView | null> => {
    const made = writes && draft.dirty && !draft.busy ? await draft.save() : null;
    if (made) {
      setTouched((n) => n + 1);
      go(made.version);
    }
    return made;
  };
  const run = async (verb: string, version: number, state: string): Promise<void> => {
    try {
      await act(verb, version, state);
      setFailure(null);
      setTouched((n) => n + 1);
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  const replay = async (): Promise<void> => {
    if (draft.dirty) {
      const made = await save();
      if (made) await run('replay', made.version, made.state.code);
    } else if (mayReplay && !replaying) await run('replay', view.version, view.state.code);
  };
  const mayReplay = writes && (draft.dirty || view.verbs.some((v) => v.verb === 'replay'));
  const replaying = !draft.dirty && (view.rehearsal?.state === 'asked' || view.rehearsal?.state === 'running');
  const step = nextAct(view, draft.dirty, me);
  const press = (): void => {
    if (!step || step.whyNot || busy) return;
    if (step.verb === 'save') void save();
    else if (step.verb === 'replay') void replay();
    else if (step.verb === 'publish') ask('publish', t('workshop.publish_v', { n: view.version }), false);
    else void run(step.verb, view.version, view.state.code);
  };
  const ask = (verb: string, label: string, needsNote: boolean, version = view.version, state = view.state.code): void => setAsking({ verb, label, needsNote, version, state });
  useKeys({ 'Ctrl+s': () => void save(), 'Ctrl+Enter': () => void replay(), p: () => { if (step && step.verb !== 'save' && step.verb !== 'replay') press(); } }, !asking && !muting, ['Ctrl+s', 'Ctrl+Enter']);

  const endMute = (s: SnoozeView): void => {
    post<SnoozeView>(`/v1/workshop/snoozes/${s.id}/end`).then(reload, (error: unknown) => setFailure(failureOf(error)));
  };
  const before = view.state.code === 'live' ? view.rule.when.split('\n') : view.replaces ? view.diff.filter((l) => !l.changed).map((l) => l.text) : null;
  const against = view.state.code === 'live' ? view.version : view.replaces;
  const shown = failure ?? draft.failure ?? opened.failure;
  return (
    <>
      <div className="hd ws-hd">
        <h1>{t('workshop.title')}</h1><b>{title}</b>
        <Versions rule={rule} view={view} go={go} />
        <Stages view={view} dirty={draft.dirty} />
        <span className="sp" />
        {mayReplay && step?.verb !== 'replay' && <Action label={t('workshop.replay')} keyName="Ctrl Enter" busy={busy || replaying} onPress={() => void replay()} />}
        {step && <Action primary label={of(step.words)} keyName={step.verb === 'save' ? 'Ctrl S' : step.verb === 'replay' ? 'Ctrl Enter' : 'P'} busy={busy || (step.verb === 'replay' && replaying)} whyNot={step.whyNot ? of(step.whyNot) : null} onPress={press} />}
      </div>
      {shown && <div className="lines"><FailedLine failure={shown} />{opened.failure && <p className="x s">{t('workshop.as_of', { at: hms(readAt) })}</p>}</div>}
      <div className="ws">
        <RuleRail current={view.rule.id} asked={touched} />
        <div className="ws-col">
          <section className="pn">
            <div className="t">
              <h2>{t('workshop.condition')}</h2>
              <span className="x">{against ? t('workshop.tinted', { n: against }) : t('workshop.first_version')}</span>
              <span className="sp" />
              {draft.dirty && <span className="tag w">{t('workshop.unsaved')}</span>}
              {draft.dirty && <button type="button" className="link s" onClick={draft.discard}>{t('workshop.discard')}</button>}
              <Verdict checking={checking} text={draft.body.when} />
            </div>
            <Editor channel={view.rule.channel} text={draft.body.when} set={(when) => draft.set({ ...draft.body, when })} checking={checking} before={before} readOnly={!writes} explain={setName} />
            <details className="ws-more"><summary>{t('workshop.words_and_score')}</summary>
              <RuleFields body={draft.body} set={draft.set} channels={channels} fresh={false} readOnly={!writes} wrong={draft.wrong} />
            </details>
          </section>
          <RehearsalPane view={view} />
          <Daily daily={view.daily} />
          {view.live_version !== null && <LiveBoard rule={view.rule.id} version={view.live_version} />}
          {view.rehearsal?.state === 'done' && <Cases rule={view.rule.id} version={view.version} rehearsal={view.rehearsal.id} mayJudge={may.judge(me) && view.may_judge} judged={reload} />}
        </div>
        <section className="pn ws-side" aria-label={t('workshop.gates')}>
          <Gates view={view} rule={rule} mayMute={may.judge(me)} endMute={endMute} />
          <div className="ws-foot">
            {OTHER_ACTS.map((verb) => view.verbs.find((v) => v.verb === verb)).map((v) => v && (
              <button key={v.verb} type="button" className="bt wide" onClick={() => ask(v.verb, `${of(v)} v${view.version}`, v.needs.includes('note'))}>{of(v)} v{view.version}…</button>
            ))}
            {view.state.code === 'submitted' && !view.verbs.some((v) => v.verb === 'publish') && (
              <Action wide label={t('workshop.publish_waits', { n: view.version })} whyNot={t('workshop.second_person')} onPress={() => undefined} />
            )}
            {view.live_version !== null && may.judge(me) && (
              <button type="button" className="bt wide" onClick={() => ask('roll_back', t('workshop.roll_back_v', { n: view.live_version ?? 0 }), true, view.live_version ?? 0, 'live')}>{t('workshop.roll_back_v', { n: view.live_version })}…</button>
            )}
            {may.judge(me) && <button type="button" className="bt wide" onClick={() => setMuting(true)}>{t('workshop.mute')}</button>}
          </div>
        </section>
      </div>
      <ActDialog asking={asking} view={view} close={() => setAsking(null)} act={async (...given) => {
        const done = await act(...given);
        setTouched((n) => n + 1);
        return done;
      }} />
      <MuteDialog rule={view.rule.id} open={muting} close={() => setMuting(false)} done={reload} />
      <Explain channel={view.rule.channel} name={name} close={() => setName(null)} />
    </>
  );
}

export function Verdict({ checking, text }: { checking: ReturnType<typeof useCheck>; text: string }) {
  const { t } = useWords();
  if (!checking || checking.text !== text) return <span className="tag">{t('workshop.checking')}</span>;
  if (!checking.checked) return <span className="tag w">{t('workshop.unchecked')}</span>;
  return checking.checked.ok ? <span className="tag ok">✓ {t('workshop.checked')}</span> : <span className="tag u">! {t('workshop.faulty')}</span>;
}

function Versions({ rule, view, go }: { rule: RuleView | null; view: VersionView; go: (version: number) => void }) {
  const { t, of } = useWords();
  return (
    <select className="ws-versions" aria-label={t('workshop.version')} value={view.version} onChange={(e) => go(Number(e.target.value))}>
      {(rule?.versions ?? [{ version: view.version, state: view.state }]).map((v) => <option key={v.version} value={v.version}>{`v${v.version} ${of(v.state)}`}</option>)}
    </select>
  );
}
