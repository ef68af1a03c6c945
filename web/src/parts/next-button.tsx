// The one filled button of an opened warning, with its words for this state.
import type { WarningDetail } from '../api/schema';
import type { Stepper } from '../state/stepper';
import { useWords } from '../words';
import { Action } from './marks';
import { verbLabel } from './verb-label';

export function NextButton({ detail, stepper, wide }: { detail: WarningDetail; stepper: Stepper; wide?: boolean }) {
  const words = useWords();
  const { t, of } = words;
  const { step } = stepper;
  if (step.kind === 'none') return null;
  const label = step.kind === 'desk' ? t('next.desk')
    : step.step.verb.code === 'sign' ? t('next.sign')
    : step.step.verb.code === 'start_contact' ? t(detail.state.code === 'signed' ? 'next.call' : 'next.call_again')
    : verbLabel(step.step.verb, words);
  const whyNot = step.kind === 'verb' && !step.step.allowed ? of(step.step.whyNot) : null;
  return <Action label={label} keyName="Enter" primary wide={wide ?? false} busy={stepper.busy} whyNot={whyNot} onPress={stepper.next} />;
}
