import { policyOf } from '../config.ts';
import { isOver } from '../core/recovery/lifecycle.ts';
import { isScratch } from '../core/recovery/run.ts';
import { DrError } from '../errors.ts';
import { planDrill, startDrill } from '../jobs/recovery/drill.ts';
import { planFailback, startFailback } from '../jobs/recovery/failback.ts';
import { abortFailover, failoverStatus, planFailover, startFailover, unfence } from '../jobs/recovery/failover.ts';
import { readRuns } from '../jobs/vault/runs.ts';
import type { Command } from './command.ts';
import { abortText, failbackText, failoverPlanText, planText, runsText, runText } from './render-recovery.ts';

export const drillNow: Command = async ({ ports, config }, _args, flags) => {
  const point = String(flags['point'] ?? 'latest');
  const policy = policyOf(config);
  if (flags['dryRun']) {
    const plan = await planDrill(ports, policy, point);
    return { json: plan, text: planText(plan.point, plan.steps), healthy: plan.point !== null };
  }
  const at = ports.clock();
  const asked =
    flags['alarmTest'] === true
      ? ({ kind: 'alarm-test', point, at } as const)
      : ({ kind: 'drill', point, readAll: flags['readAll'] === true, at } as const);
  const run = await startDrill(ports, policy, asked);
  return { json: run, text: runText(run, ports.clock()), healthy: run.state !== 'failed' };
};

export const drills: Command = async ({ ports }) => {
  const { runs, unreadable } = await readRuns(ports.vault);
  const found = runs.filter(isScratch).reverse();
  const broken = unreadable.map(({ problem }) => `UNREADABLE ${problem}`);
  const text = [runsText(found, ports.clock()), ...broken].join('\n');
  const last = found.find(isOver);
  return { json: { drills: found, unreadable }, text, healthy: last?.state === 'passed' && broken.length === 0 };
};

export const failoverPlan: Command = async ({ ports, config }, _args, flags) => {
  const request = { point: String(flags['point'] ?? 'latest'), planned: flags['planned'] === true };
  const plan = await planFailover(ports, policyOf(config), request);
  return { json: plan, text: failoverPlanText(plan), healthy: plan.confirm !== null };
};

export const failoverStart: Command = async ({ ports, config }, _args, flags) => {
  const run = await startFailover(ports, policyOf(config), {
    point: String(flags['point'] ?? 'latest'),
    confirm: flags['confirm'] === undefined ? undefined : String(flags['confirm']),
    planned: flags['planned'] === true,
    acceptUnfenced: flags['acceptUnfenced'] === true,
    acceptFindings: flags['acceptFindings'] === true,
  });
  return { json: run, text: runText(run, ports.clock()), healthy: !['blocked', 'failed'].includes(run.state) };
};

export const failoverStatusNow: Command = async ({ ports }) => {
  const runs = await failoverStatus(ports);
  const [last] = runs;
  if (!last)
    throw new DrError('RUN_UNKNOWN', 'there was no failover', {
      hint: '`builder-dr failover plan` shows what one would do.',
    });
  return { json: runs, text: runText(last, ports.clock()), healthy: last.state === 'done' };
};

export const failoverAbort: Command = async ({ ports, config }) => {
  const report = await abortFailover(ports, policyOf(config));
  return { json: report, text: abortText(report, ports.clock()), healthy: true };
};

export const failoverUnfence: Command = async ({ ports, config }) => {
  const { run } = await unfence(ports, policyOf(config));
  return { json: run, text: runText(run, ports.clock()), healthy: true };
};

export const failbackPlan: Command = async ({ ports }) => {
  const plan = await planFailback(ports);
  return { json: plan, text: failbackText(plan), healthy: true };
};

export const failbackStart: Command = async ({ ports, config }) => {
  const plan = await startFailback(ports, policyOf(config));
  return { json: plan, text: failbackText(plan), healthy: plan.failback?.problem === undefined };
};
