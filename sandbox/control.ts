import type { Bridge } from './bridge.ts';
import type { Darkness, FaultRule } from './gateway/faults.ts';
import type { Gateway, StoreManners } from './gateway/server.ts';
import { defaultSettings, type RdsSettings } from './rds/model.ts';
import type { RdsWorld } from './rds/world.ts';

/** What the sandbox can be told: faults, darkness, RDS settings; and asked: the calls so far. */
export function controlRoutes(world: RdsWorld, bridge: Bridge, gateway: () => Gateway) {
  const routes: Record<string, (body: unknown) => Promise<unknown> | unknown> = {
    faults: (body) => gateway().faults.set(body as FaultRule[]),
    dark: async (body) => {
      const dark = body as Darkness[];
      gateway().faults.setDark(dark);
      await bridge.setDark(dark.map((entry) => entry.region));
    },
    store: (body) => {
      gateway().manners = body as StoreManners;
    },
    'policy-spread': (body) => bridge.setSpread(body as boolean[]),
    rds: (body) => world.configure(body as Partial<RdsSettings>),
    'rds/reset': () => world.configure(defaultSettings),
    'rds/status': (body) => {
      const { region, id, status } = body as { region: string; id: string; status: string };
      world.instance(region, id).status = status;
    },
    'rds/forget-snapshot': (body) => {
      const { region, id } = body as { region: string; id: string };
      world.snapshots.delete(world.key(region, id));
    },
    lifecycle: (body) => {
      const { region, bucket, at } = body as { region: string; bucket: string; at: string };
      return bridge.playLifecycle(region, bucket, at);
    },
    calls: () => gateway().calls,
    'calls/clear': () => {
      gateway().calls.length = 0;
    },
  };
  return async (path: string, body: string): Promise<unknown> => {
    const route = routes[path];
    if (!route) throw new Error(`the sandbox has no route ${path}; it has ${Object.keys(routes).join(', ')}`);
    return route(body === '' ? undefined : JSON.parse(body));
  };
}
