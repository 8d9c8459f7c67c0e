import { finding } from '../../core/findings.ts';
import { snapshotName } from '../../core/ids.ts';
import { stackNames } from '../../core/names.ts';
import type { Point } from '../../core/points/documents.ts';
import type { Recovery } from '../../core/recovery/documents.ts';
import {
  capacityRefused,
  instanceSeen,
  passwordSet,
  passwordSettled,
  restoreAsked,
} from '../../core/recovery/observations.ts';
import { nextClass, restoreRequest } from '../../core/recovery/restore-request.ts';
import { block, current, isDrill, noteError, reject, withAttempt } from '../../core/recovery/run.ts';
import { DrError, hasCode } from '../../errors.ts';
import { type RunContext, runKey, updateRun } from './runs.ts';

/** The point of the attempt that is being worked on. */
export function pointOf(context: RunContext, run: Recovery): Point {
  const found = context.points.find((each) => each.id === current(run).point);
  if (found) return found;
  throw new DrError('POINT_UNKNOWN', `no recovery point ${current(run).point}`, {
    hint: 'Its document left the vault; restore the previous version of it.',
  });
}

function engineOf(point: Point): string {
  return 'engineVersion' in point.database ? point.database.engineVersion : '';
}

/** Brings the instance of the current attempt up: asked for, available, with a password of its own. */
export async function stepRestoring(context: RunContext, run: Recovery): Promise<Recovery> {
  const attempt = current(run);
  if (!attempt.available) return bringUp(context, run);
  if (!attempt.password) return givePassword(context, run);
  const { ports } = context;
  const facts = await ports.instances.status(attempt.instance);
  if (!facts) return updateRun(ports, run, (now) => reject(now, ports.clock(), 'the restored instance is gone'));
  return updateRun(ports, run, (now) => passwordSettled(now, facts, ports.clock()));
}

async function bringUp(context: RunContext, run: Recovery): Promise<Recovery> {
  const { ports } = context;
  const facts = await ports.instances.status(current(run).instance);
  if (!facts) return ask(context, run);
  const expected = engineOf(pointOf(context, run));
  return updateRun(ports, run, (now) => instanceSeen(now, facts, expected, ports.clock()));
}

/** What a restore needs is looked at before anything is made. */
async function prerequisites(context: RunContext, run: Recovery): Promise<Recovery | undefined> {
  const { ports, policy } = context;
  const { subnetGroup, parameterGroup } = policy.restore;
  const engineVersion = engineOf(pointOf(context, run));
  const missing = await ports.instances.missing({ subnetGroup, parameterGroup, engineVersion });
  if (missing.length === 0) return undefined;
  const findings = missing.map(({ code, subject, text }) => finding(code, subject, text));
  const why = missing.map((each) => each.text).join('; ');
  return updateRun(ports, run, (now) => {
    const found = withAttempt(now, { findings });
    if (isDrill(now)) return reject(found, ports.clock(), why);
    return block(found, ports.clock(), why, 'make what is missing in the DR region, then {"action":"start"} again');
  });
}

async function ask(context: RunContext, run: Recovery): Promise<Recovery> {
  const { ports, policy } = context;
  const refused = current(run).restore?.refused ?? [];
  const className = nextClass(isDrill(run) ? policy.restore.drillClasses : policy.restore.classes, refused);
  if (className === undefined) {
    const why = `AWS has none of the classes: ${refused.map((each) => each.className).join(', ')}`;
    if (isDrill(run)) return updateRun(ports, run, (now) => reject(now, ports.clock(), why));
    const resume = 'name other classes in restore.classes and deploy, or wait; then {"action":"start"} again';
    return updateRun(ports, run, (now) => block(withAttempt(now, { restore: undefined }), ports.clock(), why, resume));
  }
  const stopped = await prerequisites(context, run);
  if (stopped) return stopped;
  const point = pointOf(context, run);
  const request = restoreRequest(policy.restore, isDrill(run) ? 'scratch' : 'production', {
    name: current(run).instance,
    snapshot: current(run).snapshot ?? snapshotName(point.id),
    sizeGib: 'sizeGib' in point.database ? point.database.sizeGib : 0,
    engineLifecycleSupport: point.source?.engineLifecycleSupport,
    className,
    run: runKey(run),
  });
  try {
    await ports.instances.restore(request);
    return updateRun(ports, run, (now) => restoreAsked(now, className, ports.clock()));
  } catch (error) {
    return refusedRestore(context, run, className, error);
  }
}

async function refusedRestore(
  context: RunContext,
  run: Recovery,
  className: string,
  error: unknown,
): Promise<Recovery> {
  const { ports } = context;
  if (hasCode(error, 'NO_CAPACITY')) {
    return updateRun(ports, run, (now) => capacityRefused(now, className, error.message, ports.clock()));
  }
  if (hasCode(error, 'NOT_FOUND', 'INSTANCE_MISMATCH')) {
    return updateRun(ports, run, (now) => reject(now, ports.clock(), error.message));
  }
  // Quota, key, state: the next run asks again, and what it waits for can be read in the record.
  if (hasCode(error, 'QUOTA_EXCEEDED', 'KMS_UNUSABLE', 'INVALID_STATE', 'THROTTLED')) {
    return updateRun(ports, run, (now) => noteError(now, error.message, ports.clock()));
  }
  throw error;
}

/** The snapshot's master password is the source's: each restored instance gets a fresh one. */
async function givePassword(context: RunContext, run: Recovery): Promise<Recovery> {
  const { ports } = context;
  const { instance } = current(run);
  const secret = `${stackNames(ports.stage).secrets}${instance}`;
  try {
    await ports.instances.setPassword(instance, await ports.secrets.ensure(secret));
  } catch (error) {
    if (!hasCode(error, 'INVALID_STATE')) throw error;
    return run;
  }
  return updateRun(ports, run, (now) => passwordSet(now, secret, ports.clock()));
}
