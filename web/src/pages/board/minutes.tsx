// Warnings issued over time: one lane a grade on one axis, each minute a bar, each lane to its own scale.
import { useEffect, useRef, useState } from 'react';
import type { Board, Minute } from '../../api/schema';
import { dayTime, hm } from '../../format/time';
import { GRADES } from '../../state/lists';
import { useWords } from '../../words';

const LANE = 46;
const TOP = 4;
const AXIS = 20;
const LEFT = 70;
const RIGHT = 44;

/** Minutes in steps that leave a bar some pixels: a day is drawn in quarters of an hour. */
function stepped(all: Minute[], step: number): Minute[] {
  const found: Minute[] = [];
  for (let i = 0; i < all.length; i += step) {
    const part = all.slice(i, i + step);
    const first = part[0];
    if (!first) continue;
    const sum = { ...first };
    for (const grade of GRADES) sum[grade] = part.reduce((n, m) => n + m[grade], 0);
    found.push(sum);
  }
  return found;
}

const stepOf = (minutes: number): number => (minutes <= 60 ? 1 : minutes <= 360 ? 5 : 15);

export function Minutes({ board, minutes }: { board: Board; minutes: number }) {
  const { t } = useWords();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(900);
  useEffect(() => {
    const seen = new ResizeObserver(([entry]) => { if (entry) setWidth(Math.max(300, Math.floor(entry.contentRect.width))); });
    if (box.current) seen.observe(box.current);
    return () => seen.disconnect();
  }, []);
  const step = stepOf(minutes);
  const rows = stepped(board.minutes, step);
  const each = (width - LEFT - RIGHT) / Math.max(1, rows.length);
  const height = TOP + LANE * GRADES.length + AXIS;
  const label = Math.max(1, Math.ceil(72 / each));
  return (
    <div className="c mins" ref={box}>
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={t('board.minutes')}>
        {rows.map((m, i) => i % label === 0 && (
          <g key={m.at}>
            <line className="grid" x1={LEFT + i * each} x2={LEFT + i * each} y1={TOP} y2={height - AXIS} />
            <text className="tick" x={LEFT + i * each} y={height - 5} textAnchor={i ? 'middle' : 'start'}>{hm(m.at)}</text>
          </g>
        ))}
        {GRADES.map((grade, lane) => {
          const most = Math.max(1, ...rows.map((m) => m[grade]));
          const base = TOP + (lane + 1) * LANE;
          return (
            <g key={grade} className={`m-${grade}`}>
              <line className="edge" x1={0} x2={width} y1={base} y2={base} />
              <text x={0} y={base - 16} className="name">{t(`grade.${grade}`)}</text>
              <text x={width} y={base - 16} textAnchor="end" className="most">{t('board.most', { n: Math.max(...rows.map((m) => m[grade])) })}</text>
              {rows.map((m, i) => m[grade] > 0 && (
                <rect key={m.at} x={LEFT + i * each + 0.5} width={Math.max(1.5, each - 1.5)} y={base - ((LANE - 10) * m[grade]) / most} height={((LANE - 10) * m[grade]) / most}>
                  <title>{`${hm(m.at)} · ${t(`grade.${grade}`)} ${m[grade]}`}</title>
                </rect>
              ))}
            </g>
          );
        })}
      </svg>
      {step > 1 && <p className="x s">{t('board.step', { n: step })}</p>}
    </div>
  );
}

/** The same figures as a table, newest first; minutes in which nothing was issued are left out. */
export function MinutesTable({ board }: { board: Board }) {
  const { t } = useWords();
  const rows = board.minutes.filter((m) => GRADES.some((g) => m[g] > 0)).reverse();
  return (
    <div className="mins-table">
      <table>
        <thead><tr><th scope="col">{t('board.minute')}</th>{GRADES.map((g) => <th key={g} scope="col" className="r">{t(`grade.${g}`)}</th>)}</tr></thead>
        <tbody>
          {rows.map((m) => (
            <tr key={m.at}><th scope="row">{dayTime(m.at, Date.parse(board.as_of))}</th>{GRADES.map((g) => <td key={g} className="r">{m[g]}</td>)}</tr>
          ))}
        </tbody>
      </table>
      <p className="c x s">{t('board.zero_left_out')}</p>
    </div>
  );
}
