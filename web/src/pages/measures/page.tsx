// The register of measures: what stands against what, until when, on whose word.
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import type { KindInfo, MeasurePage, MeasureRow } from '../../api/schema';
import { Action, Grey } from '../../parts/marks';
import { Empty, Failed, FailedLine } from '../../parts/states';
import { useKeys } from '../../state/keys';
import { may } from '../../state/may';
import { useMe } from '../../state/signed-in';
import { useWords } from '../../words';
import { State, Target, Term } from './labels';
import { Tabs } from './tabs';
import { useOne, usePages } from './use-register';
import { useRowKeys } from './use-rows';
import './measures.css';

const STATES = ['provisional', 'standing', 'proposed', 'expired', 'lifted', 'declined'] as const;
const HELD = ['state', 'kind', 'automatic', 'number', 'target'] as const;
const COLUMNS = ['number', 'state', 'target', 'effect', 'ground', 'area', 'term', 'approvals'] as const;
const PAGE = 50;

export default function MeasuresPage() {
  const { t, of } = useWords();
  const me = useMe();
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const query = new URLSearchParams({ limit: String(PAGE) });
  for (const name of HELD) for (const value of search.getAll(name)) query.append(name, value);
  const { rows, first, failure, more, reload } = usePages<MeasureRow, MeasurePage>(`/v1/measures?${query.toString()}`);
  const { found: kinds } = useOne<KindInfo[]>('/v1/measures/kinds');
  const keys = useRowKeys(rows?.map((r) => r.id) ?? [], (id) => `/measures/${id}`);
  const make = (): void => { if (may.propose(me)) void navigate('/measures/new'); };
  useKeys({ c: make, r: reload });
  useEffect(() => { document.title = t('blocking.page_title'); }, [t]);
  const change = (name: string, value: string): void => setSearch((was) => {
    const next = new URLSearchParams(was);
    next.delete(name);
    if (value) next.set(name, value);
    return next;
  });
  const states = search.getAll('state');
  const csv = new URLSearchParams([...search].filter(([name]) => name === 'state' || name === 'kind')).toString();
  return (
    <>
      <div className="hd wrap">
        <h1>{t('blocking.title')}</h1><Tabs /><span className="sp" />
        <a className="bt" href={`/v1/measures.csv?${csv}`} download>{t('workshop.export')}</a>
        {may.propose(me) && <Action primary label={t('blocking.propose')} keyName="C" onPress={make} />}
      </div>
      <div className="ms-filters">
        <div className="ms-states" role="group" aria-label={t('blocking.state')}>
          <button type="button" className="bt sm" aria-pressed={!states.length} onClick={() => change('state', '')}>{t('blocking.any_state')}</button>
          {STATES.map((code) => (
            <button key={code} type="button" className="bt sm" aria-pressed={states.includes(code)} onClick={() => change('state', states.includes(code) ? '' : code)}>
              {t(`blocking.state_${code}`)} <small className="x">{first?.counts[code] ?? 0}</small>
            </button>
          ))}
        </div>
        <select aria-label={t('blocking.kind')} value={search.get('kind') ?? ''} onChange={(e) => change('kind', e.target.value)}>
          <option value="">{t('blocking.any_kind')}</option>
          {kinds?.map((k) => <option key={k.code} value={k.code}>{of(k)}</option>)}
        </select>
        <select aria-label={t('blocking.by')} value={search.get('automatic') ?? ''} onChange={(e) => change('automatic', e.target.value)}>
          <option value="">{t('blocking.by_any')}</option>
          <option value="true">{t('blocking.by_machine')}</option>
          <option value="false">{t('blocking.by_people')}</option>
        </select>
        <Find search={search} set={setSearch} kinds={kinds} />
      </div>
      <div className="ms-body">
        <section className="pn ms-wide">
          {failure && !rows ? <Failed failure={failure} retry={reload} /> : (
            <table className="ms" aria-busy={!rows}>
              <thead><tr>{COLUMNS.map((c) => <th key={c} scope="col">{t(`blocking.${c}`)}</th>)}</tr></thead>
              <tbody>
                {!rows && [1, 2, 3, 4, 5, 6].map((n) => <tr key={n}><td colSpan={COLUMNS.length}><Grey width={320 + n * 50} /></td></tr>)}
                {rows?.map((m) => <Line key={m.id} measure={m} on={m.id === keys.at} take={() => keys.take(m.id)} />)}
              </tbody>
            </table>
          )}
          {rows?.length === 0 && <Empty>{t([...search].length ? 'blocking.none_so' : 'blocking.none')}{[...search].length > 0 && <> <button type="button" className="link" onClick={() => setSearch({})}>{t('blocking.show_all')}</button></>}</Empty>}
          {more && <p className="c"><button type="button" className="link" onClick={more}>{t('queue.more')}</button></p>}
          {failure && rows && <FailedLine failure={failure} />}
        </section>
      </div>
    </>
  );
}

function Line({ measure, on, take }: { measure: MeasureRow; on: boolean; take: () => void }) {
  const { t, of } = useWords();
  const needed = measure.approvals_needed;
  return (
    <tr data-id={measure.id} className={on ? 'on' : ''} onFocus={take} onMouseDown={take}>
      <td className="n"><Link to={`/measures/${measure.id}`}>{measure.number}</Link>{measure.automatic && <><br /><span className="tag">{t('blocking.machine')}</span></>}</td>
      <td><State state={measure.state} /></td>
      <td className="ms-target"><Target measure={measure} />{measure.protected && <> <span className="tag w">{t('blocking.protected')}</span></>}</td>
      <td>{of(measure.effect)}</td>
      <td className="ms-ground"><span className="ms-cut">{of(measure.ground)}</span><span className="x ms-cut">{measure.ground.article}</span></td>
      <td>{of(measure.area)}</td>
      <td className="n"><Term measure={measure} /></td>
      <td className="n">{measure.automatic && !measure.approvals ? '—' : t('blocking.signed', { k: measure.approvals, n: needed })}<br /><span className="x">{measure.automatic ? t('blocking.system') : measure.proposed_by}</span></td>
    </tr>
  );
}

/** By the number of a measure, or by exactly the thing that it stands against, of one kind. */
function Find({ search, set, kinds }: { search: URLSearchParams; set: (next: Record<string, string>) => void; kinds: KindInfo[] | null }) {
  const { t, of } = useWords();
  const held = search.get('number') ?? search.get('target') ?? '';
  const [by, setBy] = useState(search.get('target') ? (search.get('kind') ?? 'number') : '');
  const [text, setText] = useState(held);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => setText(held), [held]);
  useKeys({ f: () => field.current?.focus() });
  const find = (event: FormEvent): void => {
    event.preventDefault();
    const wanted = text.trim();
    if (!wanted) set({});
    else if (by) set({ kind: by, target: wanted });
    else set({ number: wanted.toUpperCase() });
  };
  const hint = kinds?.find((k) => k.code === by)?.hint;
  return (
    <form className="ms-find" role="search" onSubmit={find}>
      <select aria-label={t('blocking.find_by')} value={by} onChange={(e) => setBy(e.target.value)}>
        <option value="">{t('blocking.find_number')}</option>
        {kinds?.map((k) => <option key={k.code} value={k.code}>{t('blocking.find_exact', { kind: of(k) })}</option>)}
      </select>
      <input ref={field} type="search" value={text} maxLength={2048} aria-label={t('blocking.find')} placeholder={hint ? of(hint) : 'CS-20261126-00012'} onChange={(e) => setText(e.target.value)} />
      <button type="submit" className="bt">{t('blocking.find')}</button>
      {held && <button type="button" className="link" onClick={() => set({})}>{t('blocking.show_all')}</button>}
    </form>
  );
}
