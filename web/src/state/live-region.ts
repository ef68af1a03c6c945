// What a screen reader is told without losing its place: new critical warnings, my own row, my clocks.
type Manner = 'polite' | 'assertive';

/** Say it once. The regions stand in the page's frame. */
export function announce(text: string, manner: Manner = 'polite'): void {
  const region = document.getElementById(`live-${manner}`);
  if (!region) return;
  // The same text twice is not read twice unless the region was empty in between.
  region.textContent = '';
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}
