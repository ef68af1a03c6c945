// Single-key commands: off while typing or composing, all off by a switch (WCAG 2.1.4).
import { useEffect, useRef, useSyncExternalStore } from 'react';

/** `j`, `Enter`, `Shift+X`, `Ctrl+z`, `Alt+1` → what to do. */
export type Commands = Record<string, (event: KeyboardEvent) => void>;

const KEPT = 'fanzha.keys-off';
let off = readKept();
const listeners = new Set<() => void>();

function readKept(): boolean {
  try {
    return localStorage.getItem(KEPT) === '1';
  } catch {
    return false;
  }
}

export function setKeysOff(wanted: boolean): void {
  off = wanted;
  try {
    localStorage.setItem(KEPT, wanted ? '1' : '0');
  } catch {
    // Holds until the page is closed.
  }
  for (const call of listeners) call();
}

export function useKeysOff(): boolean {
  return useSyncExternalStore(
    (call) => {
      listeners.add(call);
      return () => void listeners.delete(call);
    },
    () => off,
  );
}

/** Whether the key press belongs to a field, a menu or a dialog rather than to the page. */
function taken(event: KeyboardEvent): boolean {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return true;
  const target = event.target as HTMLElement | null;
  if (!target) return false;
  if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) {
    const ticked = target instanceof HTMLInputElement && /^(checkbox|radio)$/.test(target.type);
    return !(ticked && event.key !== ' ');
  }
  return Boolean(target.closest('[role="dialog"],[role="listbox"],[role="menu"]'));
}

/** A focused button or link keeps its own Enter and Space. */
function pressesIt(event: KeyboardEvent): boolean {
  if (event.key !== 'Enter' && event.key !== ' ') return false;
  return Boolean((event.target as HTMLElement | null)?.closest('button,a,summary,[role="button"]'));
}

function nameOf(event: KeyboardEvent): string {
  const control = event.ctrlKey || event.metaKey ? 'Ctrl+' : '';
  const alt = event.altKey ? 'Alt+' : '';
  const shift = event.shiftKey && event.key.length === 1 && /[a-z]/i.test(event.key) ? 'Shift+' : '';
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  // With Alt some layouts send a sign; the place of the digit is what was meant.
  const digit = alt && /^Digit\d$/.test(event.code) ? event.code.slice(5) : null;
  return `${control}${alt}${shift}${digit ?? key}`;
}

/** While the component stands, these keys do these things. `even` names keys that also work in fields. */
export function useKeys(commands: Commands, enabled = true, even: readonly string[] = []): void {
  const latest = useRef(commands);
  latest.current = commands;
  const evenKey = even.join(' ');
  useEffect(() => {
    if (!enabled) return;
    const press = (event: KeyboardEvent): void => {
      const name = nameOf(event);
      const command = latest.current[name];
      if (!command || event.repeat && name.length === 1 && !'jk'.includes(name)) return;
      const plain = name.length === 1 || name === ' ' || name.startsWith('Shift+');
      if (off && plain) return;
      if (evenKey.split(' ').includes(name) ? event.isComposing : taken(event) || pressesIt(event)) return;
      event.preventDefault();
      command(event);
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [enabled, evenKey]);
}
