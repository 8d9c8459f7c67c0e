import { stackNames } from '../../core/names.ts';
import { recoveryMessage } from '../../core/notices/of-recovery.ts';
import type { RecoveryPorts } from '../../core/ports/all.ts';
import { type Recovery, recoverySchema } from '../../core/recovery/documents.ts';
import { cleanedUp, drillFailure } from '../../core/recovery/observations.ts';
import { DRILL_PREFIX, ROLE_TAG, RUN_TAG } from '../../core/recovery/restore-request.ts';
import { isDrill, isOver } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { describeError, hasCode } from '../../errors.ts';
import { readDocument } from '../vault/documents.ts';
import { type RunContext, updateRun } from './runs.ts';

/** Deletes the drill's instance, and when it is gone its password; then the verdict. */
export async function stepCleaningUp(context: RunContext, run: Recovery): Promise<Recovery> {
  const { ports } = context;
  if (!(await destroyed(ports, `${DRILL_PREFIX}${run.id}`))) return run;
  await ports.vault.remove(vaultKeys.scratch(run.id, 'flipped.hart'));
  const failure = drillFailure(run) ?? (run.wanted.alarmTest ? await ring(context, run) : undefined);
  return updateRun(ports, run, (now) => cleanedUp(now, ports.clock(), failure));
}

/** Whether instance and secret are gone; asks for it if they are not. */
async function destroyed(ports: RecoveryPorts, instance: string): Promise<boolean> {
  if (await ports.instances.status(instance)) {
    try {
      await ports.instances.destroy(instance);
    } catch (error) {
      // Still being created: it can be deleted once it is not.
      if (!hasCode(error, 'INVALID_STATE')) throw error;
    }
    if (await ports.instances.status(instance)) return false;
  }
  await ports.secrets.remove(`${stackNames(ports.stage).secrets}${instance}`);
  return true;
}

/** The other half of an alarm test: the notification goes out, to somebody. */
async function ring({ ports, policy }: RunContext, run: Recovery): Promise<string | undefined> {
  const facts = {
    stage: ports.stage,
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
 * Deletes drill instances that their drill left behind. Only what has a drill's name, a drill's tag, a record of that
 * drill in the vault that is over, deletion protection off, and is not the instance that serves; all else is left.
 */
export async function sweep(ports: RecoveryPorts): Promise<string[]> {
  const swept: string[] = [];
  for (const each of await ports.instances.list()) {
    if (!each.name.startsWith(DRILL_PREFIX) || each.tags[ROLE_TAG] !== 'drill') continue;
    if (each.deletionProtection || each.status === 'deleting') continue;
    const id = each.name.slice(DRILL_PREFIX.length);
    const key = vaultKeys.run('drill/1', id);
    if (each.tags[RUN_TAG] !== key) continue;
    const record = await readDocument(ports.vault, key, recoverySchema);
    if (!record || !isDrill(record.value) || !isOver(record.value)) continue;
    ports.log.warn('a drill left its instance behind', { instance: each.name, run: key });
    if (await destroyed(ports, each.name)) swept.push(each.name);
    else swept.push(`${each.name} (going)`);
  }
  return swept;
}
