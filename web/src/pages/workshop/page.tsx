// The rules of the centre, how its models do, and the rows drawn by chance to be looked at.
import { useEffect, useRef, useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import type { RuleRow } from '../../api/schema';
import { Action, Grey } from '../../parts/marks';
import { Empty, Failed, FailedLine } from '../../parts/states';
import { useKeys } from '../../state/keys';
import { may } from '../../state/may';
import { useMe } from '../../state/signed-in';
import { useWords } from '../../words';
import { Models } from './board';
import { shareText } from './figures';
import { Looks } from './looks';
import { RowState } from './rule-rail';
import { useChannels, useRules } from './use-rules';
import './workshop.css';

const TABS = ['rules', 'models', 'looks'] as const;
const NEW_RULE = '/workshop/new-rule';

export default function WorkshopPage() {
  const { t } = useWords();
  const me = useMe();
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const tab = TABS.find((name) => name === search.get('tab')) ?? 'rules';
  const writes = may.draft(me);
  useEffect(() => { document.title = t('workshop.page_title'); }, [t]);
  const make = (): void => { if (writes) void navigate(NEW_RULE); };
  useKeys({ c: make });
  return (
    <>
      <div className="hd">
        <h1>{t('workshop.title')}</h1>
        <div className="ws-tabs" role="group" aria-label={t('workshop.tabs')}>
          {TABS.map((name) => <button key={name} type="button" className="bt sm" aria-pressed={tab === name} onClick={() => setSearch(name === 'rules' ? {} : { tab: name })}>{t(`workshop.tab_${name}`)}</button>)}
        </div>
        <span className="sp" />
        {tab === 'rules' && <a className="bt" href="/v1/workshop/rules.csv" download>{t('workshop.export')}</a>}
        {tab === 'looks' && <a className="bt" href="/v1/workshop/labels.csv" download>{t('workshop.export_labels')}</a>}
        {writes && <Action primary label={t('workshop.new')} keyName="C" onPress={make} />}
      </div>
      <div className="ws-page">{tab === 'rules' ? <RulesTable /> : tab === 'models' ? <Models /> : <Looks />}</div>
    </>
  );
}

const SORTS = ['name', 'cases', 'precision', 'drift'] as const;
type Sort = (typeof SORTS)[number];
const VALUE: Record<Exclude<Sort, 'name'>, (r: RuleRow) => number> = {
  cases: (r) => r.cases_a_day ?? -1, precision: (r) => (r.precision?.enough ? r.precision.share : -1), drift: (r) => r.drift ?? -1,
};

function RulesTable() {
  const words = useWords();
  const { t, of } = words;
  const navigate = useNavigate();
  const { rows, next, total, shadowDays, failure, more, reload } = useRules();
  const channels = useChannels();
  const [sort, setSort] = useState<Sort>('name');
  const [at, setAt] = useState(0);
  const body = useRef<HTMLTableSectionElement>(null);
  // Pages come by id: another order is only true once all rows are here.
  const whole = rows !== null && !next;
  const shown = rows && whole && sort !== 'name' ? [...rows].sort((a, b) => VALUE[sort](b) - VALUE[sort](a)) : rows;
  const go = (by: number): void => setAt((n) => {
    const to = Math.min(Math.max(0, n + by), (rows?.length ?? 1) - 1);
    body.current?.rows[to]?.scrollIntoView({ block: 'nearest' });
    return to;
  });
  const open = (): void => { const row = shown?.[at]; if (row) void navigate(`/workshop/${row.id}`); };
  useKeys({ j: () => go(1), k: () => go(-1), o: open, Enter: open, r: reload });
  if (failure && !rows) return <Failed failure={failure} retry={reload} />;
  const head = (name: Sort, label: string, right = true) => (
    <th scope="col" className={right ? 'r' : ''} aria-sort={sort === name ? (name === 'name' ? 'ascending' : 'descending') : undefined}>
      {whole ? <button type="button" className="link s" onClick={() => setSort(name)}>{label}{sort === name && (name === 'name' ? ' ↑' : ' ↓')}</button> : label}
    </th>
  );
  return (
    <section className="pn ws-table">
      <table aria-busy={!rows}>
        <thead>
          <tr>
            {head('name', t('workshop.rule'), false)}<th scope="col">{t('workshop.channel')}</th><th scope="col">{t('workshop.state')}</th>
            {head('cases', t('workshop.cases_a_day'))}{head('precision', t('workshop.precision_outcomes'))}{head('drift', t('workshop.drift'))}
            <th scope="col">{t('workshop.owner')}</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {!rows && [1, 2, 3, 4, 5].map((n) => <tr key={n}><td colSpan={7}><Grey width={300 + n * 60} /></td></tr>)}
          {shown?.map((r, i) => (
            <tr key={r.id} data-rule={r.id} className={i === at ? 'on' : ''} onClick={() => setAt(i)}>
              <th scope="row"><Link to={`/workshop/${r.id}`}>{of(r)}</Link> <span className="x mono">{r.id} v{r.version}</span></th>
              <td>{of(channels.find((c) => c.code === r.channel)) || r.channel}</td>
              <td><span className={r.state.code === 'live' ? 'tag ok' : 'tag'}><RowState row={r} shadowDays={shadowDays} /></span></td>
              <td className="r">{r.cases_a_day === null ? '—' : r.cases_a_day.toFixed(1)}</td>
              <td className="r n">{shareText(r.precision, words)}</td>
              <td className="r">{r.drift === null ? '—' : r.drift.toFixed(2)}</td>
              <td>{r.owner}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows?.length === 0 && <Empty>{t('workshop.none')}</Empty>}
      {rows !== null && rows.length > 0 && <p className="c x s">{t('workshop.all', { n: total })}{next && <> · <button type="button" className="link" onClick={more}>{t('queue.more')}</button></>}</p>}
      {failure && rows && <FailedLine failure={failure} />}
    </section>
  );
}

