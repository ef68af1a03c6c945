// The queue: whom do I help next? Tabs, filters, rows, and the pane of the row in hand.
import { Drawer } from 'antd';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { failureOf, type Failure } from '../../api/client';
import { Action, GradeMark, type Grade } from '../../parts/marks';
import { Empty, Failed, FailedLine } from '../../parts/states';
import { VerbDialog } from '../../parts/verb-dialog';
import { now, useSecond } from '../../state/clock';
import { useTabCounts } from '../../state/counts';
import { useWarning } from '../../state/details';
import { useKeys } from '../../state/keys';
import { GRADES, listOf, queryOf, tabsOf, type List, type Tab } from '../../state/lists';
import { moved } from '../../state/queue';
import { may } from '../../state/may';
import { useMe } from '../../state/signed-in';
import { takeNext, useStepper } from '../../state/stepper';
import { useNarrow } from '../../state/width';
import { useWords } from '../../words';
import { Filters } from './filters';
import { Preview } from './preview';
import { QueueTable } from './table';
import { useQueue, type QueueView } from './use-queue';
import './queue.css';

/** Which row was in hand in a list, so that Back returns to it. */
const inHand = new Map<string, string>();

export function QueuePage() {
  const words = useWords();
  const { t } = words;
  const me = useMe();
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const list = listOf(search, tabsOf(me));
  const key = queryOf(list);
  const view = useQueue(list);
  const [selected, setSelected] = useState<string | null>(inHand.get(key) ?? null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [nothing, setNothing] = useState(false);
  const drawer = useNarrow(1360);
  const phone = useNarrow(760);
  const [shown, setShown] = useState(false);
  const taking = useRef(false);

  useEffect(() => { document.title = t('queue.page_title'); }, [t]);
  useEffect(() => { setSelected(inHand.get(key) ?? null); }, [key]);
  const rows = view.queue.entries;
  const current = rows.find((e) => e.row.id === selected) ?? null;
  useEffect(() => {
    // Something is always in hand where there is a pane for it.
    if (!current && rows[0] && !phone) setSelected(rows[0].row.id);
  }, [current, rows, phone]);
  useEffect(() => { if (selected) inHand.set(key, selected); }, [selected, key]);

  const opened = useWarning(current && current.gone !== 'elsewhere' && !phone ? current.row.id : null, current?.row.version);
  const stepper = useStepper(opened, view.changed);

  const open = useCallback((id: string) => void navigate(`/warnings/${id}`), [navigate]);
  const select = useCallback((id: string) => {
    if (phone) return open(id);
    setSelected(id);
    if (drawer) setShown(true);
  }, [phone, drawer, open]);
  const go = (by: number): void => {
    if (!rows.length) return;
    const at = rows.findIndex((e) => e.row.id === selected);
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + by))];
    if (!next) return;
    setSelected(next.row.id);
    const line = document.querySelector<HTMLElement>(`tr[data-id="${next.row.id}"]`);
    line?.focus({ preventScroll: true });
    line?.scrollIntoView({ block: 'nearest' });
  };
  const take = (): void => {
    if (taking.current) return;
    taking.current = true;
    setFailure(null);
    takeNext().then(
      (detail) => (detail ? open(detail.id) : setNothing(true)),
      (error: unknown) => setFailure(failureOf(error)),
    ).finally(() => { taking.current = false; });
  };
  const filter = (next: Partial<List>): void => setSearch(searchOf({ ...list, ...next }), { replace: true });
  const toggle = (grade: Grade): void => {
    const on = list.filters.grade;
    const grades = on.includes(grade) ? on.filter((g) => g !== grade) : [...on, grade];
    filter({ filters: { ...list.filters, grade: grades } });
  };

  useKeys({
    j: () => go(1), ArrowDown: () => go(1), k: () => go(-1), ArrowUp: () => go(-1),
    Enter: stepper.next,
    o: () => { if (current) open(current.row.id); },
    a: () => stepper.use('reassign'), f: () => stepper.use('record_false_alarm'),
    r: view.merge, p: () => setShown((was) => !was),
    ...(may.take(me) ? { n: take } : {}),
    ...Object.fromEntries(GRADES.map((grade, i) => [String(i + 1), () => toggle(grade)])),
    Escape: () => setShown(false),
  }, !stepper.asking);

  const pane = (
    <Preview entry={current} opened={opened} stepper={stepper} open={open} />
  );
  return (
    <>
      <div className="hd queue-head">
        <h1>{t('queue.title')}</h1>
        <Tabs list={list} />
        <div className="sp" />
        <GradeCounts view={view} list={list} toggle={toggle} />
        {may.take(me) && <Action label={t('queue.take')} keyName="N" primary onPress={take} />}
      </div>
      <div className="fl">
        <Filters list={list} change={filter} />
        <span className="sp" />
        <NewRows view={view} />
      </div>
      {failure && <div className="lines"><FailedLine failure={failure} /></div>}
      {nothing && <div className="lines"><p className="nt" role="status">{t('queue.nothing')}</p></div>}
      <div className={drawer ? 'qbody one' : 'qbody'}>
        <section className="pn q-panel" aria-label={t('queue.title')}>
          {view.failure && !rows.length
            ? <Failed failure={view.failure} retry={view.reload} />
            : <QueueTable queue={view.queue} loading={view.loading} selected={selected} select={select} open={open} more={view.more} />}
          {!view.loading && !view.failure && !rows.length && <Empty><NoRows list={list} view={view} clear={() => filter(NO_FILTERS)} /></Empty>}
          {view.failure && rows.length > 0 && <FailedLine failure={view.failure} />}
        </section>
        {drawer
          ? <Drawer open={shown && !phone} onClose={() => setShown(false)} width={380} closable={false} rootClassName="pv-drawer">{pane}</Drawer>
          : pane}
      </div>
      {opened.detail && <VerbDialog detail={opened.detail} stepper={stepper} />}
    </>
  );
}

const NO_FILTERS: Partial<List> = { q: '', since: '', late: false, filters: { grade: [], type: [], stage: [], source: [], place: [], outcome: [] } };

function searchOf(list: List): URLSearchParams {
  const search = new URLSearchParams(queryOf(list));
  if (list.grouping === 'state') search.set('group', 'state');
  return search;
}

function Tabs({ list }: { list: List }) {
  const { t } = useWords();
  const counts = useTabCounts();
  const tabs = tabsOf(useMe());
  const [, setSearch] = useSearchParams();
  const show = (tab: Tab): void => setSearch(searchOf({ ...list, ...NO_FILTERS, filters: { ...list.filters, outcome: [] }, tab }));
  return (
    <div className="tabs" role="tablist" aria-label={t('queue.tabs')}>
      {(list.tab === 'all' ? [...tabs, 'all' as const] : tabs).map((tab) => (
        <button key={tab} type="button" role="tab" aria-selected={tab === list.tab} onClick={() => show(tab)}>
          {t(`tab.${tab}`)}{counts[tab] !== undefined && <> {counts[tab]}</>}
        </button>
      ))}
    </div>
  );
}

function GradeCounts({ view, list, toggle }: { view: QueueView; list: List; toggle: (grade: Grade) => void }) {
  const { t } = useWords();
  const { counts } = view.queue;
  const on = list.filters.grade;
  return (
    <div className="gs" role="group" aria-label={t('queue.by_grade')}>
      {GRADES.map((grade) => (
        <button key={grade} type="button" aria-pressed={on.includes(grade)} className={on.length && !on.includes(grade) ? 'off' : ''}
          onClick={() => toggle(grade)}>
          <GradeMark grade={grade} /><b>{counts ? counts[grade] : '—'}</b>
        </button>
      ))}
    </div>
  );
}

/** New rows wait here until they are taken in. */
function NewRows({ view }: { view: QueueView }) {
  const { t } = useWords();
  useSecond();
  const waiting = Object.keys(view.queue.waiting).length;
  const stirred = view.queue.grouping === 'none' ? 0 : moved(view.queue, now());
  if (!waiting && !stirred) return <span className="x order">{t(view.queue.grouping === 'none' ? 'queue.newest' : 'queue.order')}</span>;
  return (
    <>
      <span className="x order">{t('queue.waits')}</span>
      <button type="button" className="bt sm new" onClick={view.merge} aria-keyshortcuts="R">
        {waiting ? t('queue.new', { n: waiting }) : t('queue.stirred', { n: stirred })}
      </button>
    </>
  );
}

function NoRows({ list, view, clear }: { list: List; view: QueueView; clear: () => void }) {
  const { t } = useWords();
  const filtered = list.q || list.since || list.late || Object.values(list.filters).some((f) => f.length);
  const waiting = Object.keys(view.queue.waiting).length;
  if (filtered) {
    return <>{t('queue.empty_filtered')} <button type="button" className="link" onClick={clear}>{t('queue.clear')}</button></>;
  }
  if (waiting) return <button type="button" className="link" onClick={view.merge}>{t('queue.new', { n: waiting })}</button>;
  return t(`queue.empty_${list.tab}`);
}
