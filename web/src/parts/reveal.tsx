// 查看原文: fields and a purpose first, then the values for a while; recorded before they are seen.
import { Checkbox, Modal, Radio } from 'antd';
import { useEffect, useState, type FormEvent } from 'react';
import { failureOf, post, type Failure } from '../api/client';
import type { Revealed, WarningDetail } from '../api/schema';
import { now, useSecond } from '../state/clock';
import { useWords } from '../words';
import { FailedLine } from './states';

interface RevealProps {
  detail: WarningDetail;
  open: boolean;
  close: () => void;
  /** The record of who looked has one line more. */
  seen: () => void;
}

export function RevealPanel({ detail, open, close, seen }: RevealProps) {
  const { t } = useWords();
  return (
    <Modal open={open} onCancel={close} footer={null} width={440} destroyOnHidden
      title={t('reveal.title', { number: detail.number })}>
      {open && <Panel detail={detail} close={close} seen={seen} />}
    </Modal>
  );
}

function Panel({ detail, close, seen }: Omit<RevealProps, 'open'>) {
  const { t, of } = useWords();
  const [fields, setFields] = useState<string[]>(['number']);
  const [purpose, setPurpose] = useState('contact');
  const [note, setNote] = useState('');
  const [shown, setShown] = useState<Revealed | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);

  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      setShown(await post<Revealed>(`/v1/warnings/${detail.id}/reveal`, { fields, purpose, note }));
      seen();
    } catch (error) {
      setFailure(failureOf(error));
    }
    setBusy(false);
  };

  if (shown) return <Values detail={detail} shown={shown} close={close} />;
  return (
    <form className="ask" onSubmit={(event) => void send(event)}>
      <fieldset>
        <legend>{t('reveal.fields')}</legend>
        <Checkbox.Group value={fields} onChange={setFields}
          options={detail.revealable.map((f) => ({ value: f.code, label: of(f) }))} />
      </fieldset>
      <fieldset>
        <legend>{t('reveal.purpose')}</legend>
        <Radio.Group value={purpose} onChange={(e) => setPurpose(e.target.value as string)}
          options={detail.purposes.map((p) => ({ value: p.code, label: of(p) }))} />
      </fieldset>
      {purpose === 'other' && (
        <label>{t('reveal.note')}
          <textarea rows={2} maxLength={500} value={note} autoFocus onChange={(e) => setNote(e.target.value)} />
        </label>
      )}
      <p className="nt">{t('reveal.recorded')}</p>
      {failure && <FailedLine failure={failure} />}
      <div className="row">
        <span className="sp" />
        <button type="button" className="bt" onClick={close}>{t('ask.back')}</button>
        <button type="submit" className="bt p" disabled={busy || !fields.length}>{t('reveal.show')}</button>
      </div>
    </form>
  );
}

/** Shown until the time is up; copying is kept for documents. */
function Values({ detail, shown, close }: { detail: WarningDetail; shown: Revealed; close: () => void }) {
  const { t, of } = useWords();
  const [since] = useState(now);
  useSecond();
  const until = Date.parse(shown.until);
  const left = Math.max(0, until - now());
  useEffect(() => {
    if (!left) close();
  }, [left, close]);
  return (
    <div className="ask">
      <dl className="kv revealed" onCopy={(event) => event.preventDefault()}>
        {detail.revealable.filter((f) => f.code in shown.values).map((f) => (
          <div key={f.code}><dt>{of(f)}</dt><dd className="mono">{shown.values[f.code] || t('reveal.none')}</dd></div>
        ))}
      </dl>
      <div className="running" role="timer" aria-live="off">
        <i style={{ width: `${Math.min(100, (100 * left) / Math.max(1, until - since))}%` }} />
      </div>
      <div className="row"><span className="x">{t('reveal.left', { n: Math.ceil(left / 1000) })}</span><span className="sp" />
        <button type="button" className="bt" onClick={close} autoFocus>{t('reveal.hide')}</button></div>
    </div>
  );
}
