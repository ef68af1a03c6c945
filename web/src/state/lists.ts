// What a list shows: its tab and filters stand in the URL, so that a link to a list is the list.
import type { Me, WarningRow } from '../api/schema';
import type { Grouping } from './queue';
import { may } from './may';

export const TABS = ['mine', 'shift', 'handed', 'archived'] as const;
/** `all` stands behind figures: what they count, open or closed. */
export type Tab = (typeof TABS)[number] | 'all';
/** The tabs of a person, the one opened first in front: nothing waits for who may take nothing. */
export const tabsOf = (me: Me): Tab[] => TABS.filter((tab) => tab !== 'mine' || may.take(me));
export const GRADES = ['critical', 'high', 'medium', 'low'] as const;
export const STAGES = ['contact', 'trust', 'operation', 'bound', 'transfer', 'after'] as const;
export const SOURCES = ['call', 'text', 'visit', 'app', 'transfer', 'line', 'account', 'subject'] as const;
export const FILTERS = ['grade', 'type', 'stage', 'source', 'place', 'outcome'] as const;
export type FilterName = (typeof FILTERS)[number];

export interface List {
  tab: Tab;
  filters: Record<FilterName, string[]>;
  q: string;
  /** Issued at or after this instant; empty: whenever. */
  since: string;
  /** Only those whose clock has run out. */
  late: boolean;
  grouping: Grouping;
}

export function listOf(search: URLSearchParams, tabs: readonly Tab[] = TABS): List {
  const wanted = search.get('tab');
  const tab = [...tabs, 'all' as const].find((t) => t === wanted) ?? tabs[0] ?? 'all';
  const filters = Object.fromEntries(FILTERS.map((f) => [f, search.getAll(f)])) as List['filters'];
  const byState = search.get('group') === 'state';
  return {
    tab, filters, q: search.get('q') ?? '', since: search.get('since') ?? '', late: search.get('late') === 'true',
    grouping: tab === 'archived' || tab === 'all' ? 'none' : byState ? 'state' : 'clock',
  };
}

/** The query of the API for a list: without what only concerns the screen. */
export function queryOf(list: List, extra: Record<string, string> = {}): string {
  const query = new URLSearchParams({ tab: list.tab });
  for (const name of FILTERS) for (const value of list.filters[name]) query.append(name, value);
  if (list.q) query.set('q', list.q);
  if (list.late) query.set('late', 'true');
  if (list.since) query.set('since', list.since);
  for (const [name, value] of Object.entries(extra)) query.set(name, value);
  return query.toString();
}

const CLOSED = new Set(['archived']);

/** Whether a row that the stream sent belongs to this list. Null: only the server can tell. */
export function belongs(row: WarningRow, list: List, me: Me): boolean | null {
  const open = !CLOSED.has(row.state.code);
  if (list.tab !== 'all' && (list.tab === 'archived' ? open : !open)) return false;
  if (list.tab === 'mine' && !(row.owner ? row.owner.id === me.id : row.state.code === 'pushed')) return false;
  const { grade, type, stage, source, place, outcome } = list.filters;
  const fits =
    (!list.since || Date.parse(row.issued_at) >= Date.parse(list.since)) &&
    (!grade.length || grade.includes(row.grade)) &&
    (!type.length || type.includes(row.scam_type?.code ?? '')) &&
    (!stage.length || stage.includes(row.stage.code)) &&
    (!source.length || row.sources.some((s) => source.includes(s.code))) &&
    (!place.length || place.includes(row.unit.code));
  if (!fits) return false;
  return list.tab === 'handed' || list.q || list.late || outcome.length ? null : true;
}
