// Lets tests import the console's modules as they are written: TypeScript, names without an ending.
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

registerHooks({
  resolve(name, context, next) {
    if (name.startsWith('.') && !/\.\w+$/.test(name)) {
      const wanted = new URL(`${name}.ts`, context.parentURL);
      if (existsSync(fileURLToPath(wanted))) return next(wanted.href, context);
    }
    return next(name, context);
  },
});
