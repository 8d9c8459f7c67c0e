import { registerHooks } from 'node:module';

/** Preloaded by a test: names every module that the process loads, one line each, on standard error. */
registerHooks({
  load(url, context, nextLoad) {
    process.stderr.write(`loaded ${url}\n`);
    return nextLoad(url, context);
  },
});
