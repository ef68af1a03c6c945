// What may be wrong with the catalogues of words.

const slots = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort().join(' ');

/** Lines that say what is wrong; none when the catalogues are sound. */
export function complaints(zh, en, sources) {
  const lines = [];
  for (const key of Object.keys(zh)) if (!(key in en)) lines.push(`en.json lacks ${key}`);
  for (const key of Object.keys(en)) if (!(key in zh)) lines.push(`zh.json lacks ${key}`);
  for (const key of Object.keys(zh)) {
    if (key in en && slots(zh[key]) !== slots(en[key])) lines.push(`${key}: the slots differ`);
    if (!zh[key].trim() || !en[key]?.trim()) lines.push(`${key}: empty`);
  }
  // A key is used by its name, or by a template whose fixed start it has.
  const starts = [...sources.matchAll(/`([a-z_]+\.[a-z_]*)\$\{/g)].map((m) => m[1]);
  for (const key of Object.keys(zh)) {
    const used = sources.includes(`'${key}'`) || starts.some((start) => key.startsWith(start));
    if (!used) lines.push(`${key}: nothing uses it`);
  }
  return lines;
}
