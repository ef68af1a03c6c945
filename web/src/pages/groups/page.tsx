// Groups at risk: who was warned in a month, in aggregate; a small figure is hidden, not nought.
import { Segmented } from 'antd';
import { useEffect, useState } from 'react';
import { useSearchParams } from 'react-router';
import { failureOf, get, type Failure } from '../../api/client';
import type { GroupLine, GroupsPage as Page } from '../../api/schema';
import { localInput } from '../../format/time';
import { Grey } from '../../parts/marks';
import { Empty, Failed } from '../../parts/states';
import { now } from '../../state/clock';
import { useWords, type Word } from '../../words';
import './groups.css';

const BY = ['age', 'sex', 'branch'] as const;
const MONTHS = 12;

/** The whole months before this one, newest first: `2026-10`. */
function monthsBack(): string[] {
  const [year, month] = localInput(now()).split('-').map(Number);
  return Array.from({ length: MONTHS }, (_, n) => {
    const ago = (year ?? 2026) * 12 + (month ?? 1) - 2 - n;
    return `${Math.floor(ago / 12)}-${String((ago % 12) + 1).padStart(2, '0')}`;
  });
}

export default function GroupsPage() {
  const { t } = useWords();
  const [search, setSearch] = useSearchParams();
  const months = monthsBack();
  const month = search.get('month') ?? months[0] ?? '';
  const by = BY.find((b) => b === search.get('by')) ?? 'age';
  const query = new URLSearchParams({ month, by }).toString();
  const { page, failure, reload } = usePage(query);
  useEffect(() => { document.title = t('groups.page_title'); }, [t]);
  return (
    <>
      <div className="hd wrap">
        <h1>{t('groups.title')}</h1><span className="x">{t('groups.what')}</span><span className="sp" />
        <select className="g-month" aria-label={t('groups.month')} value={month} onChange={(e) => setSearch({ month: e.target.value, by })}>
          {[...new Set([...months, month])].map((m) => <option key={m} value={m}>{m}</option>)}
        </select>
        <Segmented value={by} aria-label={t('groups.by')} onChange={(to) => setSearch({ month, by: to })} options={BY.map((b) => ({ value: b, label: t(`groups.by_${b}`) }))} />
        <a className="bt" href={`/v1/groups/export?${query}`} download>{t('workshop.export')}</a>
      </div>
      <div className="g-body">
        <section className="pn">
          {failure ? <Failed failure={failure} retry={reload} /> : <Groups page={page} />}
        </section>
      </div>
    </>
  );
}

function usePage(query: string): { page: Page | null; failure: Failure | null; reload: () => void } {
  const [page, setPage] = useState<Page | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    setPage(null);
    setFailure(null);
    get<Page>(`/v1/groups?${query}`, stop.signal).then(setPage, (error: unknown) => {
      if (!stop.signal.aborted) setFailure(failureOf(error));
    });
    return () => stop.abort();
  }, [query, asked]);
  return { page, failure, reload: () => setAsked((n) => n + 1) };
}

function Groups({ page }: { page: Page | null }) {
  const { t, of } = useWords();
  if (page && !page.classes.length) return <Empty>{t('groups.none')}</Empty>;
  const line = (row: GroupLine) => (
    <tr key={row.group} className={row.group === 'all' ? 'g-all' : ''}>
      <th scope="row">{row.group === 'all' ? t('groups.all') : of(row)}</th><Cell n={row.persons} />
      {page?.classes.map((c) => <Cell key={c} n={row.classes[c] ?? null} />)}
    </tr>
  );
  return (
    <>
      <div className="g-wide">
        <table aria-busy={!page}>
          <thead><tr><th scope="col">{t('groups.group')}</th><th scope="col" className="r">{t('groups.persons')}</th>{page?.classes.map((c) => <th key={c} scope="col" className="r">{t(`groups.class_${c}` as Word) || c}</th>)}</tr></thead>
          <tbody>
            {!page && [1, 2, 3, 4].map((n) => <tr key={n}><td colSpan={2}><Grey width={240} /></td></tr>)}
            {page?.rows.map(line)}{page && line(page.whole)}
          </tbody>
        </table>
      </div>
      {page && <p className="c x s">{t('groups.hidden', { k: page.k })}</p>}
    </>
  );
}

/** A hidden figure says that it is hidden; it is not nought. */
function Cell({ n }: { n: number | null }) {
  const { t } = useWords();
  return <td className={n === null ? 'r x' : 'r'}>{n === null ? t('groups.few') : n.toLocaleString('en-US')}</td>;
}
