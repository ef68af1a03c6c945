// What a verb asks for before it is done: a note, a unit, a colleague, a grade, the four fields of a stop.
import { Modal, Radio, Select } from 'antd';
import { useEffect, useState, type FormEvent } from 'react';
import { get } from '../api/client';
import type { Act, OwnerBrief, Unit, VerbView, WarningDetail } from '../api/schema';
import { GRADES } from '../state/lists';
import type { Stepper } from '../state/stepper';
import { useWords } from '../words';
import { PaidFields, paidOf, usePaid } from './paid-fields';
import { FailedLine } from './states';
import { verbLabel } from './verb-label';

/** What is asked for beside the fields of a stop, in the order it stands in the dialog. */
const ASKED = ['unit', 'owner', 'grade', 'note'] as const;

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
  const [missing, setMissing] = useState<readonly string[]>([]);
  const units = useChoices<Unit>(asks.has('unit') ? '/v1/units' : null);
  const colleagues = useChoices<OwnerBrief>(asks.has('owner') ? '/v1/colleagues' : null);

  const send = (event: FormEvent): void => {
    event.preventDefault();
    const stop = asks.has('paid') ? paidOf(paid) : null;
    const given = { note: note.trim(), unit, owner, grade };
    const absent: string[] = ASKED.filter((field) => asks.has(field) && !given[field]);
    if (stop && !stop.ok) absent.push(...stop.wrong);
    setMissing(absent);
    if (absent.length || (stop && !stop.ok)) return;
    void stepper.answer({
      note, unit, owner, grade: asks.has('grade') ? grade : null, paid: stop && stop.paid,
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
          aria-invalid={missing.includes('note')} onChange={(e) => setNote(e.target.value)} />
      </label>
      {ASKED.filter((field) => missing.includes(field)).map((field) => (
        <p key={field} className="bad" role="alert">{t(`ask.missing_${field}`)}</p>
      ))}
      {stepper.failure && <FailedLine failure={stepper.failure} />}
      <div className="row">
        <span className="sp" />
        <button type="button" className="bt" onClick={stepper.cancel}>{t('ask.back')}</button>
        <button type="submit" className="bt p" disabled={stepper.busy}>{asks.has('paid') ? t('paid.save') : verbLabel(verb, words)}</button>
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
