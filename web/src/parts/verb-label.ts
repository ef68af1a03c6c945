// The words on the button of a verb: what happens when it is pressed.
import type { VerbView } from '../api/schema';
import type { Speech, Word } from '../words';
import zh from '../words/zh.json';

/** The console's words for a verb; one it does not know stands by the word that the API sent. */
export function verbLabel(verb: VerbView, { t, of }: Speech): string {
  const word = `verb.${verb.code}`;
  return word in zh ? t(word as Word) : of(verb);
}
