// The script: five steps, the sentence large, what to check, what to answer, what comes next.
import type { Script } from '../../api/schema';
import { Key } from '../../parts/marks';
import { useWords } from '../../words';

interface ScriptProps {
  script: Script;
  step: number;
  go: (step: number) => void;
  ticked: Record<string, number>;
  tick: (key: string) => void;
  answer: string | null;
  pick: (key: string | null) => void;
}

export function ScriptPane({ script, step, go, ticked, tick, answer, pick }: ScriptProps) {
  const { t, of } = useWords();
  const current = script.steps[step];
  const following = script.steps.slice(step + 1, step + 3);
  const ticksOf = (i: number): string[] =>
    (script.steps[i]?.checks ?? []).filter((_, j) => `${i}/${j}` in ticked).map(of);
  const said = script.answers.find((a) => a.key === answer);
  return (
    <section className="pn scr" aria-label={t('desk.script')}>
      <div className="sps" role="tablist" aria-label={t('desk.steps')}>
        {script.steps.map((s, i) => (
          <button key={i} type="button" role="tab" aria-selected={i === step} className={i < step ? 'sp2 done' : i === step ? 'sp2 on' : 'sp2'} onClick={() => go(i)}>
            <b>{i + 1} {of(s.title)}</b><small>{ticksOf(i).join(t('comma'))}</small>
          </button>
        ))}
      </div>
      <div className="scr-body">
        <div className="line" aria-live="polite">
          {step === 0 && <em>{of(script.opening)}</em>}
          {said
            ? <><em>{t('desk.when_said', { says: of(said.says) })}</em>{of(said.answer)}</>
            : current && of(current.sentence)}
        </div>
        <div className="chk" role="group" aria-label={t('desk.checks')}>
          {current?.checks.map((check, j) => {
            const key = `${step}/${j}`;
            return (
              <label key={key} className={key in ticked ? 'y' : ''}>
                <input type="checkbox" checked={key in ticked} onChange={() => tick(key)} />{of(check)}
              </label>
            );
          })}
        </div>
        <div className="says">
          {script.answers.map((a) => (
            <button key={a.key} type="button" className={a.key === answer ? 'say on' : 'say'} aria-pressed={a.key === answer}
              aria-keyshortcuts={a.key} onClick={() => pick(a.key === answer ? null : a.key)}>
              <Key>{a.key}</Key><span><b>{of(a.says)}</b><br /><span className="d">{of(a.answer)}</span></span>
            </button>
          ))}
        </div>
        {following.map((s, i) => (
          <div className="nx" key={i}><b>{t(i === 0 ? 'desk.then' : 'desk.after', { n: step + 2 + i, title: of(s.title) })}</b>{of(s.sentence)}</div>
        ))}
      </div>
      <div className="scr-foot row d">
        <button type="button" className="link" onClick={() => go(Math.min(script.steps.length - 1, step + 1))}><Key>Space</Key> {t('keys.next_line')}</button>
        <button type="button" className="link" onClick={() => go(Math.max(0, step - 1))}><Key>Backspace</Key> {t('keys.last_line')}</button>
        <span className="sp" />
        <span className="x">{t('desk.version', { type: script.type, version: script.version })} · {script.rate ? of(script.rate) : t('desk.no_rate')}</span>
      </div>
    </section>
  );
}
