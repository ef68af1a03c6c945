// Draft → replay → shadow → publish: which of them a version has behind it.
import type { VersionView } from '../../api/schema';
import { now } from '../../state/clock';
import { useWords } from '../../words';

const STAGES = ['draft', 'replay', 'shadow', 'publish'] as const;
const AT: Record<string, number> = { draft: 0, replayed: 1, shadow: 2, submitted: 3, live: 4 };
const DAY_MS = 86_400_000;

export function Stages({ view, dirty }: { view: VersionView; dirty: boolean }) {
  const { t, of } = useWords();
  const at = dirty ? 0 : AT[view.state.code];
  if (at === undefined) return <span className="tag w">{of(view.state)}</span>;
  const days = view.shadow_since ? Math.floor((now() - Date.parse(view.shadow_since)) / DAY_MS) : 0;
  return (
    <ol className="ws-stages" aria-label={t('workshop.stages')}>
      {STAGES.map((stage, n) => {
        const done = n < at || (n === 1 && at === 1);
        return (
          <li key={stage} className={done ? 'y' : n === at ? 'on' : ''} aria-current={n === at ? 'step' : undefined}>
            {done && '✓ '}{t(`workshop.to_${stage}`)}{stage === 'draft' && !dirty && ` v${view.version}`}
            {stage === 'shadow' && view.state.code === 'shadow' && ` ${t('workshop.days', { n: days })}`}
            {done && <span className="unseen">{t('workshop.done')}</span>}
          </li>
        );
      })}
    </ol>
  );
}
