import type { FencePort } from '../../src/core/ports/recovery.ts';
import { isFenced } from '../../src/core/recovery/fence.ts';
import { DrError } from '../../src/errors.ts';

/** States in which RDS takes a change or a reboot. */
const CHANGEABLE = ['available', 'backing-up', 'storage-full', 'storage-initialization', 'storage-optimization'];
const REBOOTABLE = ['available', 'storage-initialization', 'storage-optimization'];

/** A primary that can be fenced; a swap is done when the test says so. */
export type MemoryFence = FencePort & {
  /** What the instance is when nothing is being done to it. */
  rests: string;
  /** Of the writes after a change of the policy: true for each that is still judged by the policy of before. */
  spread: boolean[];
  /** Why the role cannot write, beside the bucket's policy. */
  unwritable: string | undefined;
  /** What became of each write, and whether one was left. */
  probes: string[];
  leftProbe: boolean;
  state: { status: string; groups: { id: string; status: string }[] };
  policy: string | undefined;
  reboots: number;
  renamed: string | undefined;
  dark: boolean;
  refused: DrError | undefined;
  finish: () => void;
};

export function memoryFence(bucket = 'builder-artifacts'): MemoryFence {
  let before: { policy: string | undefined; judges: boolean[] } = { policy: undefined, judges: [] };
  const requireState = (states: string[]): void => {
    if (!states.includes(fence.state.status)) {
      throw new DrError('INVALID_STATE', 'InvalidDBInstanceState: the instance is not in available state');
    }
  };
  const isDenied = (): boolean => isFenced(before.judges.shift() ? before.policy : fence.policy, bucket, 'aws');
  const reachable = (): void => {
    if (fence.dark) throw new DrError('SITE_UNREACHABLE', 'describe instance: TimeoutError', { site: 'primary' });
    if (fence.refused) throw fence.refused;
  };
  const fence: MemoryFence = {
    state: { status: 'available', groups: [{ id: 'sg-builder', status: 'active' }] },
    policy: JSON.stringify({ Version: '2012-10-17', Statement: [{ Sid: 'Theirs', Effect: 'Allow' }] }),
    rests: 'available',
    spread: [],
    unwritable: undefined,
    probes: [],
    leftProbe: false,
    reboots: 0,
    renamed: undefined,
    dark: false,
    refused: undefined,
    finish: () => {
      fence.state = {
        status: fence.rests,
        groups: fence.state.groups
          .filter((each) => each.status !== 'removing')
          .map((each) => ({ ...each, status: 'active' })),
      };
    },
    async fenceGroup() {
      reachable();
      return 'sg-fence';
    },
    async database(name) {
      reachable();
      return (fence.renamed === undefined) === (name === undefined) ? fence.state : undefined;
    },
    async setGroups(groups) {
      reachable();
      requireState(CHANGEABLE);
      const leaving = fence.state.groups.filter((each) => !groups.includes(each.id));
      fence.state = {
        ...fence.state,
        groups: [
          ...leaving.map((each) => ({ ...each, status: 'removing' })),
          ...groups.map((id) => ({ id, status: 'adding' })),
        ],
      };
    },
    async rename(name) {
      reachable();
      fence.renamed = name;
    },
    async reboot() {
      reachable();
      requireState(REBOOTABLE);
      fence.reboots += 1;
      fence.state = { ...fence.state, status: 'rebooting' };
    },
    async bucketPolicy() {
      reachable();
      return fence.policy;
    },
    async setBucketPolicy(policy) {
      reachable();
      before = { policy: fence.policy, judges: [...fence.spread] };
      fence.policy = policy;
    },
    async writeProbe() {
      reachable();
      const outcome = isDenied()
        ? ({ result: 'denied-by-resource-policy' } as const)
        : fence.unwritable !== undefined
          ? ({ result: 'denied-otherwise', detail: fence.unwritable } as const)
          : ({ result: 'written' } as const);
      fence.probes.push(outcome.result);
      if (outcome.result === 'written') fence.leftProbe = isDenied();
      return outcome;
    },
    async clearProbe() {
      reachable();
      if (isDenied()) throw new DrError('ACCESS_DENIED', 'with an explicit deny in a resource-based policy');
      fence.leftProbe = false;
    },
  };
  return fence;
}
