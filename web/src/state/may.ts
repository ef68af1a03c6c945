// Which pages and steps exist for a person's roles.
import type { Me } from '../api/schema';

const READERS = ['dissuader', 'duty_officer', 'analyst', 'auditor'];
const KEEPERS = ['administrator', 'analyst'];

/** Which pages exist for these roles: the rail shows these and no others. */
export const may = {
  warnings: (me: Me): boolean => me.roles.some((r) => READERS.includes(r)),
  take: (me: Me): boolean => me.roles.some((r) => r === 'dissuader' || r === 'duty_officer'),
  board: (me: Me): boolean => me.roles.length > 0,
  quarantine: (me: Me): boolean => me.roles.some((r) => KEEPERS.includes(r)),
};
