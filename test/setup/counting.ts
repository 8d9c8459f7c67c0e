import type { MemoryPorts } from '../world/ports.ts';

/** The calls that this work makes of any port, in their order. Log lines, the clock and names are no calls. */
export async function countCalls(
  ports: MemoryPorts,
  work: (counted: MemoryPorts) => Promise<unknown>,
): Promise<string[]> {
  const calls: string[] = [];
  const counted = (name: string, port: object): object =>
    new Proxy(port, {
      get(target, method) {
        const value = Reflect.get(target, method) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          calls.push([name, String(method), ...args.filter((each) => typeof each === 'string')].join(' '));
          return (value as (...all: unknown[]) => unknown).apply(target, args);
        };
      },
    });
  const wrapped = Object.entries(ports).map(([name, port]) => {
    const counts = typeof port === 'object' && port !== null && name !== 'log' && name !== 'site';
    return [name, counts ? counted(name, port as object) : port];
  });
  await work(Object.fromEntries(wrapped) as MemoryPorts);
  return calls;
}
