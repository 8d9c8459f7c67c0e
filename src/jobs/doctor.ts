import type { Ports } from '../core/ports.ts';
import { escrowedRevision, vaultKeys } from '../core/vault-layout.ts';
import { DrError, describeError } from '../errors.ts';

export type Check = { name: string; ok: boolean; detail: string; hint?: string };

async function check(name: string, hint: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await look() };
  } catch (error) {
    const own = error instanceof DrError ? error.hint : undefined;
    return { name, ok: false, detail: describeError(error), hint: own ?? hint };
  }
}

function fault(message: string): never {
  throw new Error(message);
}

async function firstPage(pages: AsyncIterable<unknown[]>): Promise<string> {
  for await (const page of pages) return `reachable, ${page.length} objects on the first page`;
  return 'reachable, empty';
}

/** Tries everything that the jobs need, one after another, and says what does not work. */
export async function doctor(ports: Ports): Promise<Check[]> {
  return [
    await check(
      'vault',
      'Deploy the DR stack.',
      async () => `${(await ports.vault.list(vaultKeys.points)).length} points`,
    ),
    await check('replica bucket', 'Deploy the DR stack.', () => firstPage(ports.replica.pages())),
    await check('keys of the DR region', 'Look at the key and its policy.', async () => {
      const [first] = await ports.escrow.unusableKeys();
      return first ? fault(`${first.keyId}: ${first.reason}`) : 'usable';
    }),
    await check('escrow of Builder keys', 'Run `builder-dr keys escrow --from /hab/cache/keys`.', async () => {
      const entries = await ports.vault.list(vaultKeys.escrow);
      const revisions = entries.map((entry) => escrowedRevision(entry.key)).filter((each) => each !== undefined);
      return revisions.length > 0 ? `bldr revisions ${revisions.join(', ')}` : fault('no bldr-*.box.key in escrow');
    }),
    await check('work queue', 'Deploy the DR stack.', async () => `${await ports.queue.depth()} messages`),
    await check('subscribers', 'Subscribe to the topic and confirm it.', async () => {
      const count = await ports.notifier.subscribers();
      return count > 0 ? `${count} confirmed` : fault('nobody is subscribed and confirmed');
    }),
    await check('primary database', 'Check primary.database and the network.', async () => {
      const facts = await ports.database.source();
      return `found; Multi-AZ ${facts.multiAz ? 'on' : 'off'}, backups ${facts.backupRetentionDays} days`;
    }),
    await check('primary bucket', 'Check primary.bucket and the network.', () =>
      firstPage(ports.primaryArtifacts.pages()),
    ),
  ];
}
