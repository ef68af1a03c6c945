// What a verb asks for before it is done: a note, a unit, a colleague, a grade, the four fields of a stop.
import { Modal, Radio, Select } from 'antd';
import { useEffect, useState, type FormEvent } from 'react';
import { get } from '../api/client';
import type { Act, AlreadyPaid, OwnerBrief, Unit, VerbView, WarningDetail } from '../api/schema';
import { GRADES } from '../state/lists';
import type { Stepper } from '../state/stepper';
import { useWords } from '../words';
import { PaidFields, paidOf, usePaid } from './paid-fields';
import { FailedLine } from './states';
import { verbLabel } from './verb-label';

export function VerbDialog({ detail, stepper }: { detail: WarningDetail; stepper: Stepper }) {
  const { asking, cancel } = stepper;
  const words = useWords();
  const { t } = words;
  return (
    <Modal open={Boolean(asking)} onCancel={cancel} footer={null} width={480} destroyOnHidden
      title={asking ? t('ask.title', { verb: verbLabel(asking, words), number: detail.number }) : ''}>
      {asking && <Fields key={asking.code} detail={detail} verb={asking} stepper={stepper} />}
    </Modal>
  );
}

function Fields({ detail, verb, stepper }: { detail: WarningDetail; verb: VerbView; stepper: Stepper }) {
  const words = useWords();
  const { t, of } = words;
  const asks = new Set(verb.needs);
  const [note, setNote] = useState('');
  const [unit, setUnit] = useState<string | null>(null);
  const [owner, setOwner] = useState<string | null>(null);
  const graver = GRADES.slice(0, GRADES.indexOf(detail.grade));
  const [grade, setGrade] = useState<Act['grade']>(graver.at(-1) ?? null);
  const [paid, setPaid] = usePaid(detail);
  const [missing, setMissing] = useState<string | null>(null);
  const units = useChoices<Unit>(asks.has('unit') ? '/v1/units' : null);
  const colleagues = useChoices<OwnerBrief>(asks.has('owner') ? '/v1/colleagues' : null);

  const send = (event: FormEvent): void => {
    event.preventDefault();
    let stop: AlreadyPaid | null = null;
    if (asks.has('paid')) {
      const checked = paidOf(paid);
      if (!checked.ok) return setMissing(checked.field);
      stop = checked.paid;
    }
    if (asks.has('note') && !note.trim()) return setMissing('note');
    if (asks.has('unit') && !unit) return setMissing('unit');
    if (asks.has('owner') && !owner) return setMissing('owner');
    if (asks.has('grade') && !grade) return setMissing('grade');
    setMissing(null);
    void stepper.answer({
      note, unit, owner, grade: asks.has('grade') ? grade : null, paid: stop,
    });
  };

  return (
    <form className="ask" onSubmit={send} noValidate>
      <p className="d">{of(detail.fact)}</p>
      {asks.has('unit') && (
        <label>{t('ask.unit')}
          <Select<string> autoFocus showSearch optionFilterProp="label" value={unit} onChange={setUnit}
            placeholder={t('ask.unit_hint')} loading={!units}
            options={units?.map((u) => ({ value: u.code, label: of(u) })) ?? []} />
        </label>
      )}
      {asks.has('owner') && (
        <label>{t('ask.owner')}
          <Select<string> autoFocus showSearch optionFilterProp="label" value={owner} onChange={setOwner}
            placeholder={t('ask.owner_hint')} loading={!colleagues}
            options={colleagues?.map((c) => ({ value: c.id, label: c.display })) ?? []} />
        </label>
      )}
      {asks.has('grade') && (
        <label>{t('ask.grade')}
          <Radio.Group value={grade} onChange={(e) => setGrade(e.target.value as Act['grade'])}
            options={graver.map((g) => ({ value: g, label: t(`grade.${g}`) }))} />
        </label>
      )}
      {asks.has('paid') && <PaidFields paid={paid} set={setPaid} missing={missing} />}
      <label>{t(asks.has('note') ? 'ask.note' : 'ask.note_free')}
        <textarea rows={3} maxLength={2000} value={note} autoFocus={asks.size === 1 && asks.has('note')}
          aria-invalid={missing === 'note'} onChange={(e) => setNote(e.target.value)} />
      </label>
      {missing && !asks.has('paid') && <p className="bad" role="alert">{t(`ask.missing_${missing}` as 'ask.missing_note')}</p>}
      {stepper.failure && <FailedLine failure={stepper.failure} />}
      <div className="row">
        <span className="sp" />
        <button type="button" className="bt" onClick={stepper.cancel}>{t('ask.back')}</button>
        <button type="submit" className="bt p" disabled={stepper.busy}>{verbLabel(verb, words)}</button>
      </div>
    </form>
  );
}

function useChoices<T>(path: string | null): T[] | null {
  const [found, setFound] = useState<T[] | null>(null);
  useEffect(() => {
    if (path) get<T[]>(path).then(setFound, () => setFound([]));
  }, [path]);
  return found;
}
