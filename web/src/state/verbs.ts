// The verbs of a warning as buttons: which is the next step, which key it has, why it may not be.
import type { Me, VerbView, WarningDetail, WarningRow } from '../api/schema';

/** Outcomes of a call in the order of their keys. */
export const OUTCOMES = [
  'record_dissuaded', 'record_not_believing', 'record_already_paid',
  'record_false_alarm', 'record_no_answer', 'request_visit',
] as const;

/** Verbs that the page of a warning offers beside the next step. */
export const OTHER_VERBS = [
  'reassign', 'release', 'raise_grade', 'hand_up', 'hand_down', 'record_false_alarm',
  'record_already_paid', 'request_visit', 'archive', 'undo',
] as const;

const NEXT = ['sign', 'start_contact', 'follow_up', 'archive'] as const;
const TALKING = new Set(['contacting', 'visiting']);

export interface Possible {
  verb: VerbView;
  allowed: boolean;
  whyNot: { zh: string; en: string } | null;
}

/** A verb for this person now: the table's answer, and whether somebody else holds the warning. */
export function possible(row: WarningRow, verb: VerbView, me: Me): Possible {
  const other = row.owner && row.owner.id !== me.id && !me.roles.includes('duty_officer');
  if (verb.allowed && other && verb.code !== 'sign') {
    const by = row.owner?.display ?? '';
    return { verb, allowed: false, whyNot: { zh: `已由 ${by} 签收`, en: `Signed by ${by}` } };
  }
  return { verb, allowed: verb.allowed, whyNot: verb.why_not };
}

export type NextStep =
  | { kind: 'verb'; step: Possible }
  | { kind: 'desk' }
  | { kind: 'none' };

/** The one filled button of an opened warning. */
export function nextStep(detail: WarningDetail, me: Me): NextStep {
  const mine = !detail.owner || detail.owner.id === me.id || me.roles.includes('duty_officer');
  if (TALKING.has(detail.state.code) && mine) return { kind: 'desk' };
  for (const code of NEXT) {
    const verb = detail.verbs.find((v) => v.code === code);
    if (verb) return { kind: 'verb', step: possible(detail, verb, me) };
  }
  return TALKING.has(detail.state.code) ? { kind: 'desk' } : { kind: 'none' };
}
