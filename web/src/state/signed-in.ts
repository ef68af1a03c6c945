// Who is signed in, what they may do, and the way in and out.
import { createContext, useContext } from 'react';
import type { Me } from '../api/schema';

export interface SignedIn {
  me: Me;
  signOut: () => void;
}

export const SignedInContext = createContext<SignedIn | null>(null);

/** The person at this screen. Only for pages that are drawn after signing in. */
export function useMe(): Me {
  const found = useContext(SignedInContext);
  if (!found) throw new Error('drawn before signing in');
  return found.me;
}

export function useSignOut(): () => void {
  return useContext(SignedInContext)?.signOut ?? (() => undefined);
}

const KEPT = 'fanzha.signed-in';

/** Notes that this browser holds a login, or none: the cookie itself is not for pages to read. */
export function noteLogin(held: boolean): void {
  try {
    if (held) localStorage.setItem(KEPT, '1');
    else localStorage.removeItem(KEPT);
  } catch {
    // A browser that keeps nothing is asked each time.
  }
}

/** Whether it is worth asking who is signed in: a question known to be refused is not asked. */
export function mayHoldLogin(): boolean {
  try {
    return localStorage.getItem(KEPT) === '1';
  } catch {
    return true;
  }
}
