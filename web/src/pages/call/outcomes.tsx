// The six outcomes with what each will do; the four fields when the money has left; the way back.
import { Modal } from 'antd';
import { useState, type FormEvent } from 'react';
import type { WarningDetail } from '../../api/schema';
import { hms } from '../../format/time';
import { Action, Key } from '../../parts/marks';
import { PaidFields, paidOf, usePaid } from '../../parts/paid-fields';
import { FailedLine } from '../../parts/states';
import { now, useSecond } from '../../state/clock';
import { UNDO_MS } from '../../state/outcomes';
import { inCall } from '../../state/outcomes';
import { useWords, type Word } from '../../words';
import type { OutcomesView } from './use-outcomes';

export function Outcomes({ detail, outcomes }: { detail: WarningDetail; outcomes: OutcomesView }) {
  const { t, of } = useWords();
  const talking = inCall(detail);
  return (
    <>
      <div className="ocs" role="group" aria-label={t('desk.outcomes')}>
        {outcomes.list.map((o) => {
          const chosen = outcomes.selected?.code === o.code;
          const allowed = talking && Boolean(o.possible?.allowed);
          const why = !talking ? t('desk.call_first') : o.possible ? of(o.possible.whyNot) : t('desk.not_in_state', { state: of(detail.state) });
          return (
            <button key={o.code} type="button" className={chosen ? 'oc on' : 'oc'} aria-pressed={chosen} aria-disabled={!allowed || undefined}
              aria-keyshortcuts={o.key} onClick={() => outcomes.press(o.code)}>
              <Key>{o.key}</Key>
              <span><b>{t(`outcome.${o.code}` as Word)}</b><br />
                <small className={chosen ? '' : 'x'}>{chosen ? t('desk.again', { key: o.key }) : allowed ? t(`then.${o.code}` as Word) : why}</small></span>
            </button>
          );
        })}
      </div>
      <Modal open={outcomes.paying} onCancel={outcomes.cancelPay} footer={null} width={520} destroyOnHidden title={t('paid.title', { number: detail.number })}>
        {outcomes.paying && <Pay detail={detail} outcomes={outcomes} />}
      </Modal>
    </>
  );
}

function Pay({ detail, outcomes }: { detail: WarningDetail; outcomes: OutcomesView }) {
  const { t } = useWords();
  const [paid, setPaid] = usePaid(detail);
  const [missing, setMissing] = useState<readonly string[]>([]);
  const send = (event: FormEvent): void => {
    event.preventDefault();
    const checked = paidOf(paid);
    if (!checked.ok) return setMissing(checked.wrong);
    setMissing([]);
    outcomes.pay(checked.paid);
  };
  return (
    <form className="ask" onSubmit={send} noValidate>
      <PaidFields paid={paid} set={setPaid} missing={missing} />
      {outcomes.failure && <FailedLine failure={outcomes.failure} />}
      <div className="row">
        <span className="sp" />
        <button type="button" className="bt" onClick={outcomes.cancelPay}>{t('ask.back')}</button>
        <button type="submit" className="bt p" disabled={outcomes.busy}>{t('paid.save')}</button>
      </div>
    </form>
  );
}

interface RecordedProps {
  detail: WarningDetail;
  outcomes: OutcomesView;
  next: () => void;
  leave: () => void;
  nothing: boolean;
}

/** What was recorded, for how long it can be taken back, and whom to help next. */
export function Recorded({ detail, outcomes, next, leave, nothing }: RecordedProps) {
  const { t, of } = useWords();
  useSecond();
  const { recorded } = outcomes;
  if (!recorded) return null;
  const left = Math.ceil((recorded.at + UNDO_MS - now()) / 1000);
  const undoable = left > 0 && detail.verbs.some((v) => v.code === 'undo' && v.allowed);
  return (
    <div className="recorded" role="status">
      <span className="tag ok">✓ {t(`outcome.${recorded.code}` as Word)}</span>
      <span><b>{t('desk.recorded', { at: hms(recorded.at) })}</b> <span className="d">{detail.clock ? t('desk.due', { verb: of(detail.clock.verb) }) : ''} {nothing ? t('queue.nothing') : ''}</span>
        {recorded.code === 'record_already_paid' && <><br />{t('measures.stop_waits')}</>}</span>
      <span className="sp" />
      {undoable && <Action label={t('desk.undo', { n: left })} keyName="Ctrl Z" onPress={outcomes.undo} />}
      <Action label={t('desk.to_queue')} onPress={leave} />
      <Action label={t('queue.take')} keyName="N" primary onPress={next} />
    </div>
  );
}
