// What was typed or ticked in a call and not yet recorded: kept while the console is open, never on disk.

export interface Draft {
  note: string;
  /** Checks that were ticked: `step/check` → when. */
  ticked: Record<string, number>;
}

const drafts = new Map<string, Draft>();

export const draftOf = (id: string): Draft => drafts.get(id) ?? { note: '', ticked: {} };

export function keepDraft(id: string, draft: Draft): void {
  drafts.set(id, draft);
}

export function dropDraft(id: string): void {
  drafts.delete(id);
}

export function forgetDrafts(): void {
  drafts.clear();
}
