// Marks of the register: the state by shape and word, the term with what is left of it, the target.
import type { AppealRow, MeasureRow } from '../../api/schema';
import { dayTime, span } from '../../format/time';
import { now, useSecond } from '../../state/clock';
import { useWords } from '../../words';

const LOOKS: Record<string, string> = { standing: 'tag ac', provisional: 'tag w', proposed: 'tag', filed: 'tag w', accepted: 'tag ac', checked: 'tag ac', upheld: 'tag ok' };
const SHAPES: Record<string, string> = { standing: '●', provisional: '◐', proposed: '○', filed: '○', accepted: '◐', checked: '◐' };
const IN_FORCE = new Set(['standing', 'provisional']);
const HOUR = 3_600_000;

export const inForce = (measure: MeasureRow): boolean => IN_FORCE.has(measure.state.code);

export function State({ state }: { state: MeasureRow['state'] }) {
  const { of } = useWords();
  return <span className={LOOKS[state.code] ?? 'tag'}><i className="ms-shape" aria-hidden="true">{SHAPES[state.code] ?? '■'}</i>{of(state)}</span>;
}

/** Until when, and how much is left of it: of a proposal, until it lapses. */
export function Term({ measure, bare = false }: { measure: MeasureRow; bare?: boolean }) {
  const { t, language } = useWords();
  useSecond();
  const due = measure.state.code === 'proposed' ? measure.decide_by : inForce(measure) ? measure.ends_at : null;
  if (!due) return <span className="x">{dayTime(measure.ends_at, now())}</span>;
  const left = Date.parse(due) - now();
  const look = left < 0 ? 'ck late' : left < 6 * HOUR ? 'ck soon' : 'ck';
  const what = measure.state.code === 'proposed' ? t('blocking.to_decide') : '';
  return <><span className={look} role="timer" aria-live="off">{what}{left < 0 ? t('clock.late') : span(left, language)}</span>{!bare && <><br /><span className="x">{t('blocking.until', { at: dayTime(due, now()) })}</span></>}</>;
}

/** The clock of an appeal: to accept, then to decide; how late it is. */
export function Due({ appeal }: { appeal: AppealRow }) {
  const { t, language } = useWords();
  useSecond();
  if (!appeal.due_at) return <span className="x">—</span>;
  const left = Date.parse(appeal.due_at) - now();
  const look = left < 0 ? 'ck late' : left < 4 * HOUR ? 'ck soon' : 'ck';
  const verb = t(appeal.state.code === 'filed' ? 'appeals.to_accept' : 'appeals.to_decide');
  return <span className={look} role="timer" aria-live="off">{verb} {left < 0 ? `${t('clock.late')} ${span(-left, language)}` : span(left, language)}</span>;
}

export function Target({ measure }: { measure: MeasureRow }) {
  const { of } = useWords();
  return <><span className="x">{of(measure.kind)}</span> <bdi className="mono">{measure.target}</bdi></>;
}
