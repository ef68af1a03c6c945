// The frame of every page: rail, search, feed health, server clock, language, person.
import { Dropdown } from 'antd';
import { useEffect, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { NavLink, useLocation, useNavigate } from 'react-router';
import { hms, near } from '../format/time';
import { clockOffset, now, useSecond } from '../state/clock';
import { useTabCounts } from '../state/counts';
import { useFeeds, type FeedState } from '../state/feeds';
import { setKeysOff, useKeys, useKeysOff } from '../state/keys';
import { may } from '../state/may';
import { useMe, useSignOut } from '../state/signed-in';
import { useWords, type Speech } from '../words';
import { KeyHelp } from './key-help';
import { LanguageSwitch } from './language-switch';
import { Key } from './marks';

const GO_WAIT_MS = 1200;

export function Frame({ children }: { children: ReactNode }) {
  const { t } = useWords();
  const me = useMe();
  const search = useRef<HTMLInputElement>(null);
  const main = useRef<HTMLElement>(null);
  const [help, setHelp] = useState(false);
  useKeys({
    '?': () => setHelp(true),
    'Shift+?': () => setHelp(true),
    '/': () => search.current?.focus(),
  });
  useGoTo({
    w: may.warnings(me) ? '/warnings' : undefined,
    b: may.measures(me) ? '/measures' : undefined,
    a: may.workshop(me) ? '/workshop' : undefined,
    u: may.groups(me) ? '/groups' : undefined,
    s: may.board(me) ? '/situation' : undefined,
    p: may.quarantine(me) ? '/platform/quarantine' : undefined,
  });
  const { pathname } = useLocation();
  useEffect(() => main.current?.focus({ preventScroll: true }), [pathname]);

  return (
    <div className="app">
      <a className="to-main" href="#main">{t('frame.skip')}</a>
      <header className="top">
        <div className="lg">{t('frame.logo')}</div>
        <b className="centre"><Centre /></b>
        {may.warnings(me) && <Search field={search} />}
        <div className="sp" />
        <FeedHealth />
        <ServerClock />
        <LanguageSwitch />
        <Person />
      </header>
      <nav className="rail" aria-label={t('frame.rail')}>
        {may.warnings(me) && <NavLink to="/warnings">{t('rail.warnings')}{may.take(me) && <Mine />}</NavLink>}
        {may.measures(me) && <NavLink to="/measures">{t('rail.blocking')}</NavLink>}
        {may.workshop(me) && <NavLink to="/workshop">{t('rail.analysis')}</NavLink>}
        {may.groups(me) && <NavLink to="/groups">{t('rail.publicity')}</NavLink>}
        {may.board(me) && <NavLink to="/situation">{t('rail.situation')}</NavLink>}
        {may.quarantine(me) && <NavLink to="/platform/quarantine">{t('rail.platform')}</NavLink>}
      </nav>
      <main className="main" id="main" tabIndex={-1} ref={main}>
        <StaleBand />
        {children}
      </main>
      <KeyHelp open={help} close={() => setHelp(false)} />
      <div className="unseen" id="live-polite" aria-live="polite" />
      <div className="unseen" id="live-assertive" aria-live="assertive" />
    </div>
  );
}

/** `g` and a letter within a second open a page of the rail; the letter then means nothing else. */
function useGoTo(pages: Record<string, string | undefined>): void {
  const navigate = useNavigate();
  const pressed = useRef(0);
  const latest = useRef(pages);
  latest.current = pages;
  useKeys({ g: () => { pressed.current = Date.now(); } });
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const page = latest.current[event.key];
      if (!page || Date.now() - pressed.current > GO_WAIT_MS) return;
      pressed.current = 0;
      if (event.target instanceof HTMLElement && /^(INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      void navigate(page);
    };
    window.addEventListener('keydown', press, { capture: true });
    return () => window.removeEventListener('keydown', press, { capture: true });
  }, [navigate]);
}

/** Under the rail word: how many tasks are mine. */
function Mine() {
  const { mine } = useTabCounts();
  return mine === undefined ? null : <small>{mine}</small>;
}

function Centre() {
  const { of } = useWords();
  return of(useMe().centre);
}

function Search({ field }: { field: React.RefObject<HTMLInputElement | null> }) {
  const { t } = useWords();
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const find = (event: FormEvent): void => {
    event.preventDefault();
    const q = text.trim();
    field.current?.blur();
    void navigate(q ? `/warnings?tab=shift&q=${encodeURIComponent(q)}` : '/warnings');
  };
  return (
    <form className="search" role="search" onSubmit={find}>
      <input ref={field} type="search" value={text} placeholder={t('frame.search')} aria-label={t('frame.search')}
        onChange={(e) => setText(e.target.value)}
        onKeyDown={(e) => { if (e.key === 'Escape') field.current?.blur(); }} />
      <Key>/</Key>
    </form>
  );
}

function worst(state: FeedState): 'live' | 'slow' | 'stale' {
  if (!state.line || state.feeds.some((f) => f.state === 'stale')) return 'stale';
  return state.feeds.some((f) => f.state === 'slow') ? 'slow' : 'live';
}

const GLYPH = { live: '●', slow: '◐', stale: '○' } as const;

function feedWords(state: FeedState, t: Speech['t']): string {
  if (!state.line) return t('feeds.line_down');
  const how = worst(state);
  if (how === 'live') {
    const lag = Math.max(0, ...state.feeds.map((f) => f.lag_s ?? 0));
    return state.feeds.length ? t('feeds.live', { lag: lag.toFixed(1) }) : t('feeds.none');
  }
  return t(`feeds.${how}`, { n: state.feeds.filter((f) => f.state === how).length });
}

function FeedHealth() {
  const { t, of } = useWords();
  const state = useFeeds();
  const how = worst(state);
  const items = state.feeds.map((f) => ({
    key: f.stream,
    label: `${GLYPH[f.state]} ${of(f.words)} · ${f.last_at ? near(f.last_at, now()) : t('feeds.never')}`,
  }));
  return (
    <Dropdown menu={{ items }} trigger={['click']} disabled={!items.length}>
      <button type="button" className={`live link ${state.feeds.length || how === 'stale' ? how : ''}`} aria-label={t('feeds.open')}>
        <i aria-hidden="true">{state.feeds.length ? GLYPH[how] : GLYPH.stale}</i><span className="wide-only">{feedWords(state, t)}</span>
      </button>
    </Dropdown>
  );
}

function ServerClock() {
  const { t } = useWords();
  const second = useSecond();
  const off = Math.abs(clockOffset()) > 2000;
  return (
    <span className="now" role="timer" aria-live="off" aria-label={t('frame.server_time')}>
      {off && <span className="tag w off-clock">{t('frame.clock_off', { n: Math.round(clockOffset() / -1000) })}</span>}{' '}
      {hms(second * 1000)}
    </span>
  );
}

function Person() {
  const { t, of } = useWords();
  const me = useMe();
  const signOut = useSignOut();
  const off = useKeysOff();
  const roles = me.roles.map((r) => t(`role.${r}` as 'role.dissuader')).join(' · ');
  const items = [
    { key: 'keys', label: t(off ? 'frame.keys_on' : 'frame.keys_off'), onClick: () => setKeysOff(!off) },
    { key: 'out', label: t('frame.sign_out'), onClick: signOut },
  ];
  return (
    <Dropdown menu={{ items }} trigger={['click']}>
      <button type="button" className="me" aria-label={t('frame.person', { name: me.display })}>
        {me.display}<small>{roles} · {of(me.unit)}</small>
      </button>
    </Dropdown>
  );
}

/** Which feed is down and since when; the clocks go on by the server's time. */
function StaleBand() {
  const { t, of } = useWords();
  const state = useFeeds();
  if (!state.line && state.lostAt) {
    return <div className="band" role="status">{t('feeds.band_line', { at: hms(state.lostAt) })}</div>;
  }
  const stale = state.feeds.filter((f) => f.state === 'stale');
  if (!stale.length) return null;
  const names = stale.map((f) => `${of(f.words)} ${f.last_at ? near(f.last_at, now()) : t('feeds.never')}`);
  return <div className="band" role="status">{t('feeds.band', { names: names.join(t('comma')) })}</div>;
}
