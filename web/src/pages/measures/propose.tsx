// Propose a measure: against what, what is done, on what ground, where and until when.
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { Link, useNavigate } from 'react-router';
import { failureOf, get, post, type Failure } from '../../api/client';
import type { KindInfo, MeasureDetail, ProposeBody, Unit } from '../../api/schema';
import { localInput, ofLocalInput } from '../../format/time';
import { Action } from '../../parts/marks';
import { FailedLine } from '../../parts/states';
import { now } from '../../state/clock';
import { useKeys } from '../../state/keys';
import { useMe } from '../../state/signed-in';
import { useWords } from '../../words';
import { useOne } from './use-register';
import './measures.css';

const DAY = 86_400_000;
/** The server's names of a target of each kind, where it refuses one. */
const OF_TARGET = ['target', 'number', 'dns_name', 'url', 'account', 'sender', 'code'];
const FIELDS = ['kind', 'target', 'effect', 'ground.kind', 'ground.ref', 'ground.article', 'ground.zh', 'ground.en', 'area', 'until'] as const;
type FieldName = (typeof FIELDS)[number];

export default function ProposePage() {
  const { t, of } = useWords();
  const me = useMe();
  const navigate = useNavigate();
  const { found: kinds, failure: unread } = useOne<KindInfo[]>('/v1/measures/kinds');
  const units = useUnits(me.unit);
  const id = useRef<string>(crypto.randomUUID());
  const [kind, setKind] = useState<ProposeBody['kind']>('number');
  const [given, setGiven] = useState({ target: '', effect: '', ground: 'order' as 'order' | 'finding', ref: '', article: '', zh: '', en: '', area: me.unit.code, until: '' });
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => { document.title = t('blocking.page_title'); }, [t]);

  const info = kinds?.find((k) => k.code === kind);
  const effect = info?.effects.some((e) => e.code === given.effect) ? given.effect : (info?.effects.at(-1)?.code ?? '');
  const article = info?.articles.includes(given.article) ? given.article : (info?.articles[0] ?? '');
  const until = given.until ? ofLocalInput(given.until) : null;
  const set = (part: Partial<typeof given>): void => { setGiven((was) => ({ ...was, ...part })); setFailure(null); };
  const lacking: FieldName[] = [];
  if (!given.target.trim()) lacking.push('target');
  if (!given.ref.trim()) lacking.push('ground.ref');
  if (!given.zh.trim()) lacking.push('ground.zh');
  if (!given.en.trim()) lacking.push('ground.en');
  if (given.until && until === null) lacking.push('until');
  const whyNot = lacking.length ? t('workshop.absent', { what: lacking.map((f) => t(`blocking.f_${f}`)).join(t('comma')) }) : null;
  const wrong = fieldOf(failure);
  // What was refused is where one goes on typing.
  useEffect(() => { if (failure) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(); }, [failure]);

  const send = (event?: FormEvent): void => {
    event?.preventDefault();
    if (whyNot || busy || !info) return;
    setBusy(true);
    const body: ProposeBody = {
      id: id.current, kind, target: given.target.trim(), effect: effect as ProposeBody['effect'],
      ground: { kind: given.ground, ref: given.ref.trim(), article, zh: given.zh.trim(), en: given.en.trim() },
      area: given.area, until: until === null ? null : new Date(until).toISOString(),
    };
    post<MeasureDetail>('/v1/measures', body).then(
      (made) => void navigate(`/measures/${made.id}`),
      (error: unknown) => {
        setFailure(failureOf(error));
        setBusy(false);
      },
    );
  };
  useKeys({ 'Ctrl+Enter': () => send(), Escape: () => void navigate('/measures') }, true, ['Ctrl+Enter']);

  const field = (name: FieldName, control: (props: Said) => ReactNode, hint?: string) => (
    <Field key={name} name={name} label={t(`blocking.f_${name}`)} hint={hint} failure={wrong === name ? failure : null}>{control}</Field>
  );
  return (
    <>
      <div className="hd wrap">
        <Link className="ms-back" to="/measures">‹ {t('blocking.title')}</Link><h1>{t('blocking.propose')}</h1><span className="sp" />
        <Action primary label={t('blocking.send')} keyName="Ctrl Enter" busy={busy} whyNot={whyNot} onPress={() => send()} />
      </div>
      {unread && <div className="lines"><FailedLine failure={unread} /></div>}
      {failure && !wrong && <div className="lines"><FailedLine failure={failure} /></div>}
      <div className="ms-body">
        <form className="pn ms-form" ref={form} onSubmit={send} noValidate>
          <fieldset><legend>{t('blocking.part_what')}</legend>
            {field('kind', (p) => <select {...p} value={kind} onChange={(e) => { setKind(e.target.value as ProposeBody['kind']); setFailure(null); }}>{kinds?.map((k) => <option key={k.code} value={k.code}>{of(k)}</option>)}</select>)}
            {field('target', (p) => <input {...p} className="mono" value={given.target} maxLength={2048} autoComplete="off" spellCheck={false} onChange={(e) => set({ target: e.target.value })} />, info ? of(info.hint) : '')}
            {field('effect', (p) => <select {...p} value={effect} onChange={(e) => set({ effect: e.target.value })}>{info?.effects.map((e) => <option key={e.code} value={e.code}>{of(e)}</option>)}</select>)}
          </fieldset>
          <fieldset><legend>{t('blocking.part_why')}</legend>
            {field('ground.kind', (p) => <select {...p} value={given.ground} onChange={(e) => set({ ground: e.target.value as 'order' | 'finding' })}><option value="order">{t('blocking.ref_order')}</option><option value="finding">{t('blocking.ref_finding')}</option></select>)}
            {field('ground.ref', (p) => <input {...p} value={given.ref} maxLength={500} autoComplete="off" onChange={(e) => set({ ref: e.target.value })} />, t(`blocking.hint_${given.ground}`))}
            {field('ground.article', (p) => <select {...p} value={article} onChange={(e) => set({ article: e.target.value })}>{info?.articles.map((a) => <option key={a} value={a}>{a}</option>)}</select>)}
            {field('ground.zh', (p) => <input {...p} lang="zh-CN" value={given.zh} maxLength={500} onChange={(e) => set({ zh: e.target.value })} />, t('blocking.hint_words'))}
            {field('ground.en', (p) => <input {...p} lang="en" value={given.en} maxLength={500} onChange={(e) => set({ en: e.target.value })} />)}
          </fieldset>
          <fieldset><legend>{t('blocking.part_where')}</legend>
            {field('area', (p) => <select {...p} value={given.area} onChange={(e) => set({ area: e.target.value })}>{units.map((u) => <option key={u.code} value={u.code}>{of(u)}</option>)}</select>)}
            {field('until', (p) => <input {...p} value={given.until} placeholder={localInput(now() + (info?.term_days ?? 30) * DAY)} onChange={(e) => set({ until: e.target.value })} />, info ? t('blocking.hint_until', { usual: info.term_days, most: info.longest_days }) : '')}
          </fieldset>
          <p className="x s ms-then">{t('blocking.then')}</p>
        </form>
      </div>
    </>
  );
}

interface Said { id: string; 'aria-describedby': string | undefined; 'aria-invalid': boolean }

/** A field with its hint and, where the server refused it, why. */
function Field({ name, label, hint, failure, children }: { name: string; label: string; hint: string | undefined; failure: Failure | null; children: (props: Said) => ReactNode }) {
  const { t, of } = useWords();
  const id = `f-${name.replace('.', '-')}`;
  const said = [hint && `${id}-hint`, failure && `${id}-bad`].filter(Boolean).join(' ') || undefined;
  return (
    <div className="ms-field">
      <label htmlFor={id}>{label}</label>
      <div>{children({ id, 'aria-describedby': said, 'aria-invalid': Boolean(failure) })}
        {failure && <p className="no" id={`${id}-bad`} role="alert">{of(failure.problem)} <span className="s">{t('failed.id', { id: failure.problem.id, code: failure.problem.code })}</span></p>}
        {hint && <p className="x s" id={`${id}-hint`}>{hint}</p>}
      </div>
    </div>
  );
}

/** At which field a refusal belongs; null: at none of them. */
function fieldOf(failure: Failure | null): FieldName | null {
  const named = failure?.problem.field ?? '';
  if (OF_TARGET.includes(named)) return 'target';
  if (named === 'term') return 'until';
  return FIELDS.find((f) => f === named) ?? null;
}

function useUnits(own: Unit): Unit[] {
  const [units, setUnits] = useState<Unit[]>([own]);
  useEffect(() => {
    get<Unit[]>('/v1/units').then((all) => setUnits([own, ...all.filter((u) => u.code !== own.code)]), () => undefined);
  }, [own]);
  return units;
}
