import type { Ports } from '../../src/core/ports/all.ts';

/** The process is gone: thrown in place of a call, or after it happened. */
export class Killed extends Error {}

const portNames = [
  'database',
  'primaryArtifacts',
  'replica',
  'removal',
  'displaced',
  'vault',
  'escrow',
  'queue',
  'notifier',
  'signals',
  'metrics',
  'instances',
  'secrets',
  'fence',
  'inspection',
  'cutOver',
] as const;

/**
 * Ports that die at the n-th call of any of them: `before` it happens, or `after` it happened
 * and before anybody hears of it. Every later call dies too, as in a process that is gone.
 */
export function dyingPorts<P extends Ports>(
  ports: P,
  n: number,
  when: 'before' | 'after',
): P & { calls: () => number } {
  let calls = 0;
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          calls += 1;
          if (calls > n || (calls === n && when === 'before')) throw new Killed(`at call ${calls}`);
          const result = (value as (...all: unknown[]) => unknown).apply(target, args);
          if (calls < n || !(result instanceof Promise)) return result;
          return result.then(() => Promise.reject(new Killed(`after call ${n}, ${String(name)}`)));
        };
      },
    });
  const wrapped = Object.fromEntries(portNames.map((name) => [name, wrap(ports[name])]));
  return { ...ports, ...wrapped, calls: () => calls };
}
