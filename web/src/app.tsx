// Which page is shown: sign-in first, then the pages that exist for this person's roles.
import { ConfigProvider } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { Failure, failureOf, get, onSignedOut, post } from './api/client';
import type { Me } from './api/schema';
import * as stream from './api/stream';
import { theme } from './look/theme';
import { Failed } from './parts/states';
import { Frame } from './parts/frame';
import { QueuePage } from './pages/queue/page';
import { SignInPage } from './pages/sign-in';
import { keepTime, serverTimeIs } from './state/clock';
import { forgetDetails } from './state/details';
import { forgetDrafts } from './state/drafts';
import { forgetRuleDrafts } from './state/rule-drafts';
import { may } from './state/may';
import { mayHoldLogin, noteLogin, SignedInContext } from './state/signed-in';
import { useWords } from './words';

const WarningPage = lazy(() => import('./pages/warning/page'));
const CallPage = lazy(() => import('./pages/call/page'));
const BoardPage = lazy(() => import('./pages/board/page'));
const WorkshopPage = lazy(() => import('./pages/workshop/page'));
const RulePage = lazy(() => import('./pages/workshop/rule'));
const NewRulePage = lazy(() => import('./pages/workshop/new-rule'));
const GroupsPage = lazy(() => import('./pages/groups/page'));
const MeasuresPage = lazy(() => import('./pages/measures/page'));
const MeasurePage = lazy(() => import('./pages/measures/measure'));
const ProposePage = lazy(() => import('./pages/measures/propose'));
const AppealsPage = lazy(() => import('./pages/measures/appeals'));
const AppealPage = lazy(() => import('./pages/measures/appeal'));
const QuarantinePage = lazy(() => import('./pages/quarantine'));

type Who = { kind: 'asking' } | { kind: 'out'; expired: boolean } | { kind: 'in'; me: Me } | { kind: 'failed'; failure: Failure };

export function App() {
  const { language, t } = useWords();
  // The cross of a dialog is named in no language but English by the library itself.
  const closable = { 'aria-label': t('ask.close') };
  return (
    <ConfigProvider theme={theme(language)} modal={{ closable }} drawer={{ closable }} locale={language === 'zh' ? zhCN : enUS} button={{ autoInsertSpace: false }}>
      <Door />
    </ConfigProvider>
  );
}

function Door() {
  const [who, setWho] = useState<Who>({ kind: 'asking' });
  const enter = useCallback((me: Me, asked: number) => {
    serverTimeIs(me.server_time, asked, Date.now());
    noteLogin(true);
    setWho({ kind: 'in', me });
  }, []);
  const ask = useCallback(() => {
    if (!mayHoldLogin()) return setWho({ kind: 'out', expired: false });
    const asked = Date.now();
    get<Me>('/v1/me').then(
      (me) => enter(me, asked),
      (error: unknown) => {
        const failure = failureOf(error);
        if (failure.status === 401) noteLogin(false);
        setWho(failure.status === 401 ? { kind: 'out', expired: false } : { kind: 'failed', failure });
      },
    );
  }, [enter]);

  useEffect(() => {
    onSignedOut(() => setWho((was) => (was.kind === 'in' ? { kind: 'out', expired: true } : was)));
    ask();
  }, [ask]);
  const signedIn = who.kind === 'in' ? who.me.id : null;
  useEffect(() => {
    if (!signedIn) return;
    stream.open();
    const stop = keepTime();
    return () => {
      stop();
      stream.close();
      forgetDetails();
      forgetDrafts();
      forgetRuleDrafts();
    };
  }, [signedIn]);

  const signOut = useCallback(() => {
    void post('/v1/sign-out').catch(() => undefined).then(() => {
      noteLogin(false);
      setWho({ kind: 'out', expired: false });
    });
  }, []);

  if (who.kind === 'asking') return null;
  if (who.kind === 'failed') return <Failed failure={who.failure} retry={ask} />;
  if (who.kind === 'out') return <SignInPage expired={who.expired} entered={enter} />;
  return (
    <SignedInContext value={{ me: who.me, signOut }}>
      <Frame>
        <Pages me={who.me} />
      </Frame>
    </SignedInContext>
  );
}

function Pages({ me }: { me: Me }) {
  const home = may.warnings(me) ? '/warnings' : '/platform/quarantine';
  return (
    <Suspense fallback={null}>
      <Routes>
        {may.warnings(me) && <Route path="/warnings" element={<QueuePage />} />}
        {may.warnings(me) && <Route path="/warnings/:id" element={<WarningPage />} />}
        {may.take(me) && <Route path="/warnings/:id/call" element={<CallPage />} />}
        {may.board(me) && <Route path="/situation" element={<BoardPage />} />}
        {may.workshop(me) && <Route path="/workshop" element={<WorkshopPage />} />}
        {may.workshop(me) && may.draft(me) && <Route path="/workshop/new-rule" element={<NewRulePage />} />}
        {may.workshop(me) && <Route path="/workshop/:rule" element={<RulePage />} />}
        {may.groups(me) && <Route path="/groups" element={<GroupsPage />} />}
        {may.measures(me) && <Route path="/measures" element={<MeasuresPage />} />}
        {may.measures(me) && may.propose(me) && <Route path="/measures/new" element={<ProposePage />} />}
        {may.measures(me) && <Route path="/measures/appeals" element={<AppealsPage />} />}
        {may.readAppeals(me) && <Route path="/measures/appeals/:id" element={<AppealPage />} />}
        {may.measures(me) && <Route path="/measures/:id" element={<MeasurePage />} />}
        {may.quarantine(me) && <Route path="/platform/quarantine" element={<QuarantinePage />} />}
        <Route path="*" element={<Navigate to={home} replace />} />
      </Routes>
    </Suspense>
  );
}
