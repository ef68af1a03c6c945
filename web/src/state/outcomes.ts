// The outcome keys of a call: one press selects, the same again or Enter records, Ctrl Z takes back.
import type { Me, WarningDetail } from '../api/schema';
import { OUTCOMES, possible, type Possible } from './verbs';

/** A selected outcome falls back to unselected after this. */
export const SELECTED_MS = 3000;
/** Until when an outcome can be taken back; the server decides, this is what the screen shows. */
export const UNDO_MS = 10_000;

export interface Outcome {
  key: string;
  code: string;
  /** Null: not a verb of this state. */
  possible: Possible | null;
}

/** The six keys for this state: at a door, “nobody met” stands where “no answer” stands on the phone. */
export function outcomesOf(detail: WarningDetail, me: Me): Outcome[] {
  return OUTCOMES.map((usual, i) => {
    const nobody = usual === 'record_no_answer' && detail.state.code === 'visiting';
    const code = nobody ? 'record_nobody_met' : usual;
    const verb = detail.verbs.find((v) => v.code === code);
    return { key: String(i + 1), code, possible: verb ? possible(detail, verb, me) : null };
  });
}

export interface Selected {
  code: string;
  at: number;
}

export type Press =
  | { kind: 'select'; selected: Selected }
  | { kind: 'record'; code: string }
  | { kind: 'ask_paid' };

/** What a press on an outcome does. */
export function press(code: string, selected: Selected | null, now: number): Press {
  if (code === 'record_already_paid') return { kind: 'ask_paid' };
  const again = selected?.code === code && now - selected.at <= SELECTED_MS;
  return again ? { kind: 'record', code } : { kind: 'select', selected: { code, at: now } };
}

const CALLED = new Set(['contacting', 'visiting']);
export const inCall = (detail: WarningDetail): boolean => CALLED.has(detail.state.code);
