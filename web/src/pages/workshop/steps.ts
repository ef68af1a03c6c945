// The one filled button of a version: what is due now, and why it may not be done yet.
import type { Me, VersionView } from '../../api/schema';
import { may } from '../../state/may';
import { say } from '../../words';

type Both = { zh: string; en: string };

export interface Step { verb: string; words: Both; whyNot: Both | null }

/** Acts that stand below the gates rather than in the head. */
export const OTHER_ACTS = ['send_back', 'withdraw', 'retire'] as const;

const ORDER = ['publish', 'submit', 'start_shadow', 'replay'] as const;
const both = (text: string): Both => ({ zh: text, en: text });

export function nextAct(view: VersionView, dirty: boolean, me: Me): Step | null {
  if (dirty && may.draft(me)) return { verb: 'save', words: both(say('workshop.save')), whyNot: null };
  for (const verb of ORDER) {
    const found = view.verbs.find((v) => v.verb === verb);
    // In shadow a replay may be asked for again; what is due is the signature.
    if (found && !(verb === 'replay' && view.state.code === 'shadow')) return { verb, words: found, whyNot: null };
  }
  if (view.state.code === 'shadow' && may.draft(me)) {
    const unmet = view.gates.filter((g) => !g.met && g.code !== 'second_person');
    const list = (side: 'zh' | 'en'): string => unmet.map((g) => g[side]).join(side === 'zh' ? '；' : '; ');
    return { verb: 'submit', words: both(say('workshop.submit')), whyNot: { zh: `还差：${list('zh')}`, en: `Still missing: ${list('en')}` } };
  }
  return null;
}
