// What a rule says beside its condition: channel, score, titles, the words of its reason.
import type { ChannelInfo, RuleBody } from '../../api/schema';
import { useWords } from '../../words';

export const STAGES = ['contact', 'trust', 'operation', 'card_bound', 'transfer', 'after'] as const;

interface Props {
  body: RuleBody;
  set: (body: RuleBody) => void;
  channels: readonly ChannelInfo[];
  /** A new rule has its name and channel chosen; later versions keep them. */
  fresh: boolean;
  readOnly: boolean;
  wrong: string | null;
}

export function RuleFields({ body, set, channels, fresh, readOnly, wrong }: Props) {
  const { t, of } = useWords();
  const text = (name: 'id' | 'title_zh' | 'title_en' | 'zh' | 'en', fixed = false) => (
    <label>{t(`workshop.field_${name}`)}
      <input value={body[name]} readOnly={readOnly || fixed} aria-invalid={wrong === name} maxLength={200}
        lang={name === 'zh' || name === 'title_zh' ? 'zh-CN' : 'en'} onChange={(e) => set({ ...body, [name]: e.target.value })} />
    </label>
  );
  return (
    <div className="ws-fields">
      {fresh && text('id')}
      {fresh && (
        <label>{t('workshop.field_channel')}
          <select value={body.channel} disabled={readOnly} onChange={(e) => set({ ...body, channel: e.target.value })}>
            {channels.map((c) => <option key={c.code} value={c.code}>{of(c)}</option>)}
          </select>
        </label>
      )}
      {text('title_zh')}{text('title_en')}{text('zh')}{text('en')}
      <label>{t('workshop.field_score')}
        <input type="number" min={0.01} max={0.99} step={0.01} value={body.score} readOnly={readOnly} aria-invalid={wrong === 'score'}
          onChange={(e) => set({ ...body, score: Number(e.target.value) })} />
      </label>
      <label>{t('workshop.field_stage')}
        <select value={body.stage} disabled={readOnly} onChange={(e) => set({ ...body, stage: e.target.value as RuleBody['stage'] })}>
          {STAGES.map((s) => <option key={s} value={s}>{t(`workshop.stage_${s}`)}</option>)}
        </select>
      </label>
      <label>{t('workshop.field_type')}
        <input className="mono" value={body.scam_type ?? ''} readOnly={readOnly} maxLength={12} aria-invalid={wrong === 'scam_type'}
          onChange={(e) => set({ ...body, scam_type: e.target.value.trim().toUpperCase() || null })} />
      </label>
    </div>
  );
}
