// The console's words: one catalogue a language, the same keys in both (checked by `npm run check`).
import { useSyncExternalStore } from 'react';
import en from './en.json';
import zh from './zh.json';

export type Language = 'zh' | 'en';
export type Word = keyof typeof zh;
type Values = Record<string, string | number>;

const CATALOGUES: Record<Language, Record<Word, string>> = { zh, en };
const KEPT = 'fanzha.language';

let language: Language = kept();
const listeners = new Set<() => void>();

function kept(): Language {
  try {
    return localStorage.getItem(KEPT) === 'en' ? 'en' : 'zh';
  } catch {
    return 'zh';
  }
}

function show(): void {
  // Chinese glyph forms need the tag; Latin punctuation needs the other (§7 of the design).
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}
show();

export function setLanguage(wanted: Language): void {
  language = wanted;
  try {
    localStorage.setItem(KEPT, wanted);
  } catch {
    // A browser that keeps nothing still shows the language until it is closed.
  }
  show();
  for (const call of listeners) call();
}

/** A text of the catalogue, with `{name}` filled in. */
export function say(word: Word, values?: Values): string {
  const text = CATALOGUES[language][word];
  return values ? text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? '')) : text;
}

export interface Speech {
  language: Language;
  t: typeof say;
  /** The side of a text that the API sent in both languages. */
  of: (both: { zh: string; en: string } | null | undefined) => string;
}

const of = (both: { zh: string; en: string } | null | undefined): string => (both ? both[language] : '');
const speeches: Record<Language, Speech> = {
  zh: { language: 'zh', t: say, of },
  en: { language: 'en', t: say, of },
};

/** The words of the language in use; the component draws again when it is switched. */
export function useWords(): Speech {
  return useSyncExternalStore(
    (call) => {
      listeners.add(call);
      return () => void listeners.delete(call);
    },
    () => speeches[language],
  );
}
