// What a screen reader is told without losing its place: new critical warnings, my own row, my clocks.
type Manner = 'polite' | 'assertive';

const pending: Record<Manner, string[]> = { polite: [], assertive: [] };

/** Say it once. The regions stand in the page's frame; what comes at the same moment is said together. */
export function announce(text: string, manner: Manner = 'polite'): void {
  const region = document.getElementById(`live-${manner}`);
  if (!region) return;
  // The same text twice is not read twice unless the region was empty in between.
  region.textContent = '';
  const waiting = pending[manner];
  waiting.push(text);
  if (waiting.length > 1) return;
  setTimeout(() => { region.textContent = waiting.splice(0).join('\n'); }, 100);
}
