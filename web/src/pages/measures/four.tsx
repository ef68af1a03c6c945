// What no page of a measure is without: ground, term, remedy, end. And what else one asks about it.
import type { MeasureRow } from '../../api/schema';
import { dayTime } from '../../format/time';
import { now } from '../../state/clock';
import { useWords } from '../../words';
import { Term } from './labels';

export function Four({ measure }: { measure: MeasureRow }) {
  const { t, of } = useWords();
  const { ground, remedy } = measure;
  return (
    <dl className="ms-four">
      <div><dt>{t('blocking.ground')}</dt><dd><b>{of(ground)}</b><br />{t(`blocking.ref_${ground.kind as 'order' | 'finding'}`)} <span className="ms-ref">{ground.ref}</span><br /><span className="d">{ground.article}</span></dd></div>
      <div><dt>{t('blocking.term')}</dt><dd>{t('blocking.from_to', { from: dayTime(measure.begins_at, now()), to: dayTime(measure.ends_at, now()) })}{measure.state.code !== 'expired' && measure.state.code !== 'lifted' && measure.state.code !== 'declined' && <><br /><Term measure={measure} bare /></>}</dd></div>
      <div><dt>{t('blocking.remedy')}</dt><dd>{of(remedy.channel)}<br /><span className="d">{t('blocking.documents')}{t('colon')}{remedy.documents.map(of).join(t('comma'))}</span></dd></div>
      <div><dt>{t('blocking.end')}</dt><dd>{t(`blocking.end_${measure.state.code}` as 'blocking.end_standing')}</dd></div>
    </dl>
  );
}
