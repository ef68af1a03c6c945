// What a press does to an opened warning: the next step, another verb, the fields it asks for.
import { useCallback, useEffect, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { failureOf, post, type Failure } from '../api/client';
import type { Act, VerbView, WarningDetail, WarningRow } from '../api/schema';
import { keep, type Opened } from './details';
import { useMe } from './signed-in';
import { nextStep, possible, type NextStep } from './verbs';

export interface Stepper {
  step: NextStep;
  busy: boolean;
  /** Why the last press did not do what it should; gone with the next press. */
  failure: Failure | null;
  /** The verb whose fields are being asked for. */
  asking: VerbView | null;
  /** The one filled button. */
  next: () => void;
  /** Another verb: done at once, or asked for its fields first. */
  use: (code: string) => void;
  /** The asked-for fields are there. */
  answer: (body: Partial<Act>) => Promise<boolean>;
  cancel: () => void;
}

const deskOf = (id: string): string => `/warnings/${id}/call`;

/** `changed` hears of every warning that a verb has changed. */
export function useStepper(opened: Opened, changed?: (row: WarningRow) => void): Stepper {
  const me = useMe();
  const navigate = useNavigate();
  const { detail, act } = opened;
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [asking, setAsking] = useState<VerbView | null>(null);
  const pressed = useRef(false);
  const id = detail?.id;
  useEffect(() => {
    setFailure(null);
    setAsking(null);
  }, [id]);

  const run = useCallback(async (call: () => Promise<unknown>): Promise<boolean> => {
    // A second press while the first is on its way is the same press.
    if (pressed.current) return false;
    pressed.current = true;
    setBusy(true);
    setFailure(null);
    try {
      await call();
      return true;
    } catch (error) {
      setFailure(failureOf(error));
      return false;
    } finally {
      pressed.current = false;
      setBusy(false);
    }
  }, []);

  const apply = useCallback(async (verb: string, from: WarningDetail, body: Partial<Act> = {}) => {
    const after = await act(verb, { ...NOTHING, ...body, expected_state: from.state.code });
    changed?.(after);
    return after;
  }, [act, changed]);

  const step: NextStep = detail ? nextStep(detail, me) : { kind: 'none' };
  const next = (): void => {
    if (!detail || step.kind === 'none') return;
    if (step.kind === 'desk') return void navigate(deskOf(detail.id));
    const { verb, allowed } = step.step;
    if (!allowed) return;
    if (verb.code === 'sign' || verb.code === 'start_contact') {
      void run(async () => {
        const signed = verb.code === 'sign' ? await apply('sign', detail) : detail;
        await apply('start_contact', signed);
        void navigate(deskOf(detail.id));
      });
    } else if (verb.needs.length) setAsking(verb);
    else void run(() => apply(verb.code, detail));
  };

  const use = (code: string): void => {
    const verb = detail?.verbs.find((v) => v.code === code);
    if (!detail || !verb || !possible(detail, verb, me).allowed) return;
    setFailure(null);
    if (verb.needs.length) setAsking(verb);
    else void run(() => apply(code, detail));
  };

  const answer = async (body: Partial<Act>): Promise<boolean> => {
    if (!detail || !asking) return false;
    const done = await run(() => apply(asking.code, detail, body));
    if (done) setAsking(null);
    return done;
  };

  return { step, busy, failure, asking, next, use, answer, cancel: () => setAsking(null) };
}

const NOTHING: Omit<Act, 'expected_state'> = {
  note: '', unit: null, owner: null, grade: null, paid: null, agreed: [],
};

/** The most pressing warning that I may take: taken, signed, mine. Null: nothing waits. */
export async function takeNext(): Promise<WarningDetail | null> {
  try {
    return keep(await post<WarningDetail>('/v1/warnings/next'));
  } catch (error) {
    if (failureOf(error).problem.code === 'nothing_waiting') return null;
    throw error;
  }
}
