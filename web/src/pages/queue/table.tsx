// The rows of the queue: two lines each, grouped by urgency, a table to those who cannot see it too.
import { memo, useEffect, useMemo, useRef } from 'react';
import { yuanInList } from '../../format/money';
import { dayTime } from '../../format/time';
import { now, useSecond } from '../../state/clock';
import type { Entry, Group, Queue } from '../../state/queue';
import { useMe } from '../../state/signed-in';
import { useWords, type Word } from '../../words';
import { Clock, GradeMark, Grey } from '../../parts/marks';

interface TableProps {
  queue: Queue;
  loading: boolean;
  selected: string | null;
  select: (id: string) => void;
  open: (id: string) => void;
  more: () => void;
}

const COLUMNS: Word[] = ['col.grade', 'col.clock', 'col.person', 'col.fact', 'col.type', 'col.amount', 'col.state'];

export function QueueTable({ queue, loading, selected, select, open, more }: TableProps) {
  const { t } = useWords();
  const groups = useMemo(() => grouped(queue.entries), [queue.entries]);
  const end = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (!end.current) return;
    const seen = new IntersectionObserver(([entry]) => { if (entry?.isIntersecting) more(); }, { rootMargin: '600px' });
    seen.observe(end.current);
    return () => seen.disconnect();
  }, [more, queue.next]);

  return (
    <table className="q" role="table" aria-label={t('queue.title')} aria-busy={loading}>
      <thead role="rowgroup">
        <tr role="row">
          {COLUMNS.map((word) => (
            <th key={word} role="columnheader" scope="col" className={word === 'col.amount' ? 'r' : ''}>{t(word)}</th>
          ))}
        </tr>
      </thead>
      {loading && <GreyRows />}
      {!loading && groups.map(([group, entries]) => (
        <tbody key={group} role="rowgroup">
          {group !== 'all' && (
            <tr role="row" className="bd">
              <th role="columnheader" scope="rowgroup" colSpan={7}>
                <b>{t(`group.${group}`)}</b> <span className="cnt">{entries.length}</span>{' '}
                <GroupHint group={group} />
              </th>
            </tr>
          )}
          {entries.map((entry) => (
            <Row key={entry.row.id} entry={entry} selected={entry.row.id === selected} select={select} open={open} />
          ))}
        </tbody>
      ))}
      {!loading && queue.next && (
        <tbody role="rowgroup">
          <tr ref={end} role="row" className="end">
            <td role="cell" colSpan={7}><button type="button" className="link" onClick={more}>{t('queue.more')}</button></td>
          </tr>
        </tbody>
      )}
    </table>
  );
}

function grouped(entries: Entry[]): [Group, Entry[]][] {
  const groups = new Map<Group, Entry[]>();
  for (const entry of entries) {
    const found = groups.get(entry.group);
    if (found) found.push(entry);
    else groups.set(entry.group, [entry]);
  }
  return [...groups];
}

function GroupHint({ group }: { group: Group }) {
  const { t } = useWords();
  if (group === 'critical') return <span className="x">{t('group.critical_hint')}</span>;
  if (group === 'late') return <span className="x">{t('group.late_hint')}</span>;
  return null;
}

interface RowProps {
  entry: Entry;
  selected: boolean;
  select: (id: string) => void;
  open: (id: string) => void;
}

const Row = memo(function Row({ entry, selected, select, open }: RowProps) {
  const { t, of } = useWords();
  const { row, gone } = entry;
  const look = [selected && 'sel', gone && 'gone'].filter(Boolean).join(' ');
  if (gone === 'elsewhere') {
    return (
      <tr role="row" className={`${look} moved`} data-id={row.id} aria-selected={selected} tabIndex={selected ? 0 : -1}>
        <td role="cell" colSpan={7}>{row.number} {t('queue.elsewhere')}</td>
      </tr>
    );
  }
  return (
    <tr
      role="row" className={look} data-id={row.id} aria-selected={selected} tabIndex={selected ? 0 : -1}
      onClick={() => select(row.id)} onDoubleClick={() => open(row.id)}
    >
      <td role="cell" className="c-grade"><GradeMark grade={row.grade} /></td>
      <td role="cell" className="c-clock n">
        {row.clock ? <><Clock clock={row.clock} /><br /><span className="x">{of(row.clock.verb)}</span></> : <Ended row={row} />}
      </td>
      <td role="cell" className="c-person n">
        <PersonLine row={row} /><br /><span className="x">{of(row.person.place)}</span>
      </td>
      <td role="cell" className="c-fact">
        <div className="fact" title={of(row.fact)}>{of(row.fact)}</div>
        <div className="x src">{row.sources.map((s) => of(s)).join(' · ')}</div>
      </td>
      <td role="cell" className="c-type n">
        <div className="cut" title={row.scam_type ? of(row.scam_type) : undefined}>{row.scam_type ? of(row.scam_type) : t('unknown_type')}</div>
        <span className="x">{of(row.stage)}</span>
      </td>
      <td role="cell" className="c-amount r n">{row.amount_fen === null ? '—' : <b>{yuanInList(row.amount_fen)}</b>}</td>
      <td role="cell" className="c-state n"><StateCell entry={entry} /></td>
    </tr>
  );
});

function PersonLine({ row }: { row: Entry['row'] }) {
  const { t } = useWords();
  const { name, number, sex, age } = row.person;
  const known = [sex && t(`sex.${sex}`), age !== null && t('age', { n: age })].filter(Boolean);
  return <>{[name || number, ...known].join(t('comma'))}</>;
}

function Ended({ row }: { row: Entry['row'] }) {
  return <><span className="ck done">✓</span><br /><span className="x">{dayTime(row.updated_at, now())}</span></>;
}

/** State, owner; a row just taken is held for a while, and the hold runs out by itself. */
function StateCell({ entry: { row, gone } }: { entry: Entry }) {
  const { t, of } = useWords();
  const me = useMe();
  const owner = row.owner ? (row.owner.id === me.id ? t('owner.me') : row.owner.display) : t('owner.none');
  return (
    <>
      {of(row.state)}{gone === 'out' && <span className="tag out">{t('queue.out')}</span>}<br />
      <span className="x">{owner}{row.locked_until && row.owner?.id !== me.id && <Held until={row.locked_until} />}</span>
    </>
  );
}

function Held({ until }: { until: string }) {
  const { t } = useWords();
  useSecond();
  return Date.parse(until) > now() ? <> · {t('owner.held')}</> : null;
}

function GreyRows() {
  return (
    <tbody role="rowgroup" aria-hidden="true">
      {Array.from({ length: 14 }, (_, i) => (
        <tr key={i} role="row" className="grey">
          <td role="cell"><Grey width={54} /></td>
          <td role="cell"><Grey width={42} /><br /><Grey width={28} /></td>
          <td role="cell"><Grey width={76} /><br /><Grey width={92} /></td>
          <td role="cell"><Grey width={240 + ((i * 47) % 110)} /><br /><Grey width={80} /></td>
          <td role="cell"><Grey width={70} /><br /><Grey width={40} /></td>
          <td role="cell" className="r"><Grey width={48} /></td>
          <td role="cell"><Grey width={44} /><br /><Grey width={40} /></td>
        </tr>
      ))}
    </tbody>
  );
}
