// Sign-in: name and password; on a demo, its accounts are one press each.
import { useEffect, useState, type FormEvent } from 'react';
import { failureOf, get, post, type Failure } from '../api/client';
import type { Door, Me } from '../api/schema';
import { LanguageSwitch } from '../parts/language-switch';
import { Failed, FailedLine } from '../parts/states';
import { useWords, type Word } from '../words';
import './sign-in.css';

export function SignInPage({ expired, entered }: { expired: boolean; entered: (me: Me, asked: number) => void }) {
  const { t, of } = useWords();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [door, setDoor] = useState<Door | null>(null);

  useEffect(() => {
    document.title = t('sign_in.title');
    get<Door>('/v1/door').then(setDoor, () => setDoor(null));
  }, [t]);

  const send = async (as: { name: string; password: string }): Promise<void> => {
    setBusy(true);
    setFailure(null);
    const asked = Date.now();
    try {
      entered(await post<Me>('/v1/sign-in', as), asked);
    } catch (error) {
      setFailure(failureOf(error));
      setBusy(false);
    }
  };

  return (
    <main className="door">
      <div className="door-top"><LanguageSwitch /></div>
      <form className="pn door-form" onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void send({ name: name.trim(), password });
      }}>
        <img src="/mark.svg" alt="" width="40" height="40" />
        <h1>{t('sign_in.heading')}</h1>
        <p className="d">{t('sign_in.what')}</p>
        {expired && <p className="wn">{t('sign_in.expired')}</p>}
        <label>
          {t('sign_in.name')}
          <input name="name" autoComplete="username" autoFocus required maxLength={64} value={name}
            onChange={(e) => setName(e.target.value)} />
        </label>
        <label>
          {t('sign_in.password')}
          <input name="password" type="password" autoComplete="current-password" required maxLength={256}
            value={password} onChange={(e) => setPassword(e.target.value)} />
        </label>
        {failure && (failure.status ? <FailedLine failure={failure} /> : <Failed failure={failure} />)}
        <button className="bt p wide" type="submit" disabled={busy}>{t('sign_in.enter')}</button>
      </form>
      {door?.demo && (
        <section className="pn door-demo" aria-label={t('sign_in.demo')}>
          <h2>{t('sign_in.demo')}</h2>
          <p className="x">{t('sign_in.demo_what')}</p>
          <ul>
            {door.accounts.map((account) => (
              <li key={account.name}>
                <button type="button" className="bt" disabled={busy} onClick={() => {
                  const as = { name: account.name, password: account.password };
                  setName(as.name);
                  setPassword(as.password);
                  void send(as);
                }}>
                  <b>{account.display} <span className="x login">{account.name}</span></b>
                  <span className="x">{account.roles.map((r) => t(`role.${r}` as Word)).join(' · ')} · {of(account.unit)}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
    </main>
  );
}
