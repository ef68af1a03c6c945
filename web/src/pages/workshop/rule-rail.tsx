// The rules beside the opened one, with what is going on with each.
import { Link } from 'react-router';
import type { RuleRow } from '../../api/schema';
import { dayTime } from '../../format/time';
import { Grey } from '../../parts/marks';
import { FailedLine } from '../../parts/states';
import { now } from '../../state/clock';
import { useWords } from '../../words';
import { useRules } from './use-rules';

export function RuleRail({ current, asked }: { current: string; asked: number }) {
  const { t, of } = useWords();
  const { rows, failure, total, shadowDays, next, more } = useRules(asked);
  return (
    <nav className="pn ws-rail" aria-label={t('workshop.rules')}>
      <div className="t"><h2>{t('workshop.rules')}</h2><span className="sp" /><Link className="s" to="/workshop">{t('workshop.all', { n: total })}</Link></div>
      <div className="ws-scroll">
        {!rows && !failure && [1, 2, 3].map((n) => <p key={n} className="c"><Grey width={120} /></p>)}
        {failure && <FailedLine failure={failure} />}
        {rows?.map((r) => (
          <Link key={r.id} className="ws-rl" to={`/workshop/${r.id}`} aria-current={r.id === current ? 'page' : undefined}>
            <b>{of(r)}</b><span className="x">v{r.live_version ?? r.version}</span>
            <small className="x"><RowState row={r} shadowDays={shadowDays} /></small>
          </Link>
        ))}
        {next && <p className="c"><button type="button" className="link" onClick={more}>{t('queue.more')}</button></p>}
        {rows?.some((r) => r.drifted) && <p className="c x s">{t('workshop.drift_means')}</p>}
      </div>
    </nav>
  );
}

/** What a rule is at, in a few words; drift and a roll-back stand out by a word, not by colour alone. */
export function RowState({ row, shadowDays }: { row: RuleRow; shadowDays: number }) {
  const { t, of } = useWords();
  // Its day says that it was rolled back: not twice.
  const back = row.state.code === 'rolled_back' && !row.replaying;
  return (
    <>
      {row.replaying ? t('workshop.replaying') : !back && of(row.state)}
      {row.shadow_days !== null && ` ${t('workshop.shadow_at', { n: Math.floor(row.shadow_days), of: shadowDays })}`}
      {row.live_version !== null && row.live_version !== row.version && ` · ${t('workshop.v_live', { n: row.live_version })}`}
      {row.drifted && <> · <span className="drifted">{t('workshop.drifted')}</span></>}
      {row.rolled_back_at && row.state.code !== 'live' && <>{back ? '' : ' · '}<span className="drifted n">{t('workshop.back_at', { at: dayTime(row.rolled_back_at, now()).slice(0, -6) })}</span></>}
      {row.snoozes > 0 && ` · ${t('workshop.mutes', { n: row.snoozes })}`}
    </>
  );
}
