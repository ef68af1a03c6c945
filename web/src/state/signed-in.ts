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

const READERS = ['dissuader', 'duty_officer', 'analyst', 'auditor'];
const KEEPERS = ['administrator', 'analyst'];

/** Which pages exist for these roles: the rail shows these and no others. */
export const may = {
  warnings: (me: Me): boolean => me.roles.some((r) => READERS.includes(r)),
  take: (me: Me): boolean => me.roles.some((r) => r === 'dissuader' || r === 'duty_officer'),
  board: (me: Me): boolean => me.roles.length > 0,
  quarantine: (me: Me): boolean => me.roles.some((r) => KEEPERS.includes(r)),
};
