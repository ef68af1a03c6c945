// A name's definition, its unit, and how its values were spread over the last days.
import { Drawer } from 'antd';
import { useEffect, useState } from 'react';
import { failureOf, get, type Failure } from '../../api/client';
import type { NameInfo, Spread } from '../../api/schema';
import { Grey } from '../../parts/marks';
import { Empty, FailedLine } from '../../parts/states';
import { useWords } from '../../words';

const DAYS = 30;

export function Explain({ channel, name, close }: { channel: string; name: NameInfo | null; close: () => void }) {
  const { of } = useWords();
  return (
    <Drawer open={Boolean(name)} onClose={close} width={Math.min(440, window.innerWidth)} destroyOnHidden title={name ? of(name) : ''}>
      {name && <Definition key={name.name} channel={channel} name={name} />}
    </Drawer>
  );
}

function Definition({ channel, name }: { channel: string; name: NameInfo }) {
  const { t, of } = useWords();
  const [found, setFound] = useState<Spread | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    const query = new URLSearchParams({ channel, name: name.name, days: String(DAYS) });
    get<Spread>(`/v1/workshop/spread?${query.toString()}`, stop.signal).then(setFound, (error: unknown) => {
      if (!stop.signal.aborted) setFailure(failureOf(error));
    });
    return () => stop.abort();
  }, [channel, name.name]);
  const total = found?.counts.reduce((a, b) => a + b, 0) ?? 0;
  const most = Math.max(1, ...(found?.counts ?? []));
  return (
    <>
      <dl className="kv"><dt>{t('workshop.name')}</dt><dd className="mono">{name.name}</dd><dt>{t('workshop.unit')}</dt><dd>{of(name.unit_words)}</dd></dl>
      <h3 className="ws-sub">{t('workshop.spread', { n: DAYS })}</h3>
      {failure && <FailedLine failure={failure} />}
      {!found && !failure && <Grey width={280} />}
      {found && !total && <Empty>{t('workshop.spread_none')}</Empty>}
      {found && total > 0 && (
        <table className="bars">
          <thead><tr><th scope="col">{t('workshop.from_value')}</th><th scope="col" className="r" colSpan={2}>{t('workshop.rows')}</th></tr></thead>
          <tbody>
            {found.counts.map((n, i) => n > 0 && (
              <tr key={i}>
                <th scope="row">{value(found.lower[i] ?? null) ?? t('workshop.missing')}</th>
                <td className="bar-cell" aria-hidden="true"><i style={{ width: `${(100 * n) / most}%` }} /></td>
                <td className="r">{n.toLocaleString('en-US')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

const value = (low: number | null): string | null => (low === null ? null : low < 10 ? String(Number(low.toFixed(2))) : Math.round(low).toLocaleString('en-US'));
