// Refused rows: what was wrong, the row as it came, repaired and sent again, or dropped.
import { Drawer } from 'antd';
import { useCallback, useEffect, useState, type FormEvent } from 'react';
import { failureOf, get, post, type Failure } from '../api/client';
import type { Accepted, QuarantinePage as Page, QuarantineRow } from '../api/schema';
import { dayTime } from '../format/time';
import { Action, Grey } from '../parts/marks';
import { Empty, Failed, FailedLine } from '../parts/states';
import { now } from '../state/clock';
import { useKeys } from '../state/keys';
import { useWords } from '../words';
import './quarantine.css';

const PAGE = 50;

export default function QuarantinePage() {
  const { t, of } = useWords();
  const { rows, next, failure, more, reload, settled } = useRows();
  const [opened, setOpened] = useState<QuarantineRow | null>(null);
  const [told, setTold] = useState<string | null>(null);
  useEffect(() => { document.title = t('quarantine.page_title'); }, [t]);
  useKeys({ r: reload });
  return (
    <>
      <div className="hd">
        <h1>{t('quarantine.title')}</h1><span className="x">{t('quarantine.what')}</span>
        <span className="sp" />
        <Action label={t('quarantine.reload')} keyName="R" onPress={reload} />
      </div>
      {told && <div className="lines"><p className="nt" role="status">{told}</p></div>}
      <div className="qr-body">
        <section className="pn">
          {failure && !rows ? <Failed failure={failure} retry={reload} /> : (
            <table className="qr" aria-busy={!rows}>
              <thead>
                <tr>
                  {(['at', 'stream', 'source', 'row', 'field', 'rule'] as const).map((c) => <th key={c} scope="col">{t(`quarantine.${c}`)}</th>)}
                  <th scope="col"><span className="unseen">{t('quarantine.repair')}</span></th>
                </tr>
              </thead>
              <tbody>
                {!rows && [1, 2, 3, 4, 5].map((n) => <tr key={n}><td colSpan={7}><Grey width={300 + n * 60} /></td></tr>)}
                {rows?.map((row) => (
                  <tr key={row.id}>
                    <td className="n">{dayTime(row.at, now())}</td><td>{row.stream}</td><td>{row.source}</td><td>{row.row}</td>
                    <td className="mono">{row.field ?? '—'}</td><td>{of(row)} <span className="x mono">{row.code}</span></td>
                    <td className="r"><button type="button" className="bt sm" onClick={() => setOpened(row)}>{t('quarantine.repair')}</button></td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          {rows?.length === 0 && <Empty>{t('quarantine.empty')}</Empty>}
          {next && <p className="c"><button type="button" className="link" onClick={more}>{t('queue.more')}</button></p>}
          {failure && rows && <FailedLine failure={failure} />}
        </section>
      </div>
      <Drawer open={Boolean(opened)} onClose={() => setOpened(null)} width={Math.min(560, window.innerWidth)} destroyOnHidden
        title={opened ? t('quarantine.row_title', { stream: opened.stream, row: opened.row, source: opened.source }) : ''}>
        {opened && (
          <Repair key={opened.id} row={opened} done={(words) => {
            setTold(words);
            settled(opened.id);
            setOpened(null);
          }} />
        )}
      </Drawer>
    </>
  );
}

function useRows() {
  const [rows, setRows] = useState<QuarantineRow[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const read = useCallback((after: string | null) => {
    get<Page>(`/v1/quarantine?limit=${PAGE}${after ? `&after=${after}` : ''}`).then(
      (page) => {
        setRows((was) => (after && was ? [...was, ...page.items] : page.items));
        setNext(page.next);
        setFailure(null);
      },
      (error: unknown) => setFailure(failureOf(error)),
    );
  }, []);
  useEffect(() => read(null), [read]);
  return {
    rows, next, failure,
    more: () => read(next),
    reload: () => read(null),
    settled: (id: number) => setRows((was) => was?.filter((r) => r.id !== id) ?? null),
  };
}

type Content = Record<string, unknown> | string;

function Repair({ row, done }: { row: QuarantineRow; done: (words: string) => void }) {
  const { t, of } = useWords();
  const [text, setText] = useState<string | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [answer, setAnswer] = useState<Accepted | null>(null);
  const [busy, setBusy] = useState(false);
  const [dropping, setDropping] = useState(false);
  useEffect(() => {
    get<{ row: Content }>(`/v1/quarantine/${row.id}`).then(
      (found) => setText(typeof found.row === 'string' ? found.row : JSON.stringify(found.row, null, 2)),
      (error: unknown) => setFailure(failureOf(error)),
    );
  }, [row.id]);
  const parsed = objectOf(text ?? '');

  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!parsed) return;
    setBusy(true);
    setFailure(null);
    setAnswer(null);
    try {
      const found = await post<Accepted>(`/v1/quarantine/${row.id}/resend`, { row: parsed });
      if (found.accepted) done(t('quarantine.sent', { row: row.row, stream: row.stream }));
      else setAnswer(found);
    } catch (error) {
      setFailure(failureOf(error));
    }
    setBusy(false);
  };
  const drop = async (): Promise<void> => {
    if (!dropping) return setDropping(true);
    setBusy(true);
    try {
      await post(`/v1/quarantine/${row.id}/drop`);
      done(t('quarantine.dropped', { row: row.row, stream: row.stream }));
    } catch (error) {
      setFailure(failureOf(error));
      setBusy(false);
    }
  };

  return (
    <form className="ask" onSubmit={(event) => void send(event)}>
      <p className="wn"><b>{row.field ?? t('quarantine.whole_row')}</b>{t('colon')}{of(row)}</p>
      {text === null && !failure && <Grey width={320} />}
      {text !== null && (
        <label>{t('quarantine.content')}
          <textarea className="mono" rows={Math.min(24, Math.max(8, text.split('\n').length + 1))} spellCheck={false} value={text}
            aria-invalid={!parsed} onChange={(e) => setText(e.target.value)} />
          {!parsed && <span className="no" role="alert">{t('quarantine.not_json')}</span>}
        </label>
      )}
      {answer?.refused.map((r, i) => (
        <p key={i} className="bad" role="alert"><b>{r.field ?? t('quarantine.whole_row')}</b>{t('colon')}{of(r)}</p>
      ))}
      {failure && <FailedLine failure={failure} />}
      <div className="row">
        <button type="button" className="bt" disabled={busy} onClick={() => void drop()}>
          {dropping ? t('quarantine.drop_sure', { row: row.row, source: row.source }) : t('quarantine.drop')}
        </button>
        <span className="sp" />
        <button type="submit" className="bt p" disabled={busy || !parsed}>{t('quarantine.resend')}</button>
      </div>
      <p className="x s">{t('quarantine.recorded')}</p>
    </form>
  );
}

function objectOf(text: string): Record<string, unknown> | null {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
