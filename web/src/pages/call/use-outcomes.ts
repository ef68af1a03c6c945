// Recording how a call ended: select, confirm, ask for what is needed, take back.
import { useCallback, useEffect, useRef, useState } from 'react';
import { failureOf, type Failure } from '../../api/client';
import type { Act, AlreadyPaid, Script, WarningDetail } from '../../api/schema';
import { now } from '../../state/clock';
import type { Opened } from '../../state/details';
import type { Draft } from '../../state/drafts';
import { announce } from '../../state/live-region';
import { inCall, outcomesOf, press, SELECTED_MS, UNDO_MS, type Outcome, type Selected } from '../../state/outcomes';
import { useMe } from '../../state/signed-in';
import { useWords } from '../../words';

interface Given {
  detail: WarningDetail;
  opened: Opened;
  draft: Draft;
  script: Script | null;
  wantNote: () => void;
  done: () => void;
}

export interface OutcomesView {
  list: Outcome[];
  selected: Selected | null;
  recorded: { code: string; at: number } | null;
  failure: Failure | null;
  noteWanted: boolean;
  paying: boolean;
  busy: boolean;
  press: (code: string) => void;
  record: () => void;
  deselect: () => void;
  pay: (paid: AlreadyPaid) => void;
  cancelPay: () => void;
  undo: () => void;
}

export function useOutcomes({ detail, opened, draft, script, wantNote, done }: Given): OutcomesView {
  const me = useMe();
  const { of, t } = useWords();
  const [selected, setSelected] = useState<Selected | null>(null);
  const [recorded, setRecorded] = useState<{ code: string; at: number } | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [noteWanted, setNoteWanted] = useState(false);
  const [paying, setPaying] = useState(false);
  const [busy, setBusy] = useState(false);
  const sending = useRef(false);
  const list = outcomesOf(detail, me);

  useEffect(() => {
    if (!selected) return;
    const timer = setTimeout(() => setSelected(null), SELECTED_MS + 100);
    return () => clearTimeout(timer);
  }, [selected]);
  useEffect(() => { if (draft.note.trim()) setNoteWanted(false); }, [draft.note]);

  const send = useCallback(async (code: string, extra: Partial<Act>): Promise<boolean> => {
    if (sending.current) return false;
    sending.current = true;
    setBusy(true);
    setFailure(null);
    try {
      const after = await opened.act(code, {
        note: '', unit: null, owner: null, grade: null, paid: null, agreed: [], expected_state: detail.state.code, ...extra,
      });
      announce(`${after.number} ${of(after.state)}`);
      return true;
    } catch (error) {
      setFailure(failureOf(error));
      return false;
    } finally {
      sending.current = false;
      setBusy(false);
      setSelected(null);
    }
  }, [opened, detail.state.code, of]);

  const finish = async (code: string, paid: AlreadyPaid | null): Promise<void> => {
    const { note, agreed } = written(draft, script, t('desk.confirmed'), t('enumeration'), of);
    if (await send(code, { note, agreed, paid })) {
      setRecorded({ code, at: now() });
      setPaying(false);
      done();
    }
  };

  const choose = (code: string): void => {
    const found = list.find((o) => o.code === code);
    if (!inCall(detail) || !found?.possible?.allowed || recorded) return;
    const pressed = press(code, selected, now());
    setNoteWanted(false);
    if (pressed.kind === 'ask_paid') {
      setSelected(null);
      return setPaying(true);
    }
    if (found.possible.verb.needs.includes('note') && !draft.note.trim()) {
      setNoteWanted(true);
      return wantNote();
    }
    if (pressed.kind === 'select') setSelected(pressed.selected);
    else void finish(code, null);
  };

  const undo = (): void => {
    if (!recorded || now() - recorded.at > UNDO_MS || !detail.verbs.some((v) => v.code === 'undo')) return;
    void send('undo', {}).then((undone) => { if (undone) setRecorded(null); });
  };

  return {
    list, selected, recorded, failure, noteWanted, paying, busy, undo,
    press: choose,
    record: () => { if (selected) void finish(selected.code, null); },
    deselect: () => setSelected(null),
    pay: (paid) => void finish('record_already_paid', paid),
    cancelPay: () => setPaying(false),
  };
}

/** What is written down: the note, what was seen to be so, and what the person agreed to. */
function written(
  draft: Draft, script: Script | null, confirmed: string, comma: string, of: (both: { zh: string; en: string }) => string,
): { note: string; agreed: string[] } {
  const agreed: string[] = [];
  const seen: string[] = [];
  script?.steps.forEach((step, i) => {
    step.checks.forEach((check, j) => {
      if (`${i}/${j}` in draft.ticked) (i === script.steps.length - 1 ? agreed : seen).push(of(check));
    });
  });
  const line = seen.length ? `${confirmed}${seen.join(comma)}` : '';
  return { note: [draft.note.trim(), line].filter(Boolean).join('\n').slice(0, 2000), agreed };
}
