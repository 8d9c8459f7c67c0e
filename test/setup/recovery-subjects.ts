import type { Sandbox } from '../../sandbox/start.ts';
import type { FencePort, Instances, Secrets } from '../../src/core/ports/recovery.ts';
import { memoryFence } from '../world/fence.ts';
import { memoryInstances, memorySecrets } from '../world/recovery.ts';
import type { RecoveryWorld } from './recovery-world.ts';

/** Begins or ends a time in which nothing that was asked for comes to its end. */
type Turn = () => Promise<unknown>;
export type RecoverySubject = {
  instances: Instances;
  secrets: Secrets;
  fence: FencePort;
  bucket: string;
  snapshot: string;
  hold: Turn;
  settle: Turn;
  unseen: (looks: number) => Promise<unknown>;
};

/** What is asked for in memory comes to its end when it is told to. */
export function subjectInMemory(): RecoverySubject {
  const instances = memoryInstances();
  const bucket = 'primary';
  const fence = memoryFence(bucket);
  const settle = async () => {
    instances.finish();
    fence.finish();
  };
  instances.stands.backedUp = 'available';
  const unseen = async (looks: number) => {
    instances.unseenLooks = looks;
  };
  return {
    instances,
    secrets: memorySecrets(),
    fence,
    bucket,
    hold: async () => undefined,
    settle,
    unseen,
    snapshot: 'hbdr-x',
  };
}
export function subjectOnAws(world: RecoveryWorld, sandbox: Sandbox, snapshot: string): RecoverySubject {
  const held = (value: boolean) => () => sandbox.control.rds({ held: value });
  const unseen = (unseenDescribes: number) => sandbox.control.rds({ unseenDescribes });
  return {
    ...world.ports,
    bucket: world.world.config.primary.bucket,
    hold: held(true),
    settle: held(false),
    unseen,
    snapshot,
  };
}
