// Rules that were typed and not yet saved: kept while the console is open, never on disk.
import type { RuleBody } from '../api/schema';

const drafts = new Map<string, RuleBody>();

export const ruleDraftOf = (key: string): RuleBody | null => drafts.get(key) ?? null;

export function keepRuleDraft(key: string, body: RuleBody): void {
  drafts.set(key, body);
}

export function dropRuleDraft(key: string): void {
  drafts.delete(key);
}

export function forgetRuleDrafts(): void {
  drafts.clear();
}
