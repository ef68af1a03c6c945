// How the workshop writes its figures: shares with intervals, differences with a sign.
import type { Line, Share } from '../../api/schema';
import type { Speech } from '../../words';

export const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
const point = (share: number): string => (100 * share).toFixed(1);
const signed = (n: number, digits: number): string => `${n > 0 ? '+' : n < 0 ? '−' : ''}${Math.abs(n).toFixed(digits)}`;

/** `68.4%（66.1–70.6）`; of fewer than thirty cases no rate is given. */
export function shareText(found: Share | null, { t }: Speech): string {
  if (!found) return '—';
  if (!found.enough) return t('workshop.too_few', { n: found.n });
  return t('workshop.share', { share: percent(found.share), low: point(found.low), high: point(found.high) });
}

/** A figure of the replay table in its unit. */
export function lineValue(line: Line, value: number | null): string {
  if (value === null) return '—';
  if (line.unit === 'share') return percent(value);
  return value.toFixed(line.unit === 'minutes' && Math.abs(value) >= 10 ? 0 : line.unit === 'shifts' || line.unit === 'per_10000' ? 2 : 1);
}

export function lineDifference(line: Line, { t }: Speech): string {
  if (line.difference === null) return '—';
  if (line.unit === 'share') return t('workshop.points', { n: signed(100 * line.difference, 1) });
  return signed(line.difference, line.unit === 'shifts' || line.unit === 'per_10000' ? 2 : 1);
}

/** The intervals: the live one first, then the draft's, then that of the difference. */
export function lineRange(line: Line, speech: Speech): string {
  const scale = line.unit === 'share' ? point : (n: number) => n.toFixed(0);
  const range = (low: number | null, high: number | null): string => (low === null || high === null ? '—' : `${scale(low)}–${scale(high)}`);
  if (line.draft_low === null && line.live_low === null) return '';
  const both = line.live === null ? range(line.draft_low, line.draft_high) : `${range(line.live_low, line.live_high)} / ${range(line.draft_low, line.draft_high)}`;
  const { t } = speech;
  if (line.unit !== 'share') return t('workshop.quartiles', { range: both });
  const parts = [both];
  if (line.difference_low !== null && line.difference_high !== null) {
    parts.push(t('workshop.difference_range', { low: signed(100 * line.difference_low, 1), high: signed(100 * line.difference_high, 1) }));
  }
  if (line.of !== null) parts.push(t('workshop.of', { n: line.of }));
  // Where it must break, between the parts.
  return parts.map((part) => part.replaceAll(' ', '\u00a0')).join(' · ');
}
