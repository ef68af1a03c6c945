// Both catalogues have the same keys with the same slots, and the console uses every key and no other.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { complaints } from './words.mjs';

const root = join(import.meta.dirname, '..', 'src');
const catalogue = (name) => JSON.parse(readFileSync(join(root, 'words', name), 'utf8'));
const sources = readdirSync(root, { recursive: true })
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith('schema.d.ts'))
  .map((name) => readFileSync(join(root, name), 'utf8'));

const found = complaints(catalogue('zh.json'), catalogue('en.json'), sources.join('\n'));
for (const line of found) console.error(line);
process.exit(found.length ? 1 : 0);
