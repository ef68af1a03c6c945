// What an act asks before it is done: a reason, and for a mute whom it quiets and until when.
import { Modal } from 'antd';
import { useState, type FormEvent } from 'react';
import { failureOf, post, type Failure } from '../../api/client';
import type { SnoozeView, VersionView } from '../../api/schema';
import { localInput, ofLocalInput } from '../../format/time';
import { FailedLine } from '../../parts/states';
import { now } from '../../state/clock';
import { useWords } from '../../words';

export interface Asking { verb: string; label: string; version: number; state: string; needsNote: boolean }

interface ActProps { asking: Asking | null; view: VersionView; close: () => void; act: (verb: string, version: number, state: string, note: string) => Promise<boolean> }

export function ActDialog({ asking, view, close, act }: ActProps) {
  return (
    <Modal open={Boolean(asking)} onCancel={close} footer={null} width={480} destroyOnHidden title={asking?.label ?? ''}>
      {asking && <ActForm asking={asking} view={view} close={close} act={act} />}
    </Modal>
  );
}

function ActForm({ asking, view, close, act }: ActProps & { asking: Asking }) {
  const { t, of } = useWords();
  const [note, setNote] = useState('');
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (asking.needsNote && !note.trim()) return;
    setBusy(true);
    try {
      await act(asking.verb, asking.version, asking.state, note);
      close();
    } catch (error) {
      setFailure(failureOf(error));
      setBusy(false);
    }
  };
  return (
    <form className="ask" onSubmit={(event) => void send(event)}>
      {asking.verb === 'publish' && <p className="nt">{of(view.effect)} {of(view.watch)}</p>}
      <label>{t(asking.needsNote ? 'ask.note' : 'ask.note_free')}
        <textarea rows={3} maxLength={500} value={note} autoFocus required={asking.needsNote} onChange={(e) => setNote(e.target.value)} />
      </label>
      {failure && <FailedLine failure={failure} />}
      <div className="row"><span className="sp" /><button type="submit" className="bt p" disabled={busy || (asking.needsNote && !note.trim())}>{asking.label}</button></div>
    </form>
  );
}

const WEEK_MS = 7 * 86_400_000;

export function MuteDialog({ rule, open, close, done }: { rule: string; open: boolean; close: () => void; done: () => void }) {
  const { t } = useWords();
  return (
    <Modal open={open} onCancel={close} footer={null} width={480} destroyOnHidden title={t('workshop.mute_title')}>
      {open && <MuteForm rule={rule} done={() => { done(); close(); }} />}
    </Modal>
  );
}

function MuteForm({ rule, done }: { rule: string; done: () => void }) {
  const { t } = useWords();
  const [about, setAbout] = useState<'subject' | 'area' | 'all'>('subject');
  const [whom, setWhom] = useState('');
  const [until, setUntil] = useState(localInput(now() + WEEK_MS));
  const [note, setNote] = useState('');
  const [failure, setFailure] = useState<Failure | null>(null);
  const at = ofLocalInput(until);
  const ready = at !== null && note.trim() && (about === 'all' || whom.trim());
  const send = (event: FormEvent): void => {
    event.preventDefault();
    if (!ready || at === null) return;
    const body = { until: new Date(at).toISOString(), note, subject: about === 'subject' ? whom.trim() : null, area: about === 'area' ? whom.trim() : null };
    post<SnoozeView>(`/v1/workshop/rules/${rule}/snoozes`, body).then(done, (error: unknown) => setFailure(failureOf(error)));
  };
  return (
    <form className="ask" onSubmit={send}>
      <fieldset className="ws-radios"><legend>{t('workshop.mute_for')}</legend>
        {(['subject', 'area', 'all'] as const).map((kind) => (
          <label key={kind}><input type="radio" name="about" checked={about === kind} onChange={() => setAbout(kind)} /> {t(`workshop.mute_${kind}`)}</label>
        ))}
      </fieldset>
      {about !== 'all' && <label>{t(`workshop.mute_${about}_hint`)}<input value={whom} autoComplete="off" maxLength={64} aria-invalid={['subject', 'area'].includes(failure?.problem.field ?? '')} onChange={(e) => setWhom(e.target.value)} /></label>}
      <label>{t('workshop.mute_until')}<input value={until} aria-invalid={at === null} onChange={(e) => setUntil(e.target.value)} /></label>
      <label>{t('ask.note')}<textarea rows={2} maxLength={500} value={note} onChange={(e) => setNote(e.target.value)} /></label>
      {failure && <FailedLine failure={failure} />}
      <div className="row"><span className="sp" /><button type="submit" className="bt p" disabled={!ready}>{t('workshop.mute_do')}</button></div>
    </form>
  );
}
