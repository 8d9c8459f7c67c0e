import { minutesBetween } from '../../core/ids.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError } from '../../errors.ts';
import type { Command, OpenedSite } from '../command.ts';
import type { Answer } from '../output.ts';
import { statusText } from '../text/status.ts';

const STALE_MINUTES = 60;

async function pageLink({ config }: OpenedSite): Promise<Answer> {
  const { statusPageUrl } = await import('../../wire/cli.ts');
  const url = await statusPageUrl(config);
  return { json: { url }, text: url, healthy: true };
}

async function lastAssessment({ ports }: OpenedSite): Promise<Answer> {
  const { statusSchema } = await import('../../core/readiness/documents.ts');
  const { readDocument } = await import('../../jobs/vault/documents.ts');
  const found = await readDocument(ports.vault, vaultKeys.status, statusSchema);
  if (!found) {
    throw new DrError('NOT_FOUND', 'readiness was never assessed', { hint: 'Run `builder-dr readiness`.' });
  }
  const age = Math.round(minutesBetween(found.value.at, ports.clock()));
  const stale =
    age > STALE_MINUTES ? `\nThis assessment is ${age} minutes old: the readiness function does not run.` : '';
  return {
    json: found.value,
    text: statusText(found.value) + stale,
    healthy: found.value.status === 'READY' && !stale,
  };
}

export const status: Command = {
  usage: 'status',
  does: 'the last assessment of readiness',
  options: [
    { flags: '--url', does: 'print a link to the status page, good for one hour: whoever has it may read the page' },
  ],
  async run({ flags, site }) {
    const open = await site();
    return flags['url'] ? pageLink(open) : lastAssessment(open);
  },
};
