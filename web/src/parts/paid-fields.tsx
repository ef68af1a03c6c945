// What a stop order is made from: account, amount, time, and the payee's name where it is known.
import { useState } from 'react';
import type { AlreadyPaid, WarningDetail } from '../api/schema';
import { fenOf, yuan, yuanWithUnit } from '../format/money';
import { localInput, ofLocalInput } from '../format/time';
import { now } from '../state/clock';
import { useWords } from '../words';

export interface PaidText {
  account: string;
  amount: string;
  at: string;
  payee: string;
}

type Needed = 'account' | 'amount' | 'at';
type Checked = { ok: true; paid: AlreadyPaid } | { ok: false; wrong: Needed[] };

export function usePaid(detail: WarningDetail): [PaidText, (next: PaidText) => void] {
  return useState<PaidText>(() => ({
    account: '', payee: '', at: localInput(now()),
    amount: detail.amount_fen === null ? '' : yuan(detail.amount_fen),
  }));
}

/** What was typed as the API wants it, or every field that is not right. */
export function paidOf(text: PaidText): Checked {
  const account = text.account.replace(/[\s-]/g, '');
  const amount = fenOf(text.amount);
  const at = ofLocalInput(text.at);
  const wrong: Needed[] = [];
  if (!/^[0-9A-Za-z@._]{4,64}$/.test(account)) wrong.push('account');
  if (amount === null) wrong.push('amount');
  if (at === null || at > now() + 60_000) wrong.push('at');
  if (wrong.length || amount === null || at === null) return { ok: false, wrong };
  return {
    ok: true,
    paid: {
      payee_account: account, amount_fen: amount, paid_at: new Date(at).toISOString(), payee_name: text.payee.trim(),
    },
  };
}

export function PaidFields({ paid, set, missing }: {
  paid: PaidText; set: (next: PaidText) => void; missing: readonly string[];
}) {
  const { t, language } = useWords();
  const fen = fenOf(paid.amount);
  const wrong = (field: string) => missing.includes(field);
  return (
    <div className="paid">
      <p className="nt">{t('paid.what')}</p>
      <label>{t('paid.account')}
        <input autoFocus inputMode="numeric" maxLength={64} value={paid.account} autoComplete="off"
          aria-invalid={wrong('account')} onChange={(e) => set({ ...paid, account: e.target.value })} />
        {wrong('account') && <span className="no" role="alert">{t('paid.account_wrong')}</span>}
      </label>
      <label>{t('paid.amount')}
        <input inputMode="decimal" maxLength={24} value={paid.amount} autoComplete="off"
          aria-invalid={wrong('amount')} onChange={(e) => set({ ...paid, amount: e.target.value })} />
        {wrong('amount')
          ? <span className="no" role="alert">{t('paid.amount_wrong')}</span>
          : <span className="x s">{fen === null ? t('paid.amount_hint') : yuanWithUnit(fen, language)}</span>}
      </label>
      <label>{t('paid.at')}
        <input inputMode="numeric" maxLength={16} value={paid.at} autoComplete="off" aria-invalid={wrong('at')}
          onChange={(e) => set({ ...paid, at: e.target.value })} />
        {wrong('at') ? <span className="no" role="alert">{t('paid.at_wrong')}</span> : <span className="x s">{t('paid.at_hint')}</span>}
      </label>
      <label>{t('paid.payee')}
        <input maxLength={64} value={paid.payee} autoComplete="off"
          onChange={(e) => set({ ...paid, payee: e.target.value })} />
      </label>
    </div>
  );
}
