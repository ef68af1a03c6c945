// The condition of a rule: coloured, completed and checked while it is typed, what differs tinted.
import { useId, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { NameInfo } from '../../api/schema';
import { useWords } from '../../words';
import { changedLines, pieces, unitsOf, useCompletion, type Checking } from './use-check';

interface Props {
  channel: string;
  text: string;
  set: (text: string) => void;
  checking: Checking | null;
  /** Lines of what is live, to tint what differs; null where there is nothing to differ from. */
  before: readonly string[] | null;
  readOnly: boolean;
  explain: (name: NameInfo) => void;
}

const WORD_BEFORE = /[A-Za-z_][A-Za-z0-9_]*$/;

export function Editor({ channel, text, set, checking, before, readOnly, explain }: Props) {
  const { t, of } = useWords();
  const field = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState<number | null>(null);
  const [chosen, setChosen] = useState(0);
  const listId = useId();
  const faultId = useId();
  const head = caret === null ? '' : text.slice(0, caret);
  const prefix = WORD_BEFORE.exec(head)?.[0] ?? null;
  const offered = useCompletion(channel, readOnly ? null : prefix);
  const open = caret !== null && prefix !== null && offered.length > 0 && !(offered.length === 1 && offered[0]?.text === prefix);
  const lines = text.split('\n');
  const changed = useMemo(() => (before ? changedLines(before, lines) : null), [before, text]);
  const fault = checking?.checked?.fault && checking.text === text ? checking.checked.fault : null;

  const replace = (from: number, to: number, words: string): void => {
    const whole = text.slice(0, from) + words + text.slice(to);
    set(whole);
    setCaret(null);
    const place = from + words.length;
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(place, place);
    });
  };
  const take = (words: string): void => {
    if (caret !== null && prefix !== null) replace(caret - prefix.length, caret, `${words}`);
  };
  const mend = (near: string): void => {
    if (!fault) return;
    const from = unitsOf(text, fault.at);
    const word = /^[A-Za-z_][A-Za-z0-9_]*/.exec(text.slice(from))?.[0] ?? '';
    replace(from, from + word.length, near);
  };
  const press = (event: KeyboardEvent): void => {
    if (!open || event.nativeEvent.isComposing) return;
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const words = offered[chosen]?.text;
    if (step) setChosen((n) => (n + step + offered.length) % offered.length);
    else if ((event.key === 'Enter' && !event.ctrlKey && !event.metaKey) || event.key === 'Tab') { if (words) take(words); }
    else if (event.key === 'Escape') setCaret(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const row = head.split('\n').length;
  const column = head.length - (head.lastIndexOf('\n') + 1) - (prefix?.length ?? 0);
  return (
    <div className="ed">
      <div className="ed-scroll">
        <div className="ed-lines" aria-hidden="true">{lines.map((_, n) => <span key={n}>{n + 1}</span>)}</div>
        <div className="ed-text">
          <div className="ed-tint" aria-hidden="true">{lines.map((line, n) => <span key={n} className={changed?.[n] ? 'new' : ''}>{line || ' '}</span>)}</div>
          <pre aria-hidden="true">{pieces(text, checking).map((p, n) => <span key={n} className={`k-${p.part}${p.fault ? ' wrong' : ''}`}>{p.text}</span>)}{'\n'}</pre>
          <textarea
            ref={field} value={text} readOnly={readOnly} spellCheck={false} autoCapitalize="off" autoComplete="off" wrap="off"
            placeholder="payee_new AND amount_fen >= 5 wan"
            aria-label={t('workshop.condition')} aria-invalid={Boolean(fault)} aria-describedby={fault ? faultId : undefined}
            aria-autocomplete="list" aria-controls={open ? listId : undefined} aria-activedescendant={open ? `${listId}-${chosen}` : undefined}
            onChange={(e) => { set(e.target.value); setCaret(e.target.selectionStart); setChosen(0); }}
            onKeyDown={press} onBlur={() => setCaret(null)} onClick={() => setCaret(null)}
          />
          {open && (
            <ul className="ed-offer" id={listId} role="listbox" aria-label={t('workshop.completion')} style={{ left: `min(${column}ch, 60%)`, top: row * 23 + 4 }}>
              {offered.map((o, n) => (
                <li key={o.text} id={`${listId}-${n}`} role="option" aria-selected={n === chosen}
                  onMouseDown={(e) => { e.preventDefault(); take(o.text); }} onMouseEnter={() => setChosen(n)}>
                  <code>{o.text}</code><span className="x">{of(o)}</span>{o.unit && <span className="tag">{o.unit}</span>}
                </li>
              ))}
            </ul>
          )}
        </div>
      </div>
      {fault && (
        <p className="ed-fault" id={faultId} role="alert">
          <b>{t('workshop.fault_at', { line: text.slice(0, unitsOf(text, fault.at)).split('\n').length })}</b> {of(fault)}
          {!readOnly && fault.near.map((near) => (
            <button key={near} type="button" className="link mono" onClick={() => mend(near)}>{t('workshop.near', { name: near })}</button>
          ))}
        </p>
      )}
      {!fault && (checking?.checked?.names.length ?? 0) > 0 && (
        <p className="ed-names"><span className="x s">{t('workshop.names_used')}</span>
          {checking?.checked?.names.map((name) => (
            <button key={name.name} type="button" className="link s" onClick={() => explain(name)} title={name.name}>{of(name)}</button>
          ))}
        </p>
      )}
    </div>
  );
}
