import type { MemoryPorts } from '../world/ports.ts';

const turned = ['database', 'vault', 'signals', 'instances', 'secrets', 'notifier', 'queue', 'fence'] as const;

/** Work that stops right before its n-th call of any port, until it is let go on. */
type Turn = { ports: MemoryPorts; reached: Promise<boolean>; goOn: () => void };

function stoppingAt(ports: MemoryPorts, n: number, over: Promise<unknown>): Turn {
  let calls = 0;
  let arrive: (there: boolean) => void = () => undefined;
  let goOn: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const arrived = new Promise<boolean>((resolve) => {
    arrive = resolve;
  });
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          calls += 1;
          if (calls === n) {
            arrive(true);
            await gate;
          }
          return (value as (...all: unknown[]) => unknown).apply(target, args);
        };
      },
    });
  const wrapped = Object.fromEntries(turned.map((name) => [name, wrap(ports[name])]));
  const ended = over.then(
    () => false,
    () => false,
  );
  return { ports: { ...ports, ...wrapped } as MemoryPorts, reached: Promise.race([arrived, ended]), goOn };
}

type Work = (ports: MemoryPorts) => Promise<unknown>;

function begin(ports: MemoryPorts, n: number, work: Work): { turn: Turn; end: Promise<unknown> } {
  let settle: (end: Promise<unknown>) => void = () => undefined;
  const over = new Promise<unknown>((resolve) => {
    settle = resolve;
  });
  const turn = stoppingAt(ports, n, over);
  const end = work(turn.ports).catch((error: unknown) => error);
  settle(end);
  return { turn, end };
}

/**
 * Two works of one world, at once: the first stops before its n-th call, the second runs up to its m-th, then the first
 * goes on to its end, then the second. Answers what they came to, an error as itself, and whether there were so many
 * calls.
 */
async function inTurns(
  ports: MemoryPorts,
  [first, n]: [Work, number],
  [second, m]: [Work, number],
): Promise<{ ends: [unknown, unknown]; reached: [boolean, boolean] }> {
  const one = begin(ports, n, first);
  const firstReached = await one.turn.reached;
  const two = begin(ports, m, second);
  const secondReached = await two.turn.reached;
  one.turn.goOn();
  const firstEnd = await one.end;
  two.turn.goOn();
  return { ends: [firstEnd, await two.end], reached: [firstReached, secondReached] };
}

/** Every pair of moments of two works, within so many calls of each; each time in a new world, which is looked at afterwards. */
export async function everyTurn(
  world: () => Promise<MemoryPorts>,
  first: Work,
  second: Work,
  look: (ports: MemoryPorts, ends: [unknown, unknown], where: string) => Promise<void>,
  [ofFirst, ofSecond] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
): Promise<number> {
  let turns = 0;
  for (let n = 1, more = true; more && n <= ofFirst; n += 1) {
    for (let m = 1, within = true; within && m <= ofSecond; m += 1) {
      const ports = await world();
      const { ends, reached } = await inTurns(ports, [first, n], [second, m]);
      await look(ports, ends, `${n}, ${m}`);
      turns += 1;
      [more, within] = reached;
      if (!more) break;
    }
  }
  return turns;
}

/**
 * Of one work every moment at which it may stall: before each of its calls another work is done from its beginning to its
 * end, and only then it goes on. Each time in a new world, which is looked at afterwards.
 */
export async function everyStop(
  world: () => Promise<MemoryPorts>,
  stalls: Work,
  meanwhile: Work,
  look: (ports: MemoryPorts, end: unknown, where: string) => Promise<void>,
): Promise<number> {
  let stops = 0;
  for (let n = 1, more = true; more; n += 1) {
    const ports = await world();
    const { ends, reached } = await inTurns(ports, [stalls, n], [meanwhile, Number.POSITIVE_INFINITY]);
    if (ends[1] instanceof Error) throw ends[1];
    await look(ports, ends[0], `stopped before call ${n}`);
    stops += 1;
    [more] = reached;
  }
  return stops;
}
