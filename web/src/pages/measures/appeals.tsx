// Appeals against measures: the most pressing first, each with its clock.
import { useEffect } from 'react';
import { Link, useSearchParams } from 'react-router';
import type { AppealPage, AppealRow } from '../../api/schema';
import { dayTime } from '../../format/time';
import { Grey } from '../../parts/marks';
import { Empty, Failed, FailedLine } from '../../parts/states';
import { now } from '../../state/clock';
import { useKeys } from '../../state/keys';
import { may } from '../../state/may';
import { useMe } from '../../state/signed-in';
import { useWords } from '../../words';
import { Due, State } from './labels';
import { Tabs } from './tabs';
import { usePages } from './use-register';
import { useRowKeys } from './use-rows';
import './measures.css';

const COLUMNS = ['clock', 'number', 'state', 'measure', 'filed', 'decided'] as const;
const VIEWS = ['open', 'late', 'all'] as const;

export default function AppealsPage() {
  const { t } = useWords();
  const reads = may.readAppeals(useMe());
  const [search, setSearch] = useSearchParams();
  const view = VIEWS.find((v) => v === search.get('show')) ?? 'open';
  const path = `/v1/appeals?limit=50&open=${view !== 'all'}&late=${view === 'late'}`;
  const { rows, first, failure, more, reload } = usePages<AppealRow, AppealPage>(path);
  const opens = (row: AppealRow): string => (reads ? `/measures/appeals/${row.id}` : `/measures/${row.measure_id}`);
  const keys = useRowKeys(rows?.map((r) => r.id) ?? [], (id) => {
    const row = rows?.find((r) => r.id === id);
    return row ? opens(row) : '/measures/appeals';
  });
  useKeys({ r: reload });
  useEffect(() => { document.title = t('appeals.page_title'); }, [t]);
  const count = { open: first?.open ?? 0, late: first?.late ?? 0 };
  return (
    <>
      <div className="hd wrap">
        <h1>{t('blocking.title')}</h1><Tabs /><span className="sp" />
        <div className="ms-states" role="group" aria-label={t('appeals.show')}>
          {VIEWS.map((v) => (
            <button key={v} type="button" className="bt sm" aria-pressed={view === v} onClick={() => setSearch(v === 'open' ? {} : { show: v })}>
              {t(`appeals.show_${v}`)}{v !== 'all' && <> <small className="x">{count[v]}</small></>}
            </button>
          ))}
        </div>
      </div>
      <div className="ms-body">
        <section className="pn ms-wide">
          {failure && !rows ? <Failed failure={failure} retry={reload} /> : (
            <table className="ms" aria-busy={!rows}>
              <thead><tr>{COLUMNS.map((c) => <th key={c} scope="col">{t(`appeals.${c}`)}</th>)}</tr></thead>
              <tbody>
                {!rows && [1, 2, 3].map((n) => <tr key={n}><td colSpan={COLUMNS.length}><Grey width={320 + n * 60} /></td></tr>)}
                {rows?.map((a) => (
                  <tr key={a.id} data-id={a.id} className={a.id === keys.at ? 'on' : ''} onFocus={() => keys.take(a.id)} onMouseDown={() => keys.take(a.id)}>
                    <td className="n"><Due appeal={a} /></td>
                    <td className="n">{reads ? <Link to={opens(a)}>{a.number}</Link> : a.number}</td>
                    <td><State state={a.state} /></td>
                    <td className="n"><Link to={`/measures/${a.measure_id}`}>{a.measure_number}</Link></td>
                    <td className="n">{dayTime(a.filed_at, now())}</td>
                    <td>{a.decided_by ? <>{a.decided_by}<br /><span className="x ms-cut">{a.reasons}</span></> : <span className="x">—</span>}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {rows?.length === 0 && <Empty>{t(`appeals.none_${view}`)}</Empty>}
          {more && <p className="c"><button type="button" className="link" onClick={more}>{t('queue.more')}</button></p>}
          {failure && rows && <FailedLine failure={failure} />}
          {rows && !reads && <p className="c x s">{t('appeals.words_closed')}</p>}
        </section>
      </div>
    </>
  );
}
