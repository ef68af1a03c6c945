// The right column: what must have been shown, what publishing means, the watch, mutes, the record.
import type { RuleView, SnoozeView, VersionView } from '../../api/schema';
import { dayTime } from '../../format/time';
import { now } from '../../state/clock';
import { useWords, type Word } from '../../words';

interface Props { view: VersionView; rule: RuleView | null; mayMute: boolean; endMute: (s: SnoozeView) => void }

export function Gates({ view, rule, mayMute, endMute }: Props) {
  const { t, of } = useWords();
  const met = view.gates.filter((g) => g.met).length;
  return (
    <>
      <div className="t"><h2>{t('workshop.gates')}</h2><span className="sp" /><span className="x">{met} / {view.gates.length}</span></div>
      <div className="c ws-scroll">
        <ul className="ws-gates" aria-label={t('workshop.gates')}>
          {view.gates.map((g) => (
            <li key={g.code}>
              <span className={g.met ? 'tag ok' : 'tag w'} role="img" aria-label={t(g.met ? 'workshop.met' : 'workshop.unmet')}>{g.met ? '✓' : '○'}</span>
              <div><b>{of(g)}</b><br /><span className="x">{of(g.shown)}</span></div>
            </li>
          ))}
        </ul>
        <h3 className="ws-sub">{t('workshop.after')}</h3><p className="d">{of(view.effect)}</p>
        <h3 className="ws-sub">{t('workshop.watch')}</h3><p className="d">{of(view.watch)}</p>
        {rule && rule.snoozes.length > 0 && (
          <>
            <h3 className="ws-sub">{t('workshop.muted')}</h3>
            <ul className="ws-muted">
              {rule.snoozes.map((s) => (
                <li key={s.id}>
                  <b>{s.subject_mask || (s.area ? t('workshop.area', { area: s.area }) : t('workshop.altogether'))}</b> {t('workshop.until', { at: dayTime(s.until, now()) })}
                  <br /><span className="x">{s.by}{t('colon')}{s.note}</span>
                  {mayMute && <button type="button" className="link s" onClick={() => endMute(s)}>{t('workshop.end_mute')}</button>}
                </li>
              ))}
            </ul>
          </>
        )}
        <h3 className="ws-sub">{t('workshop.record')}</h3>
        {!view.record.length && <p className="x">—</p>}
        <ul className="ws-record">
          {view.record.map((line, n) => (
            <li key={n}><span className="n">{dayTime(line.at, now())}</span> {line.by} {t(`workshop.did_${line.verb}` as Word)} {line.object.replace(/^.*@/, 'v')}{line.note && <span className="x">{t('colon')}{line.note}</span>}</li>
          ))}
        </ul>
      </div>
    </>
  );
}
