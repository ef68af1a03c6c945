// `?`: every key of the console on one page.
import { Modal } from 'antd';
import { useWords, type Word } from '../words';
import { Key } from './marks';

const KEYS: { title: Word; keys: [string, Word][] }[] = [
  { title: 'keys.everywhere', keys: [
    ['/', 'keys.search'], ['?', 'keys.help'], ['N', 'keys.next'], ['g w', 'keys.go_warnings'],
    ['g s', 'keys.go_situation'], ['g p', 'keys.go_platform'], ['g a', 'keys.go_analysis'], ['g b', 'keys.go_blocking'], ['g u', 'keys.go_publicity'], ['Esc', 'keys.back'], ['T', 'keys.table'],
  ] },
  { title: 'keys.queue', keys: [
    ['J', 'keys.down'], ['K', 'keys.up'], ['Enter', 'keys.sign'], ['O', 'keys.open'], ['A', 'keys.reassign'],
    ['F', 'keys.false_alarm'], ['R', 'keys.merge'], ['1–4', 'keys.grades'], ['P', 'keys.preview'],
  ] },
  { title: 'keys.desk', keys: [
    ['1–6', 'keys.outcome'], ['Space', 'keys.next_line'], ['Backspace', 'keys.last_line'], ['Q W E T', 'keys.answer'],
    ['I', 'keys.note'], ['Ctrl Z', 'keys.undo'], ['Alt 1–6', 'keys.outcome_in_note'],
  ] },
  { title: 'keys.blocking', keys: [
    ['C', 'keys.propose'], ['F', 'keys.find'], ['J', 'keys.down'], ['K', 'keys.up'], ['O', 'keys.open'],
    ['Enter', 'keys.do_next'], ['L', 'keys.lift'], ['Ctrl Enter', 'keys.send_form'],
  ] },
  { title: 'keys.workshop', keys: [
    ['C', 'keys.new_rule'], ['Ctrl S', 'keys.save_draft'], ['Ctrl Enter', 'keys.replay'], ['P', 'keys.submit'],
    ['Y', 'keys.judge_true'], ['N', 'keys.judge_false'],
  ] },
];

export function KeyHelp({ open, close }: { open: boolean; close: () => void }) {
  const { t } = useWords();
  return (
    <Modal open={open} onCancel={close} footer={null} width={760} title={t('keys.title')} destroyOnHidden>
      <div className="keys">
        {KEYS.map((group) => (
          <section key={group.title}>
            <h3>{t(group.title)}</h3>
            <dl>
              {group.keys.map(([key, word]) => (
                <div key={key}><dt><Key>{key}</Key></dt><dd>{t(word)}</dd></div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p className="x s">{t('keys.off_hint')}</p>
    </Modal>
  );
}
