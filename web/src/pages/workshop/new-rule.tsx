// The first draft of a rule: its channel, its condition, its words in both languages.
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import type { NameInfo, RuleBody } from '../../api/schema';
import { Action } from '../../parts/marks';
import { FailedLine } from '../../parts/states';
import { useKeys } from '../../state/keys';
import { useWords } from '../../words';
import { Editor } from './editor';
import { Explain } from './explain';
import { RuleFields } from './fields';
import { RuleRail } from './rule-rail';
import { Verdict } from './rule';
import { useCheck } from './use-check';
import { useDraft } from './use-draft';
import { useChannels } from './use-rules';
import './workshop.css';

const BLANK: RuleBody = {
  id: '', channel: 'transfer_payer', when: '', score: 0.6, title_zh: '', title_en: '', zh: '', en: '', scam_type: null, stage: 'transfer',
};

export default function NewRulePage() {
  const { t, of } = useWords();
  const navigate = useNavigate();
  const draft = useDraft('new', BLANK);
  const channels = useChannels();
  const checking = useCheck(draft.body.channel, draft.body.when, null);
  const [name, setName] = useState<NameInfo | null>(null);
  useEffect(() => { document.title = t('workshop.page_title'); }, [t]);
  const { id, when, title_zh, title_en, zh, en } = draft.body;
  const absent = [!when.trim() && 'condition', !id && 'field_id', !title_zh && 'field_title_zh', !title_en && 'field_title_en', !zh && 'field_zh', !en && 'field_en']
    .filter((n) => n !== false);
  const whyNot = absent.length ? t('workshop.absent', { what: absent.map((n) => t(`workshop.${n}` as 'workshop.condition')).join(t('comma')) }) : null;
  const save = async (): Promise<void> => {
    if (whyNot || draft.busy) return;
    const made = await draft.save();
    if (made) void navigate(`/workshop/${made.rule.id}?v=${made.version}`);
  };
  useKeys({ 'Ctrl+s': () => void save() }, true, ['Ctrl+s']);
  const names = channels.find((c) => c.code === draft.body.channel)?.names ?? [];
  return (
    <>
      <div className="hd ws-hd">
        <h1>{t('workshop.title')}</h1><b>{t('workshop.new')}</b><span className="sp" />
        <Action primary label={t('workshop.save')} keyName="Ctrl S" busy={draft.busy} whyNot={whyNot} onPress={() => void save()} />
      </div>
      {draft.failure && <div className="lines"><FailedLine failure={draft.failure} /></div>}
      <div className="ws">
        <RuleRail current="" asked={0} />
        <div className="ws-col">
          <section className="pn">
            <div className="t"><h2>{t('workshop.condition')}</h2><span className="x">{t('workshop.how')}</span><span className="sp" />{when.trim() && <Verdict checking={checking} text={when} />}</div>
            <Editor channel={draft.body.channel} text={when} set={(text) => draft.set({ ...draft.body, when: text })} checking={checking} before={null} readOnly={false} explain={setName} />
          </section>
          <section className="pn">
            <div className="t"><h2>{t('workshop.words_and_score')}</h2></div>
            <RuleFields body={draft.body} set={draft.set} channels={channels} fresh readOnly={false} wrong={draft.wrong} />
          </section>
        </div>
        <section className="pn ws-side" aria-label={t('workshop.names')}>
          <div className="t"><h2>{t('workshop.names')}</h2><span className="sp" /><span className="x">{names.length}</span></div>
          <ul className="ws-scroll ws-names">
            {names.map((n) => (
              <li key={n.name}><button type="button" className="link mono" onClick={() => setName(n)}>{n.name}</button><br /><span className="x">{of(n)} · {of(n.unit_words)}</span></li>
            ))}
          </ul>
        </section>
      </div>
      <Explain channel={draft.body.channel} name={name} close={() => setName(null)} />
    </>
  );
}
