// Which pages and steps exist for a person's roles.
import type { Me } from '../api/schema';

const READERS = ['dissuader', 'duty_officer', 'analyst', 'auditor'];
const RULES = ['analyst', 'duty_officer', 'auditor'];
const HIGH = ['nation', 'province', 'city'];
const KEEPERS = ['administrator', 'analyst'];

/** Which pages exist for these roles: the rail shows these and no others. */
export const may = {
  warnings: (me: Me): boolean => me.roles.some((r) => READERS.includes(r)),
  take: (me: Me): boolean => me.roles.some((r) => r === 'dissuader' || r === 'duty_officer'),
  board: (me: Me): boolean => me.roles.length > 0,
  /** Rules act on the whole centre: below a city nobody sees the workshop. */
  workshop: (me: Me): boolean => HIGH.includes(me.unit.level) && me.roles.some((r) => RULES.includes(r)),
  draft: (me: Me): boolean => me.roles.includes('analyst'),
  judge: (me: Me): boolean => me.roles.some((r) => r === 'analyst' || r === 'duty_officer'),
  /** Figures about groups of people: a small place is refused by the server. */
  groups: (me: Me): boolean => me.roles.some((r) => RULES.includes(r)),
  /** The register of measures; who may read what a party wrote; who proposes. */
  measures: (me: Me): boolean => me.roles.some((r) => RULES.includes(r)),
  readAppeals: (me: Me): boolean => me.roles.some((r) => r === 'duty_officer' || r === 'auditor'),
  propose: (me: Me): boolean => me.roles.some((r) => r === 'analyst' || r === 'duty_officer'),
  quarantine: (me: Me): boolean => me.roles.some((r) => KEEPERS.includes(r)),
};
