// Money is whole fen; working pages show it to the fen, summaries in 万 / 亿 (§8 of the design).
import type { Language } from '../words';

/** `186,000.00` from fen; exact, never through a float. */
export function yuan(fen: number): string {
  const [whole, rest] = [Math.trunc(Math.abs(fen) / 100), Math.abs(fen) % 100];
  return `${fen < 0 ? '−' : ''}${whole.toLocaleString('en-US')}.${String(rest).padStart(2, '0')}`;
}

/** `186,000` in a list: the fen are shown only where there are any. */
export function yuanInList(fen: number): string {
  return fen % 100 === 0 ? yuan(fen).slice(0, -3) : yuan(fen);
}

/** `186,000.00 元` or `CNY 186,000.00`. */
export function yuanWithUnit(fen: number, language: Language): string {
  return language === 'zh' ? `${yuan(fen)} 元` : `CNY ${yuan(fen)}`;
}

/** Fen from what a person typed (`186,000`, `186000.5`); null when it is not an amount. */
export function fenOf(text: string): number | null {
  const plain = text.replace(/[,\s，]/g, '');
  const found = /^(\d{1,13})(?:\.(\d{1,2}))?$/.exec(plain);
  if (!found) return null;
  const fen = Number(found[1]) * 100 + Number((found[2] ?? '').padEnd(2, '0'));
  return fen > 0 ? fen : null;
}
