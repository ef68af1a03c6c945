// Small marks that carry meaning: grade, clock, key, why a button is not allowed.
import { useEffect, useId, useRef, type ReactNode } from 'react';
import type { Clock as WireClock, WarningRow } from '../api/schema';
import { span } from '../format/time';
import { now, useSecond } from '../state/clock';
import { announce } from '../state/live-region';
import { useWords } from '../words';

export type Grade = WarningRow['grade'];
const ORDER: Grade[] = ['critical', 'high', 'medium', 'low'];

/** Shape, word and fill; read aloud as “紧急，四级中第一级”. */
export function GradeMark({ grade }: { grade: Grade }) {
  const { t } = useWords();
  const spoken = t('grade.spoken', { grade: t(`grade.${grade}`), n: ORDER.indexOf(grade) + 1 });
  return <span className={`g ${grade}`} role="img" aria-label={spoken}>{t(`grade.${grade}`)}</span>;
}

const MINUTE = 60_000;
const SPOKEN_AT = [10, 3, 1];
// Terms of days are near their end at a tenth of the term, the others at ten minutes.
const soonAt = (clock: WireClock): number => {
  const term = Date.parse(clock.due_at) - Date.parse(clock.started_at);
  return term > 24 * 60 * MINUTE ? term / 10 : 10 * MINUTE;
};

/** Time left by the server's clock. With `speak`, said aloud ten, three and one minute before the end. */
export function Clock({ clock, withVerb = false, speak }: { clock: WireClock | null; withVerb?: boolean; speak?: string }) {
  const { t, of, language } = useWords();
  useSecond();
  const left = clock ? Date.parse(clock.due_at) - now() : 0;
  const minutes = Math.ceil(left / MINUTE);
  const last = useRef(minutes);
  useEffect(() => {
    if (clock && speak && last.current > minutes && SPOKEN_AT.includes(minutes)) {
      announce(t('clock.spoken', { what: speak, verb: of(clock.verb), n: minutes }));
    }
    last.current = minutes;
  }, [minutes, clock, speak, t, of]);
  if (!clock) return <span className="x">—</span>;
  const late = left < 0;
  const look = late ? 'ck late' : left <= soonAt(clock) ? 'ck soon' : 'ck';
  const text = late ? `${t('clock.late')} ${span(-left, language)}` : span(left, language);
  return (
    <span className={look} role="timer" aria-live="off">
      {withVerb ? `${of(clock.verb)} ` : ''}{text}
    </span>
  );
}

export function Key({ children }: { children: ReactNode }) {
  return <kbd aria-hidden="true">{children}</kbd>;
}

interface ActionProps {
  label: string;
  keyName?: string;
  primary?: boolean;
  small?: boolean;
  wide?: boolean;
  link?: boolean;
  busy?: boolean;
  /** Why it cannot be pressed now: shown on focus and under the pointer, read with the button. */
  whyNot?: string | null;
  onPress: () => void;
}

/** A button: a verb and its object, its key beside it, and the reason when it may not be pressed. */
export function Action({ label, keyName, primary, small, wide, link, busy, whyNot, onPress }: ActionProps) {
  const id = useId();
  const off = Boolean(whyNot) || busy;
  const look = link ? 'link' : ['bt', primary && 'p', small && 'sm', wide && 'wide'].filter(Boolean).join(' ');
  return (
    <span className={wide ? 'act wide' : 'act'}>
      <button
        type="button" className={look} aria-disabled={off || undefined}
        aria-describedby={whyNot ? id : undefined} aria-keyshortcuts={keyName}
        onClick={() => { if (!off) onPress(); }}
      >
        {label}{keyName && <Key>{keyName}</Key>}
      </button>
      {whyNot && <span className="why" id={id} role="note">{whyNot}</span>}
    </span>
  );
}

/** A grey line in place of a text that is on its way. */
export function Grey({ width }: { width: number }) {
  return <span className="gl" style={{ width }} aria-hidden="true" />;
}
