import { type Config, policyOf } from '../../src/config.ts';
import type { Log } from '../../src/core/ports/all.ts';
import { advance } from '../../src/jobs/advance.ts';
import { inspectDatabase } from '../../src/jobs/inspector/inspect-database.ts';
import { awsPorts } from '../../src/wire/cli.ts';
import { inspectionPorts } from '../../src/wire/inspection.ts';

/** Runs advance again and again until it is killed: the process that a test ends at a random moment. */
const config = JSON.parse(process.argv[2] ?? '{}') as Config;
const log: Log = { info: () => undefined, warn: () => undefined };
const inspection = {
  start: async (request: Parameters<typeof inspectDatabase>[2]) =>
    void (await inspectDatabase(inspectionPorts(config, log), policyOf(config), request)),
};
const ports = { ...awsPorts(config, 'sandbox.yml', log), inspection };
process.stdout.write('ready\n');

async function forever(): Promise<never> {
  while (true) {
    await advance(ports, policyOf(config));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
forever().catch((error: unknown) => {
  process.stderr.write(String(error));
  process.exit(1);
});
