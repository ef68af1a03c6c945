// What a verb asks before it is done: the reason, an end, and what the party will be told.
import { Modal } from 'antd';
import { useState, type FormEvent } from 'react';
import { failureOf, post, type Failure } from '../../api/client';
import type { Verb } from '../../api/schema';
import { localInput, ofLocalInput } from '../../format/time';
import { FailedLine } from '../../parts/states';
import { now } from '../../state/clock';
import { useWords } from '../../words';

interface Props<T> {
  verb: Verb | null;
  /** Names the thing: the title of a dialog that changes something says what. */
  about: string;
  path: string;
  state: string;
  revision: number;
  /** Where an extension begins from. */
  endsAt?: string;
  close: () => void;
  done: (after: T) => void;
}

export function Act<T>(props: Props<T>) {
  const { of } = useWords();
  const { verb, about, close } = props;
  return (
    <Modal open={Boolean(verb)} onCancel={close} footer={null} width={480} destroyOnHidden title={verb ? `${of(verb)} · ${about}` : ''}>
      {verb && <Fields key={verb.code} {...props} verb={verb} />}
    </Modal>
  );
}

const MONTH = 30 * 86_400_000;

function Fields<T>({ verb, path, state, revision, endsAt, close, done }: Props<T> & { verb: Verb }) {
  const { t, of } = useWords();
  const asks = new Set(verb.needs);
  const [note, setNote] = useState('');
  const [reasons, setReasons] = useState('');
  const [until, setUntil] = useState(localInput((endsAt ? Date.parse(endsAt) : now()) + MONTH));
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const at = ofLocalInput(until);
  const lacking = (asks.has('note') && !note.trim()) || (asks.has('reasons') && !reasons.trim()) || (asks.has('until') && at === null);
  const wrong = failure?.problem.field ?? '';
  const send = (event: FormEvent): void => {
    event.preventDefault();
    if (lacking || busy) return;
    setBusy(true);
    const body = {
      verb: verb.code, expected_state: state, expected_revision: revision, note,
      ...(asks.has('reasons') ? { reasons } : {}),
      ...(asks.has('until') && at !== null ? { until: new Date(at).toISOString() } : {}),
    };
    post<T>(path, body).then(
      (after) => { done(after); close(); },
      (error: unknown) => { setFailure(failureOf(error)); setBusy(false); },
    );
  };
  return (
    <form className="ask" onSubmit={send} noValidate>
      {asks.has('second_person') && <p className="nt">{t('blocking.second_person')}</p>}
      {asks.has('until') && <label>{t('blocking.extend_until')}<input value={until} autoFocus aria-invalid={at === null || wrong === 'until'} onChange={(e) => setUntil(e.target.value)} /></label>}
      {asks.has('reasons') && (
        <label>{t('appeals.reasons_told')}
          <textarea rows={4} maxLength={1000} value={reasons} autoFocus aria-invalid={wrong === 'reasons'} onChange={(e) => setReasons(e.target.value)} />
        </label>
      )}
      {(asks.has('note') || !asks.has('reasons')) && (
        <label>{t(asks.has('note') ? 'ask.note' : 'ask.note_free')}
          <textarea rows={3} maxLength={500} value={note} autoFocus={!asks.has('until') && !asks.has('reasons')} aria-invalid={wrong === 'note'} onChange={(e) => setNote(e.target.value)} />
        </label>
      )}
      {failure && <FailedLine failure={failure} />}
      <div className="row">
        <span className="sp" />
        <button type="button" className="bt" onClick={close}>{t('ask.back')}</button>
        <button type="submit" className="bt p" disabled={busy || lacking}>{of(verb)}</button>
      </div>
    </form>
  );
}
