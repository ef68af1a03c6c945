// Cases by day: what is live as a line, shadow dashed with its 95 % band; the same as a table.
import { useEffect, useRef, useState } from 'react';
import type { DayCases } from '../../api/schema';
import { Key } from '../../parts/marks';
import { Empty } from '../../parts/states';
import { useKeys } from '../../state/keys';
import { useWords, type Speech } from '../../words';

const HEIGHT = 136;
const [LEFT, RIGHT, TOP, FOOT] = [40, 124, 10, 22];
const DAY_MS = 86_400_000;

interface Series { key: string; version: number; mode: 'live' | 'shadow'; days: DayCases[] }

/** One line a version and mode, the last four that had cases. */
function seriesOf(daily: readonly DayCases[]): Series[] {
  const found = new Map<string, Series>();
  for (const day of daily) {
    const key = `${day.version}-${day.mode}`;
    const series = found.get(key) ?? { key, version: day.version, mode: day.mode, days: [] };
    series.days.push(day);
    found.set(key, series);
  }
  return [...found.values()].sort((a, b) => a.version - b.version).slice(-4);
}

const nameOf = (s: { version: number; mode: 'live' | 'shadow' }, { t }: Speech): string => t(`workshop.series_${s.mode}`, { n: s.version });

export function Daily({ daily }: { daily: readonly DayCases[] }) {
  const { t } = useWords();
  const [asTable, setAsTable] = useState(false);
  useKeys({ t: () => setAsTable((was) => !was) });
  return (
    <section className="pn">
      <div className="t">
        <h2>{t('workshop.daily')}</h2><span className="x">{t('workshop.shadow_only_records')}</span><span className="sp" />
        <button type="button" className="link s" aria-keyshortcuts="T" onClick={() => setAsTable(!asTable)}>{t(asTable ? 'timeline.as_chart' : 'timeline.as_list')}</button><Key>T</Key>
      </div>
      {!daily.length ? <Empty>{t('workshop.daily_none')}</Empty> : asTable ? <DailyTable daily={daily} /> : <Chart daily={daily} />}
    </section>
  );
}

function Chart({ daily }: { daily: readonly DayCases[] }) {
  const words = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(740);
  useEffect(() => {
    const seen = new ResizeObserver(([entry]) => { if (entry) setWidth(Math.max(320, Math.floor(entry.contentRect.width))); });
    if (box.current) seen.observe(box.current);
    return () => seen.disconnect();
  }, []);
  const all = seriesOf(daily);
  const times = all.flatMap((s) => s.days.map((d) => Date.parse(d.day)));
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const span = Math.max(1, (last - first) / DAY_MS);
  const most = Math.max(4, ...all.flatMap((s) => s.days.map((d) => (s.mode === 'shadow' ? d.high : d.cases))));
  const step = niceStep(most / 3);
  const top = Math.ceil(most / step) * step;
  const x = (day: string): number => LEFT + ((Date.parse(day) - first) / DAY_MS / span) * (width - LEFT - RIGHT);
  const y = (n: number): number => TOP + (1 - n / top) * (HEIGHT - TOP - FOOT);
  const each = Math.max(1, Math.ceil(span / Math.max(1, Math.floor((width - LEFT - RIGHT) / 72))));
  const marks = Array.from({ length: Math.floor(span / each) + 1 }, (_, i) => new Date(first + i * each * DAY_MS).toISOString().slice(0, 10));
  const labels = spread(all.map((s) => y(s.days.at(-1)?.cases ?? 0) + 4));
  return (
    <div className="c ws-chart" ref={box}>
      <svg width={width} height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={words.t('workshop.daily_chart')}>
        {Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step).map((n) => (
          <g key={n}>
            <line className="grid" x1={LEFT} x2={width - RIGHT} y1={y(n)} y2={y(n)} />
            <text className="tick" x={LEFT - 8} y={y(n) + 4} textAnchor="end">{n}</text>
          </g>
        ))}
        {marks.map((day) => <text key={day} className="tick" x={x(day)} y={HEIGHT - 5} textAnchor="middle">{day.slice(5)}</text>)}
        {all.map((s, n) => (
          <g key={s.key} className={`s-${s.mode}`}>
            {s.mode === 'shadow' && <polygon points={[...s.days.map((d) => `${x(d.day)},${y(d.high)}`), ...s.days.slice().reverse().map((d) => `${x(d.day)},${y(d.low)}`)].join(' ')} />}
            <polyline points={s.days.map((d) => `${x(d.day)},${y(d.cases)}`).join(' ')} />
            {s.days.length === 1 && s.days.map((d) => <circle key={d.day} cx={x(d.day)} cy={y(d.cases)} r={3} />)}
            <text className="name" x={width - RIGHT + 10} y={labels[n]}>{`${nameOf(s, words)} ${s.days.at(-1)?.cases ?? 0}`}</text>
          </g>
        ))}
      </svg>
    </div>
  );
}

/** Labels at the end of lines keep a line's height between them. */
function spread(wanted: number[]): number[] {
  const order = wanted.map((at, i) => [at, i] as const).sort((a, b) => a[0] - b[0]);
  const placed = [...wanted];
  let least = TOP + 4;
  for (const [at, i] of order) {
    placed[i] = Math.max(at, least);
    least = (placed[i] ?? at) + 16;
  }
  return placed;
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? 10 * power;
}

function DailyTable({ daily }: { daily: readonly DayCases[] }) {
  const words = useWords();
  const { t } = words;
  return (
    <div className="ws-tall">
      <table>
        <thead><tr><th scope="col">{t('workshop.day')}</th><th scope="col">{t('workshop.version')}</th><th scope="col" className="r">{t('workshop.hits')}</th><th scope="col" className="r">{t('workshop.cases')}</th><th scope="col" className="r">{t('workshop.band')}</th></tr></thead>
        <tbody>
          {daily.slice().reverse().map((d) => (
            <tr key={`${d.day}-${d.version}-${d.mode}`}>
              <td>{d.day}</td><td>{nameOf(d, words)}</td><td className="r">{d.hits}</td><td className="r">{d.cases}</td><td className="r">{`${d.low.toFixed(0)}–${d.high.toFixed(0)}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
