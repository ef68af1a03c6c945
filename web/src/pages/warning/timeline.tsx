// What happened to this person: calls, network and money on one axis, up to now; as a list on T.
import { useEffect, useMemo, useRef, useState } from 'react';
import type { TimelineEntry, WarningDetail } from '../../api/schema';
import { dayTime, hm, hms, near, span } from '../../format/time';
import { Key } from '../../parts/marks';
import { Empty } from '../../parts/states';
import { now, useSecond } from '../../state/clock';
import { useFeeds } from '../../state/feeds';
import { useWords } from '../../words';
import { axisOf } from './axis';
import { place, widthOf } from './lanes';

const LANES = ['call', 'network', 'money'] as const;
type Lane = (typeof LANES)[number];
/** The feeds that a lane is drawn from: when one is stale, the lane says since when. */
const FEEDS: Record<Lane, string[]> = { call: ['call', 'text'], network: ['visit', 'app'], money: ['transfer', 'account'] };
const ROW = 26;
const TOP = 26;
const BAR = 20;

export function Timeline({ detail, asList, toggle }: { detail: WarningDetail; asList: boolean; toggle: () => void }) {
  const { t } = useWords();
  const first = detail.timeline[0];
  return (
    <section className="pn" aria-label={t('timeline.title')}>
      <div className="t">
        <h2>{t('timeline.title')}</h2>
        {first && <span className="x">{t('timeline.since', { at: near(first.at, now()) })}</span>}
        <span className="sp" />
        <button type="button" className="link s" onClick={toggle} aria-keyshortcuts="T">
          {t(asList ? 'timeline.as_chart' : 'timeline.as_list')}
        </button><Key>T</Key>
      </div>
      {!detail.timeline.length ? <Empty>{t('timeline.empty')}</Empty> : asList ? <List entries={detail.timeline} /> : <Chart detail={detail} />}
    </section>
  );
}

function Chart({ detail }: { detail: WarningDetail }) {
  const { t, of, language } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(752);
  const second = useSecond();
  const open = detail.state.code !== 'archived';
  const last = Math.max(...detail.timeline.map((e) => Date.parse(e.until ?? e.at)), Date.parse(detail.issued_at));
  // What is over does not stretch to today; what is open ends now, redrawn every few seconds.
  const end = open ? Math.max(last, Math.floor(second / 5) * 5000) : last;
  useEffect(() => {
    const seen = new ResizeObserver(([entry]) => { if (entry) setWidth(Math.max(300, Math.floor(entry.contentRect.width))); });
    if (box.current) seen.observe(box.current);
    return () => seen.disconnect();
  }, []);

  const label = 8 + Math.max(...LANES.map((lane) => widthOf(t(`lane.${lane}`))));
  const drawn = useMemo(() => {
    const spans = detail.timeline.map((e) => ({
      at: Date.parse(e.at), until: e.live ? end : Date.parse(e.until ?? e.at),
    }));
    const axis = axisOf(spans, end, label + 12, width - 16);
    let y = TOP;
    const lanes = LANES.map((lane) => {
      const found = place(detail.timeline.filter((e) => e.lane === lane), of, axis, end, label + 8, width - 6);
      const top = y;
      y += found.rows * ROW + 10 + (found.hidden ? 18 : 0);
      return { lane, top, ...found };
    });
    return { axis, lanes, height: y };
  }, [detail.timeline, end, width, label, of]);
  const nowX = drawn.axis.x(end);

  return (
    <div className="c tl" ref={box}>
      <svg width={width} height={drawn.height} viewBox={`0 0 ${width} ${drawn.height}`} role="img" aria-label={t('timeline.spoken', { n: detail.timeline.length })}>
        {drawn.axis.ticks.filter((tick) => tick.x < nowX - (open ? 116 : 40) && drawn.axis.cuts.every((cut) => Math.abs(cut.x - tick.x) > 30)).map((tick) => (
          <g key={tick.at}>
            <line x1={tick.x} x2={tick.x} y1={TOP - 4} y2={drawn.height} className="grid" />
            <text x={tick.x} y={14} textAnchor="middle" className="tick">{hm(tick.at)}</text>
          </g>
        ))}
        {drawn.axis.cuts.map((cut) => (
          <g key={cut.x} className="cutmark">
            <rect x={cut.x - 14} y={TOP - 4} width={28} height={drawn.height - TOP + 4} />
            <text x={cut.x} y={14} textAnchor="middle" className="tick">//<title>{t('timeline.cut', { span: span(cut.left_out, language) })}</title></text>
          </g>
        ))}
        {drawn.lanes.map(({ lane, top, placed, rows, hidden }) => (
          <g key={lane} className={`lane ${lane}`}>
            <line x1={0} x2={width} y1={top - 4} y2={top - 4} className="edge" />
            <text x={0} y={top + 16} className="lane-name">{t(`lane.${lane}`)}</text>
            {!placed.length && <text x={label + 12} y={top + 16} className="none">{t('timeline.lane_empty')}</text>}
            {placed.map((item, i) => <Item key={i} item={item} top={top} />)}
            {hidden > 0 && <text x={label + 12} y={top + rows * ROW + 12} className="none">{t('timeline.hidden', { n: hidden })}</text>}
            <StaleLane lane={lane} top={top} bottom={top + rows * ROW + 6} right={nowX} x={drawn.axis.x} />
          </g>
        ))}
        <line x1={0} x2={width} y1={drawn.height - 1} y2={drawn.height - 1} className="edge" />
        {open && <line x1={nowX} x2={nowX} y1={TOP - 6} y2={drawn.height} className="nowline" />}
        {open && <text x={nowX + 2} y={14} textAnchor="end" className="nowtext">{t('timeline.now', { at: hms(second * 1000) })}</text>}
      </svg>
    </div>
  );
}

function Item({ item, top }: { item: ReturnType<typeof place>['placed'][number]; top: number }) {
  const y = top + item.row * ROW;
  const bar = item.to > item.from;
  const look = item.entry.emphasis && !bar ? 'strong' : '';
  const textX = item.side === 'in' ? item.from + 7 : item.side === 'right' ? item.to + (bar ? 7 : 9) : item.from - (bar ? 7 : 9);
  return (
    <g className={look}>
      {bar
        ? <rect x={item.from} y={y + 2} width={item.to - item.from} height={BAR} rx={3} className="bar" />
        : <circle cx={item.from} cy={y + 12} r={4.5} className="dot" />}
      <text x={textX} y={y + 16} textAnchor={item.side === 'left' ? 'end' : 'start'} className={item.side === 'in' ? 'on-bar' : 'beside'}>{item.text}</text>
    </g>
  );
}

/** From the last thing a stale feed told, its lane is grey: what is not there is not known. */
function StaleLane({ lane, top, bottom, right, x }: { lane: Lane; top: number; bottom: number; right: number; x: (at: number) => number }) {
  const { t } = useWords();
  const { feeds } = useFeeds();
  const stale = feeds.filter((f) => FEEDS[lane].includes(f.stream) && f.state === 'stale' && f.last_at);
  if (!stale.length) return null;
  const since = Math.max(...stale.map((f) => Date.parse(f.last_at ?? '')));
  const from = Math.min(right - 2, x(since));
  return (
    <g className="stale-lane">
      <rect x={from} y={top - 3} width={Math.max(2, right - from)} height={bottom - top} />
      <title>{t('timeline.stale', { at: hms(since) })}</title>
    </g>
  );
}

function List({ entries }: { entries: TimelineEntry[] }) {
  const { t, of } = useWords();
  return (
    <table className="tl-list">
      <thead><tr><th scope="col">{t('timeline.col_at')}</th><th scope="col">{t('timeline.col_lane')}</th><th scope="col">{t('timeline.col_what')}</th><th scope="col">{t('timeline.col_until')}</th></tr></thead>
      <tbody>
        {entries.map((e, i) => (
          <tr key={i}>
            <td className="n">{dayTime(e.at, now())}</td><td className="n">{t(`lane.${e.lane}`)}</td>
            <td>{e.emphasis ? <b>{of(e)}</b> : of(e)}</td>
            <td className="n x">{e.live ? t('timeline.still') : e.until ? hm(e.until) : ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
