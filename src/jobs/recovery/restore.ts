import { finding } from '../../core/findings.ts';
import { stackNames } from '../../core/names.ts';
import type { Point } from '../../core/points/documents.ts';
import { snapshotOf, targetOf } from '../../core/recovery/kinds.ts';
import { block, current, noteError, reject, withAttempt } from '../../core/recovery/lifecycle.ts';

import { capacityRefused, passwordSet, restoreAsked } from '../../core/recovery/observations.ts';
import { classesFor, nextClass, RUN_TAG, restoreRequest } from '../../core/recovery/restore-request.ts';
import { instanceSeen, passwordRefused, passwordSettled } from '../../core/recovery/restored-instance.ts';

import { isProduction, type Run } from '../../core/recovery/run.ts';
import { DrError, hasCode } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { pinPoint } from '../points/pin.ts';
import { readRunAgain, runKey, updateAttempt } from '../vault/runs.ts';

/** The point of the attempt that is being worked on. */
export function pointOf(pass: Pass, run: Run): Point {
  const found = pass.points.find((each) => each.id === current(run).point);
  if (found) return found;
  throw new DrError('POINT_UNKNOWN', `no recovery point ${current(run).point}`, {
    hint: 'Its document left the vault; restore the previous version of it.',
  });
}

const engineOf =
  ({ points }: Pass) =>
  (id: string): string => {
    const database = points.find((each) => each.id === id)?.database;
    return database && 'engineVersion' in database ? database.engineVersion : '';
  };

/** Brings the instance of the current attempt up: asked for, available, with a password of its own. */
export async function stepRestoring(pass: Pass, run: Run): Promise<Run> {
  const attempt = current(run);
  if (!attempt.available) return bringUp(pass, run);
  if (!attempt.password) return givePassword(pass, run);
  const { ports } = pass;
  const facts = await ports.instances.status(attempt.instance);
  return updateAttempt(ports, run, (now) => passwordSettled(now, facts, ports.clock()));
}

async function bringUp(pass: Pass, run: Run): Promise<Run> {
  const { ports } = pass;
  const facts = await ports.instances.status(current(run).instance);
  if (!facts) return ask(pass, run);
  if (facts.tags[RUN_TAG] !== runKey(run)) {
    const why = `an instance ${facts.name} exists, and is not of ${runKey(run)}`;
    return updateAttempt(ports, run, (now) => reject(now, ports.clock(), why));
  }
  pointOf(pass, run);
  return updateAttempt(ports, run, (now) => instanceSeen(now, facts, engineOf(pass), ports.clock()));
}

/** What a restore needs is looked at before anything is made. */
async function prerequisites(pass: Pass, run: Run): Promise<Run | undefined> {
  const { ports, policy } = pass;
  const { subnetGroup, parameterGroup } = policy.restore;
  const copy = await ports.database.copyStatus(snapshotOf(run, current(run).point));
  const parameterGroupFamily = copy?.parameterGroupFamily;
  const missing = await ports.instances.missing({ subnetGroup, parameterGroup, parameterGroupFamily });
  if (missing.length === 0) return undefined;
  const findings = missing.map(({ code, subject, text }) => finding(code, subject, text));
  const why = missing.map((each) => each.text).join('; ');
  return updateAttempt(ports, run, (now) => {
    const found = withAttempt(now, { findings });
    if (!isProduction(found)) return reject(found, ports.clock(), why);
    return block(found, ports.clock(), why, 'make what is missing in the DR region');
  });
}

async function ask(pass: Pass, run: Run): Promise<Run> {
  const { ports, policy } = pass;
  const refused = current(run).restore?.refused ?? [];
  const target = targetOf(run);
  const className = nextClass(classesFor(policy.restore, target), refused);
  if (className === undefined) {
    const why = `none of the classes can be had: ${refused.map((each) => `${each.className} (${each.why})`).join(', ')}`;
    return updateAttempt(ports, run, (now) => {
      if (!isProduction(now)) return reject(now, ports.clock(), why);
      const again = withAttempt(now, { restore: undefined });
      return block(
        again,
        ports.clock(),
        why,
        'mend what RDS names, or name other classes in restore.classes, and deploy; or wait for capacity',
      );
    });
  }
  const stopped = await prerequisites(pass, run);
  if (stopped) return stopped;
  // Swapped in the point's own document, as its expiry is: one of the two comes too late.
  const point = await pinPoint(ports, current(run).point, runKey(run));
  if (!point) {
    const why = `point ${current(run).point} has expired, or its document left the vault`;
    return updateAttempt(ports, run, (now) => reject(now, ports.clock(), why));
  }
  const request = restoreRequest(policy.restore, target, {
    name: current(run).instance,
    snapshot: snapshotOf(run, point.id),
    sizeGib: 'sizeGib' in point.database ? point.database.sizeGib : 0,
    engineLifecycleSupport: point.source?.engineLifecycleSupport,
    className,
    run: runKey(run),
  });
  // Right before something is made: an operator may have called it off, or another pass have gone on.
  const now = await readRunAgain(ports.vault, run);
  if (now.state !== run.state || current(now).instance !== request.name) return now;
  try {
    await ports.instances.restore(request);
    return updateAttempt(ports, run, (now) => restoreAsked(now, className, ports.clock()));
  } catch (error) {
    return refusedRestore(pass, run, className, error);
  }
}

async function refusedRestore(pass: Pass, run: Run, className: string, error: unknown): Promise<Run> {
  const { ports } = pass;
  if (hasCode(error, 'NO_CAPACITY', 'COMBINATION_REFUSED', 'REQUEST_REFUSED')) {
    return updateAttempt(ports, run, (now) => capacityRefused(now, className, error.message, ports.clock()));
  }
  if (hasCode(error, 'NOT_FOUND', 'INSTANCE_MISMATCH')) {
    return updateAttempt(ports, run, (now) => reject(now, ports.clock(), error.message));
  }
  // Quota, key, state: the next run asks again, and what it waits for can be read in the record.
  if (hasCode(error, 'QUOTA_EXCEEDED', 'KMS_UNUSABLE', 'INVALID_STATE', 'THROTTLED')) {
    return updateAttempt(ports, run, (now) => noteError(now, error.message, ports.clock()));
  }
  throw error;
}

/** The snapshot's master password is the source's: each restored instance gets a fresh one. */
async function givePassword(pass: Pass, run: Run): Promise<Run> {
  const { ports } = pass;
  const { instance } = current(run);
  const secret = `${stackNames(ports.site.stage).secrets}${instance}`;
  try {
    await ports.instances.setPassword(instance, await ports.secrets.ensure(secret));
  } catch (error) {
    if (!hasCode(error, 'INVALID_STATE')) throw error;
    const facts = await ports.instances.status(instance);
    return updateAttempt(ports, run, (now) => passwordRefused(now, facts, error.message, ports.clock()));
  }
  return updateAttempt(ports, run, (now) => passwordSet(now, secret, ports.clock()));
}
