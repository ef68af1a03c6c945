// The record of this call: what was confirmed when, and the note, in which no key does anything else.
import type { Ref } from 'react';
import type { Script, WarningDetail } from '../../api/schema';
import { hms } from '../../format/time';
import { Key } from '../../parts/marks';
import type { Draft } from '../../state/drafts';
import { useWords } from '../../words';

interface NotesProps {
  detail: WarningDetail;
  script: Script | null;
  draft: Draft;
  change: (next: Draft) => void;
  field: Ref<HTMLTextAreaElement>;
  asked: boolean;
}

const PHRASES = ['secret', 'threat', 'knows', 'upset'] as const;

export function Notes({ detail, script, draft, change, field, asked }: NotesProps) {
  const { t, of } = useWords();
  const started = detail.history.filter((d) => d.verb.code === 'start_contact').at(-1);
  const ticks = Object.entries(draft.ticked).sort((a, b) => a[1] - b[1]);
  const checkOf = (key: string): string => {
    const [i, j] = key.split('/').map(Number);
    const check = script?.steps[i ?? 0]?.checks[j ?? 0];
    return check ? of(check) : '';
  };
  const add = (phrase: string): void => change({ ...draft, note: draft.note ? `${draft.note.trimEnd()}${t('semicolon')}${phrase}` : phrase });
  return (
    <section className="pn side" aria-label={t('desk.record')}>
      <div className="t"><h2>{t('desk.record')}</h2></div>
      <div className="c">
        <dl className="kv">
          {started && <><dt>{hms(started.at)}</dt><dd>{of(started.verb)}</dd></>}
          {ticks.map(([key, at]) => [<dt key={`${key} at`}>{hms(at)}</dt>, <dd key={key}>{checkOf(key)}</dd>])}
        </dl>
        <label className="note">
          <h3>{t('desk.note')} <Key>I</Key></h3>
          <textarea ref={field} value={draft.note} maxLength={1800} rows={5} aria-invalid={asked} placeholder={t('desk.note_hint')}
            onChange={(e) => change({ ...draft, note: e.target.value })}
            onKeyDown={(e) => { if (e.key === 'Escape' && !e.nativeEvent.isComposing) { e.preventDefault(); e.stopPropagation(); e.currentTarget.blur(); } }} />
        </label>
        {asked && <p className="bad" role="alert">{t('desk.note_needed')}</p>}
        <div className="phrases">
          {PHRASES.map((p) => <button key={p} type="button" className="tag" onClick={() => add(t(`phrase.${p}`))}>+ {t(`phrase.${p}`)}</button>)}
        </div>
        <p className="x s">{t('desk.note_kept')}</p>
      </div>
    </section>
  );
}
