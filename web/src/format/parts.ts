// Shares of a score shown to two places so that what is shown adds up to what is shown.

/** Hundredths of each part; they add up to the rounded sum. Largest remainders get what is left over. */
export function hundredths(parts: readonly number[]): number[] {
  const scaled = parts.map((part) => part * 100);
  const whole = scaled.map((part) => Math.floor(part + 1e-9));
  const total = Math.round(scaled.reduce((a, b) => a + b, 0));
  const order = scaled.map((part, i) => [part - (whole[i] ?? 0), i] as const).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  let left = total - whole.reduce((a, b) => a + b, 0);
  for (const [, i] of order) {
    if (left <= 0) break;
    whole[i] = (whole[i] ?? 0) + 1;
    left -= 1;
  }
  return whole;
}

export const two = (n: number): string => (n / 100).toFixed(2);
