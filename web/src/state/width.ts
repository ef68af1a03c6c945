// Whether the window is narrower than so many pixels.
import { useCallback, useSyncExternalStore } from 'react';

export function useNarrow(pixels: number): boolean {
  const query = `(max-width: ${pixels}px)`;
  const subscribe = useCallback((call: () => void) => {
    const media = window.matchMedia(query);
    media.addEventListener('change', call);
    return () => media.removeEventListener('change', call);
  }, [query]);
  return useSyncExternalStore(subscribe, () => window.matchMedia(query).matches);
}
