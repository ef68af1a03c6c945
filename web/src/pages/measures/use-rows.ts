// Rows walked by keys: J and K move, O and Enter open, and the row in hand stays in sight.
import { useEffect, useRef, useState } from 'react';
import { useNavigate } from 'react-router';
import { useKeys } from '../../state/keys';

export function useRowKeys(ids: readonly string[], where: (id: string) => string): { at: string | null; take: (id: string) => void } {
  const navigate = useNavigate();
  const [at, setAt] = useState<string | null>(null);
  const held = at !== null && ids.includes(at) ? at : (ids[0] ?? null);
  const moved = useRef(false);
  const go = (by: number): void => {
    const place = ids.indexOf(held ?? '');
    const to = ids[Math.min(Math.max(place + by, 0), ids.length - 1)];
    if (to) { moved.current = true; setAt(to); }
  };
  const open = (): void => { if (held) void navigate(where(held)); };
  useKeys({ j: () => go(1), k: () => go(-1), ArrowDown: () => go(1), ArrowUp: () => go(-1), o: open, Enter: open });
  useEffect(() => {
    if (moved.current && held) document.querySelector(`tr[data-id="${CSS.escape(held)}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [held]);
  return { at: held, take: setAt };
}
