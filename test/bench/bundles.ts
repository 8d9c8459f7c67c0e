/** Writes docs/bundles.md: what each function's file weighs, and what of. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleSizes } from '../setup/bundle-sizes.ts';

const kb = (bytes: number) => Math.round(bytes / 1000);
const lines = (await bundleSizes()).map(({ name, bytes, clients, largest }) => {
  const parts = largest.slice(0, 5).map((part) => `${part.name} ${kb(part.bytes)}`);
  return `| ${name} | ${kb(bytes)} | ${clients.length} | ${parts.join(', ')} |`;
});
const text = `# What the functions weigh

One self-contained, minified file per function; KB of 1,000 bytes. A cold start reads and compiles all of it, so each
function's bundle holds only the clients of the ports that it names. The limits are tested: 480 KB with one client,
850 KB with more. Kept small by four things: ports are made one by one (\`src/wire/aws.ts\`), credentials come from the
environment only, of each service's errors only those that the adapters know by name have a class, and of its shapes only
those of calls that are made are kept (\`bundle.mjs\`). This table is written by \`node test/bench/bundles.ts\`.

\`node test/bench/coldstart.ts\` measures what that costs: from the start of a process to the end of its first event,
against an empty function that sends the very same calls. At most 6 times; 2.2 to 3.8 times when last measured
(\`test/bench/coldstart-results.json\`).

| function | KB | clients | largest parts, KB |
| --- | ---: | ---: | --- |
${lines.join('\n')}
`;
await writeFile(join(import.meta.dirname, '..', '..', 'docs', 'bundles.md'), text);
