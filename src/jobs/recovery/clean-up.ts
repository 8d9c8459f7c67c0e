import { stackNames } from '../../core/names.ts';
import { recoveryMessage } from '../../core/notices/of-recovery.ts';
import type { AdvancePorts } from '../../core/ports/all.ts';
import { isOver } from '../../core/recovery/lifecycle.ts';
import { cleanedUp, scratchFailure } from '../../core/recovery/observations.ts';
import { DRILL_PREFIX, ROLE_TAG, RUN_TAG } from '../../core/recovery/restore-request.ts';
import { isScratch, type RunOf, type ScratchRun } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { describeError, hasCode } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { recordOf, runKey, updateRun } from '../vault/runs.ts';

/** Deletes every scratch instance that the run made, and when it is gone its password; then the verdict. */
export async function stepCleaningUp(pass: Pass, run: ScratchRun): Promise<ScratchRun> {
  const { ports } = pass;
  const gone: boolean[] = [];
  for (const { instance } of run.attempts) gone.push(await destroyed(ports, instance, runKey(run)));
  if (gone.includes(false)) return run;
  await ports.vault.remove(vaultKeys.scratch(run.id, 'flipped.hart'));
  const failure = scratchFailure(run) ?? (run.kind === 'alarm-test' ? await publishAlarm(pass, run) : undefined);
  return updateRun(ports, run, (now) => cleanedUp(now, ports.clock(), failure));
}

/** Whether instance and secret of this run are gone; asks for it if they are not. An instance of another one is left alone. */
async function destroyed(ports: AdvancePorts, instance: string, run: string): Promise<boolean> {
  if ((await ports.instances.status(instance))?.tags[RUN_TAG] === run) {
    try {
      await ports.instances.destroy(instance);
    } catch (error) {
      // Still being created: it can be deleted once it is not.
      if (!hasCode(error, 'INVALID_STATE')) throw error;
    }
    if (await ports.instances.status(instance)) return false;
  }
  await ports.secrets.remove(`${stackNames(ports.site.stage).secrets}${instance}`);
  return true;
}

/** The other half of an alarm test: the notification goes out, to somebody. Why it did not, if it did not. */
async function publishAlarm({ ports, policy }: Pass, run: RunOf<'alarm-test'>): Promise<string | undefined> {
  const facts = {
    site: ports.site,
    rpoTargetMinutes: policy.rpoTargetMinutes,
    rtoTargetMinutes: policy.rtoTargetMinutes,
    minutesLost: undefined,
    now: ports.clock(),
  };
  try {
    await ports.notifier.publish(recoveryMessage(run, facts));
    if ((await ports.notifier.subscribers()) > 0) return undefined;
    return 'the notification went out, and nobody is subscribed';
  } catch (error) {
    return `the notification did not go out: ${describeError(error)}`;
  }
}

/**
 * Deletes scratch instances that their run left behind. Only what has a drill's name, a drill's tag, a record in the
 * vault of a scratch run of that name that is over, deletion protection off; all else is left.
 */
export async function sweep({ ports, runs }: Pass): Promise<string[]> {
  const swept: string[] = [];
  for (const { name, tags, status, deletionProtection } of await ports.instances.list()) {
    const key = tags[RUN_TAG];
    if (!name.startsWith(DRILL_PREFIX) || tags[ROLE_TAG] !== 'drill' || key === undefined) continue;
    if (deletionProtection || status === 'deleting') continue;
    const run = runs.find((each) => runKey(each) === key) ?? (await recordOf(ports.vault, key));
    if (!run || !isScratch(run) || !isOver(run) || !run.attempts.some((each) => each.instance === name)) continue;
    ports.log.warn('a drill left its instance behind', { instance: name, run: key });
    if (await destroyed(ports, name, key)) swept.push(name);
    else swept.push(`${name} (going)`);
  }
  return swept;
}
