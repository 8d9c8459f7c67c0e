import { DrError } from '../../../src/errors.ts';
import type { Action } from './history.ts';
import { keyOf, ransomOf } from './pool.ts';
import { type SimWorld, simulationPolicy } from './world.ts';

type Deed<D extends Action['do']> = Extract<Action, { do: D }>;

/** What the world does by itself, or to the product. */
export function doInWorld(world: SimWorld, action: Exclude<Action, { do: 'run' | 'work' }>): void {
  world.as('world', () => {
    if (action.do === 'pass') world.clock.now += action.minutes * 60_000;
    if (action.do === 'builder') build(world, action);
    if (action.do === 'aws') serve(world, action);
    if (action.do === 'reverse') reverse(world, action);
    if (action.do === 'site') site(world, action);
    if (action.do === 'damage') damage(world, action);
  });
}

function build(world: SimWorld, { what, pick, variant }: Deed<'builder'>): void {
  const { builder } = world;
  if (what === 'upload') builder.upload(pick, variant);
  if (what === 'upload half') builder.upload(pick, variant, true);
  if (what === 'finish rows') builder.finishRows();
  if (what === 'delete') builder.remove(pick);
  if (what === 'delete many') builder.removeMany(pick);
  if (what === 're-upload') {
    builder.remove(pick);
    builder.upload(pick, variant);
  }
  if (what === 'move' || what === 'move some') {
    builder.site = builder.nodesSentTo === undefined ? 'primary' : 'dr';
    builder.stragglers = what === 'move some';
  }
  deliver(world);
}

function reverse({ reverse }: SimWorld, { what }: Deed<'reverse'>): void {
  if (what === 'deploy') reverse.deploy();
  if (what === 'hand over') reverse.handOver();
  if (what === 'tear down') reverse.tearDown();
}

/** S3's events reach the queue; the relay loses some, and sends some twice. */
export function deliver(world: SimWorld): void {
  for (const event of world.builder.events.splice(0)) {
    if (world.relay === 'lost' || world.scheduler.dark.has('primary')) continue;
    world.queue.put(event);
    if (world.relay === 'twice') world.queue.put(event);
  }
}

function serve(world: SimWorld, { what, pick }: Deed<'aws'>): void {
  const { services, ports } = world;
  if (what === 'snapshots') services.finishSnapshots();
  if (what === 'snapshot fails') services.spoil('primary', 'fails', pick);
  if (what === 'snapshot vanishes') services.spoil('primary', 'vanishes', pick);
  if (what === 'copies') services.finishCopies();
  if (what === 'copy moves') services.moveCopies();
  if (what === 'copy fails') services.spoil('dr', 'fails', pick);
  if (what === 'copy vanishes') services.spoil('dr', 'vanishes', pick);
  if (what === 'instances') services.finishInstances();
  if (what === 'instance fails') services.failInstance(pick);
  if (what === 'fence') services.finishFence();
  if (what === 'primary busy') ports.fence.rests = pick % 2 === 0 ? 'backing-up' : 'modifying';
  if (what === 'primary free') ports.fence.rests = 'available';
  if (what.endsWith('capacity')) capacity(world, what === 'capacity');
  if (what.startsWith('kms')) keys(world, what === 'kms on');
  if (what === 'events lost') world.relay = 'lost';
  if (what === 'events twice') world.relay = 'twice';
  if (what === 'events once') world.relay = 'once';
}

function capacity(world: SimWorld, there: boolean): void {
  const { refuse } = world.ports.instances;
  refuse.clear();
  world.end('no-capacity');
  if (there) return;
  for (const each of new Set([...simulationPolicy.restore.classes, ...simulationPolicy.restore.drillClasses])) {
    refuse.set(each, new DrError('NO_CAPACITY', `${each}: InsufficientDBInstanceCapacity`));
  }
  world.begin({ kind: 'no-capacity', subject: 'dr' });
}

function keys(world: SimWorld, usable: boolean): void {
  const { escrow } = world.ports;
  escrow.unusable.splice(0);
  world.end('kms-off');
  if (usable) return;
  escrow.unusable.push({ keyId: 'the escrow key', reason: 'it is disabled' });
  world.begin({ kind: 'kms-off', subject: 'the escrow key' });
}

function site(world: SimWorld, { site, is }: Deed<'site'>): void {
  world.scheduler.dark.delete(site);
  world.end('dark', site);
  world.end('black-hole', site);
  if (is === 'up') return;
  world.scheduler.dark.set(site, is);
  world.begin({ kind: is === 'dark' ? 'dark' : 'black-hole', subject: site });
}

/** Something behind everybody's back. */
function damage(world: SimWorld, { what, pick }: Deed<'damage'>): void {
  const { replica, primaryArtifacts } = world.ports;
  const key = keyOf(pick);
  const rots = what.startsWith('rot');
  const store = what.endsWith('primary') ? primaryArtifacts : replica;
  const there = store.versions.current(key);
  if (!there && !what.includes('document') && what !== 'inventory cut') return;
  if (rots) {
    store.rot(key);
    world.tell({ what: 'rot', by: 'world', bucket: store === replica ? 'replica' : 'primary', key });
  } else if (what === 'lose replica') store.lose(key);
  else if (what.startsWith('ransom') && there) store.plant(key, ransomOf(there.size));
  else if (what === 'failover document') breakDocument(world, false, -1, /^failovers\/[^/]*\.json/);
  else if (what.endsWith('document')) breakDocument(world, what === 'newer document', pick, breakable);
  else breakInventory(world, pick);
}

const breakable =
  /^(points\/|drills\/|failovers\/[^/]*\.json|direction\.json|verified\.json|reconcile\.json|status\.json|deletions\.json)/;

/** The newest of them for a negative `pick`. */
function breakDocument(world: SimWorld, newer: boolean, pick: number, which: RegExp): void {
  const { documents } = world.ports.vault;
  const keys = [...documents.keys()].filter((key) => which.test(key)).sort();
  const key = keys.at(pick % (keys.length || 1));
  const found = key === undefined ? undefined : documents.get(key);
  if (key === undefined || !found || world.broken.has(key)) return;
  const text = found.body.toString();
  const body = newer ? text.replace(/"schema": "([a-z]+)\/\d"/, '"schema": "$1/9"') : text.slice(0, text.length / 2);
  replace(world, key, Buffer.from(body));
}

function breakInventory(world: SimWorld, pick: number): void {
  const { documents } = world.ports.vault;
  const keys = [...documents.keys()].filter((key) => key.startsWith('inventory/')).sort();
  const key = keys[pick % (keys.length || 1)];
  const found = key === undefined ? undefined : documents.get(key);
  if (key === undefined || !found || world.broken.has(key)) return;
  replace(world, key, found.body.subarray(0, found.body.length / 2));
}

function replace(world: SimWorld, key: string, damaged: Buffer): void {
  const { documents } = world.ports.vault;
  const was = documents.get(key)?.body;
  if (!was) return;
  world.broken.set(key, { was, damaged });
  world.begin({ kind: 'unreadable', subject: key });
  documents.set(key, { body: damaged, etag: etagOf(world), at: new Date(world.clock.now) });
}

const etagOf = (world: SimWorld): string =>
  `"by hand ${world.scheduler.steps} ${world.clock.now} ${world.broken.size}"`;

/** Whoever restores the version before: what the hint of VAULT_UNREADABLE says. What was written anew since stays. */
export function mendDocuments(world: SimWorld): void {
  const { documents } = world.ports.vault;
  for (const [key, { was, damaged }] of world.broken) {
    world.end('unreadable', key);
    if (documents.get(key)?.body !== damaged) continue;
    documents.set(key, { body: was, etag: etagOf(world), at: new Date(world.clock.now) });
  }
  world.broken.clear();
}
