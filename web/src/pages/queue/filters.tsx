// Filters of the queue: what they hold stands in the URL; the list as a file beside them.
import { Select } from 'antd';
import { useEffect, useState } from 'react';
import { get } from '../../api/client';
import type { Coded, Unit, Vocabulary } from '../../api/schema';
import { dayTime } from '../../format/time';
import { now } from '../../state/clock';
import { queryOf, type List } from '../../state/lists';
import { useMe } from '../../state/signed-in';
import { useWords, type Word } from '../../words';

interface Choice { value: string; label: string }
const NAMES = ['place', 'type', 'stage', 'source'] as const;
type Choices = Record<(typeof NAMES)[number], Choice[]>;

/** Read once while the console is open: units and vocabularies change with a release or a policy. */
let read: Promise<[Unit[], Vocabulary]> | null = null;
function choices(): Promise<[Unit[], Vocabulary]> {
  read ??= Promise.all([get<Unit[]>('/v1/units'), get<Vocabulary>('/v1/vocabulary')]);
  read.catch(() => { read = null; });
  return read;
}

export function Filters({ list, change }: { list: List; change: (next: Partial<List>) => void }) {
  const { t } = useWords();
  const found = useFilterChoices();
  const grouped = list.tab === 'mine' || list.tab === 'shift';
  // On a phone the rows come first; what is filtered by stays in sight.
  const [shut, setShut] = useState(true);
  return (
    <div className={shut ? 'fs shut' : 'fs'} role="group" aria-label={t('filter.title')}>
      <button type="button" className="bt sm only-phone always" aria-expanded={!shut} onClick={() => setShut(!shut)}>{t('filter.title')}</button>
      {NAMES.map((name) => (
        <Select key={name} mode="multiple" size="small" className="f-select" aria-label={t(`filter.${name}`)}
          value={list.filters[name]} options={found[name]} maxTagCount={0} popupMatchSelectWidth={240}
          optionFilterProp="label" placeholder={t(`filter.${name}_any`)}
          maxTagPlaceholder={(picked) => `${t(`filter.${name}`)} ${picked.length === 1 ? String(picked[0]?.label ?? '') : picked.length}`}
          onChange={(values: string[]) => change({ filters: { ...list.filters, [name]: values } })} />
      ))}
      {list.q && (
        <button type="button" className="tag q-tag always" onClick={() => change({ q: '' })} aria-label={t('filter.drop_search')}>
          {list.q} ×
        </button>
      )}
      {list.since && (
        <button type="button" className="tag q-tag always" onClick={() => change({ since: '' })}>
          {t('filter.since', { at: dayTime(list.since, now()) })} ×
        </button>
      )}
      {list.late && <button type="button" className="tag q-tag always" onClick={() => change({ late: false })}>{t('group.late')} ×</button>}
      {list.filters.outcome.map((code) => (
        <button key={code} type="button" className="tag q-tag always"
          onClick={() => change({ filters: { ...list.filters, outcome: list.filters.outcome.filter((o) => o !== code) } })}>
          {t('filter.outcome', { outcome: t(`state.${code}` as Word) })} ×
        </button>
      ))}
      {grouped && (
        <button type="button" className="link s" aria-pressed={list.grouping === 'state'}
          onClick={() => change({ grouping: list.grouping === 'state' ? 'clock' : 'state' })}>
          {t(list.grouping === 'state' ? 'filter.by_clock' : 'filter.by_state')}
        </button>
      )}
      <a className="s" href={`/v1/warnings.csv?${queryOf(list)}`} download>{t('filter.csv')}</a>
    </div>
  );
}

function useFilterChoices(): Choices {
  const { of } = useWords();
  const { unit } = useMe();
  const [found, setFound] = useState<[Unit[], Vocabulary] | null>(null);
  useEffect(() => { choices().then(setFound, () => undefined); }, []);
  const [units, words] = found ?? [[], { types: [], stages: [], sources: [] }];
  const coded = (all: Coded[]): Choice[] => all.map((c) => ({ value: c.code, label: of(c) }));
  const places = units.some((u) => u.code === unit.code) ? units : [unit, ...units];
  return {
    place: places.map((u) => ({ value: u.code, label: of(u) })),
    type: coded(words.types), stage: coded(words.stages), source: coded(words.sources),
  };
}
