// The call desk: what do I say now? Steps, answers, facts, note; one key ends it.
import { useEffect, useRef, useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { failureOf, get, type Failure } from '../../api/client';
import type { Script, WarningDetail } from '../../api/schema';
import { Grey } from '../../parts/marks';
import { Failed, FailedLine } from '../../parts/states';
import { VerbDialog } from '../../parts/verb-dialog';
import { now } from '../../state/clock';
import { useWarning } from '../../state/details';
import { draftOf, dropDraft, keepDraft, type Draft } from '../../state/drafts';
import { useKeys } from '../../state/keys';
import { inCall } from '../../state/outcomes';
import { takeNext, useStepper } from '../../state/stepper';
import { useWords } from '../../words';
import { CallBar } from './bar';
import { Facts } from './facts';
import { Notes } from './notes';
import { Outcomes, Recorded } from './outcomes';
import { ScriptPane } from './script';
import { useOutcomes } from './use-outcomes';
import './call.css';

export default function CallPage() {
  const { id = '' } = useParams();
  const { t } = useWords();
  const opened = useWarning(id);
  const script = useScript(id);
  const { detail } = opened;
  useEffect(() => { if (detail) document.title = t('desk.page_title', { number: detail.number }); }, [detail, t]);
  if (opened.failure && (!detail || opened.moved || opened.failure.status === 404)) {
    return <div className="pn page-fail"><Failed failure={opened.failure} retry={opened.reload} /></div>;
  }
  if (!detail) return <div className="cb" aria-busy="true"><Grey width={200} /></div>;
  return <Desk key={id} detail={detail} opened={opened} script={script.script} failure={script.failure} />;
}

interface DeskProps {
  detail: WarningDetail;
  opened: ReturnType<typeof useWarning>;
  script: Script | null;
  failure: Failure | null;
}

function Desk({ detail, opened, script, failure }: DeskProps) {
  const navigate = useNavigate();
  const stepper = useStepper(opened);
  const [draft, setDraft] = useState<Draft>(() => draftOf(detail.id));
  const [step, setStep] = useState(0);
  const [answer, setAnswer] = useState<string | null>(null);
  const [taking, setTaking] = useState<Failure | null>(null);
  const [nothing, setNothing] = useState(false);
  const note = useRef<HTMLTextAreaElement>(null);
  const change = (next: Draft): void => {
    keepDraft(detail.id, next);
    setDraft(next);
  };
  const outcomes = useOutcomes({
    detail, opened, draft, script,
    wantNote: () => note.current?.focus(),
    done: () => {
      dropDraft(detail.id);
      setDraft({ note: '', ticked: {} });
    },
  });
  const steps = script?.steps.length ?? 0;
  const turn = (by: number): void => setStep((at) => Math.max(0, Math.min(steps - 1, at + by)));
  const tick = (key: string): void => {
    const { [key]: was, ...rest } = draft.ticked;
    change({ ...draft, ticked: was === undefined ? { ...rest, [key]: now() } : rest });
  };
  const leave = (): void => void navigate(`/warnings/${detail.id}`);
  const next = (): void => {
    setTaking(null);
    takeNext().then(
      (taken) => (taken ? void navigate(`/warnings/${taken.id}`) : setNothing(true)),
      (error: unknown) => setTaking(failureOf(error)),
    );
  };

  const keys = Object.fromEntries(outcomes.list.flatMap((o) => [
    [o.key, () => outcomes.press(o.code)], [`Alt+${o.key}`, () => outcomes.press(o.code)],
  ]));
  const answers = Object.fromEntries((script?.answers ?? []).map((a) => [
    a.key.toLowerCase(), () => setAnswer((was) => (was === a.key ? null : a.key)),
  ]));
  useKeys({
    ...keys, ...answers,
    ' ': () => turn(1), Backspace: () => turn(-1),
    i: () => note.current?.focus(),
    Enter: () => (outcomes.selected ? outcomes.record() : inCall(detail) ? undefined : stepper.next()),
    'Ctrl+z': outcomes.undo,
    ...(outcomes.recorded ? { n: next } : {}),
    Escape: () => (outcomes.selected ? outcomes.deselect() : leave()),
  }, !outcomes.paying && !stepper.asking, outcomes.list.map((o) => `Alt+${o.key}`));

  return (
    <div className="desk">
      <CallBar detail={detail} stepper={stepper} leave={leave} reload={opened.reload} />
      <div className="d-grid">
        <Facts detail={detail} script={script} />
        {script
          ? <ScriptPane script={script} step={step} go={setStep} ticked={draft.ticked} tick={tick} answer={answer} pick={setAnswer} />
          : <section className="pn">{failure ? <Failed failure={failure} /> : <p className="c"><Grey width={420} /></p>}</section>}
        <Notes detail={detail} script={script} draft={draft} change={change} field={note} asked={outcomes.noteWanted} />
      </div>
      {(outcomes.failure ?? stepper.failure ?? taking) && (
        <div className="d-fail"><FailedLine failure={(outcomes.failure ?? stepper.failure ?? taking) as Failure} /></div>
      )}
      {outcomes.recorded
        ? <Recorded detail={detail} outcomes={outcomes} next={next} leave={() => void navigate('/warnings')} nothing={nothing} />
        : <Outcomes detail={detail} outcomes={outcomes} />}
      <VerbDialog detail={detail} stepper={stepper} />
    </div>
  );
}

function useScript(id: string): { script: Script | null; failure: Failure | null } {
  const [found, setFound] = useState<{ script: Script | null; failure: Failure | null }>({ script: null, failure: null });
  useEffect(() => {
    const stop = new AbortController();
    get<Script>(`/v1/warnings/${id}/script`, stop.signal).then(
      (script) => setFound({ script, failure: null }),
      (error: unknown) => { if (!stop.signal.aborted) setFound({ script: null, failure: failureOf(error) }); },
    );
    return () => stop.abort();
  }, [id]);
  return found;
}
