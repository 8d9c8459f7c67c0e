import { bestEngine } from '../adapters/hash-engines.ts';
import { type Config, policyOf } from '../config.ts';
import { minutesBetween } from '../core/ids.ts';
import { statusSchema } from '../core/readiness/documents.ts';
import { vaultKeys } from '../core/vault-layout.ts';
import { DrError } from '../errors.ts';
import { advance } from '../jobs/advance.ts';
import { reconcile } from '../jobs/artifacts/reconcile.ts';
import { doctor } from '../jobs/doctor.ts';
import { acceptPoint } from '../jobs/points/accept.ts';
import { capture } from '../jobs/points/capture.ts';
import { readiness } from '../jobs/readiness.ts';
import { readDocument } from '../jobs/vault/documents.ts';
import { readPoints } from '../jobs/vault/points.ts';
import type { Answer, Command } from './command.ts';
import { advanceText, doctorText, pointsText, reconcileText, statusText } from './render.ts';

const STALE_MINUTES = 60;

async function pageLink(config: Config): Promise<Answer> {
  const { statusPageUrl } = await import('../wire/page.ts');
  const url = await statusPageUrl(config);
  return { json: { url }, text: url, healthy: true };
}

export const status: Command = async ({ ports, config }, _args, flags) => {
  if (flags['url']) return pageLink(config);
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
};

export const points: Command = async ({ ports }) => {
  const catalogue = await readPoints(ports.vault);
  const broken = catalogue.unreadable.map(({ problem }) => `UNREADABLE ${problem}`);
  const text = [pointsText(catalogue.points), ...broken].join('\n');
  return { json: catalogue, text, healthy: broken.length === 0 };
};

export const pointsAccept: Command = async ({ ports }, [id = '']) => {
  const point = await acceptPoint(ports, id);
  return { json: point, text: pointsText([point]), healthy: true };
};

export const captureNow: Command = async ({ ports, config }) => {
  const point = await capture(ports, policyOf(config), { kind: 'manual', at: ports.clock() });
  return { json: point, text: pointsText([point]), healthy: true };
};

export const advanceNow: Command = async ({ ports, config }) => {
  const report = await advance(ports, policyOf(config));
  return { json: report, text: advanceText(report), healthy: report.primaryDark === undefined };
};

export const reconcileNow: Command = async ({ ports, config }) => {
  const report = await reconcile(ports, policyOf(config));
  const healthy = 'record' in report && report.record.missing.count === 0 && report.record.differing.count === 0;
  return { json: report, text: reconcileText(report), healthy };
};

export const readinessNow: Command = async ({ ports, config }) => {
  const found = await readiness(ports, policyOf(config));
  return { json: found, text: statusText(found), healthy: found.status === 'READY' };
};

export const doctorNow: Command = async ({ ports, config }) => {
  const { name } = await bestEngine(0);
  const checks = [{ name: 'hash engine', ok: true, detail: name }, ...(await doctor(ports, policyOf(config)))];
  return { json: { checks }, text: doctorText(checks), healthy: checks.every((each) => each.ok) };
};

export * from './cost-command.ts';
export * from './key-commands.ts';
export * from './message-commands.ts';
export * from './recovery-commands.ts';
