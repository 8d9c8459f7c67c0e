import {
  CopyDBSnapshotCommand,
  CreateDBInstanceCommand,
  CreateDBSnapshotCommand,
  ModifyDBSnapshotAttributeCommand,
} from '@aws-sdk/client-rds';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import type { Database, SnapshotFacts } from '../../src/core/ports/database.ts';
import { capture } from '../../src/jobs/points/capture.ts';
import { until, untilAvailable, World } from '../setup/world.ts';
import { memoryPorts } from '../world/ports.ts';

type Subject = {
  database: Database;
  settle: () => Promise<void>;
  share: (name: string, accounts: string[]) => Promise<void>;
  unseen: (looks: number) => Promise<unknown>;
};

let sandbox: Sandbox;
let world: World;
beforeAll(async () => {
  sandbox = await startSandbox();
  await sandbox.control.rds({ stateDelayMs: 50 });
  world = await World.create(sandbox, 'database');
  await world.createInstance();
});
afterAll(() => sandbox.stop());

async function inMemory(): Promise<Subject> {
  const { database } = memoryPorts(() => new Date());
  const settle = async () => {
    database.finish('snapshots');
    database.finish('held');
  };
  const unseen = async (looks: number) => {
    database.unseenLooks = looks;
  };
  const share = async (name: string, sharedWith: string[]) =>
    void Object.assign(database.snapshots.get(name) as object, { sharedWith });
  return { database, settle, share, unseen };
}

/** What takes a while does not end. The memory's ends when it is settled. */
const hold = (held: boolean) => sandbox.control.rds({ held });

async function share(DBSnapshotIdentifier: string, accounts: string[]): Promise<void> {
  const change = accounts.length > 0 ? { ValuesToAdd: accounts } : { ValuesToRemove: ['111122223333'] };
  await world.rds.send(
    new ModifyDBSnapshotAttributeCommand({ DBSnapshotIdentifier, AttributeName: 'restore', ...change }),
  );
}

describe.each([
  ['memory', inMemory],
  [
    'RDS',
    async () => ({
      database: world.ports.database,
      settle: async () => undefined,
      share,
      unseen: (unseenDescribes) => sandbox.control.rds({ unseenDescribes }),
    }),
  ],
] as [string, () => Promise<Subject>][])("Builder's database on %s", (_name, open) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await open();
  });
  const available = async (look: () => Promise<SnapshotFacts | undefined>) => {
    await subject.settle();
    return until('the snapshot', async () => {
      const facts = await look();
      return facts?.status === 'available' ? facts : undefined;
    });
  };

  const captured = async (id: string) => {
    await subject.database.capture(`hbdr-${id}`, id);
    return available(() => subject.database.status(`hbdr-${id}`));
  };

  it('answers undefined for snapshots that are not there', async () => {
    expect(await subject.database.status('hbdr-none')).toBeUndefined();
    expect(await subject.database.copyStatus('hbdr-none')).toBeUndefined();
  });

  it('makes one snapshot when it is asked twice', async () => {
    await subject.database.capture('hbdr-20261122t140000z', '20261122t140000z');
    const facts = await captured('20261122t140000z');
    expect(facts.dataAt).toBeInstanceOf(Date);
    expect(facts.arn).toMatch(/^arn:aws:rds:us-east-1:\d{12}:snapshot:hbdr-20261122t140000z$/);
  });

  it('refuses a name that another point has', async () => {
    await captured('20261122t150000z');
    const other = subject.database.capture('hbdr-20261122t150000z', '20261122t160000z');
    await expect(other).rejects.toMatchObject({ code: 'SNAPSHOT_MISMATCH' });
  });

  it('copies into the DR site once, and the copy keeps the instant of the data', async () => {
    const name = 'hbdr-20261122t170000z';
    const source = await captured('20261122t170000z');
    const copy = { name, sourceArn: source.arn, pointId: '20261122t170000z' };
    await subject.database.copyToDr(copy);
    await subject.database.copyToDr(copy);
    const facts = await available(() => subject.database.copyStatus(name));
    expect(facts.dataAt).toEqual(source.dataAt);
    expect(facts.parameterGroupFamily).toBe('postgres17');
    const names = (await subject.database.copies()).map((each) => each.name);
    expect(names.filter((each) => each === name)).toEqual([name]);
  });

  it('means "later" when it is asked again for what is accepted and not shown yet', async () => {
    const pointId = '20261122t180000z';
    const name = `hbdr-${pointId}`;
    const later = { code: 'INVALID_STATE' };
    onTestFinished(async () => void (await subject.unseen(0)));
    await subject.unseen(2);
    await subject.database.capture(name, pointId);
    await expect(subject.database.capture(name, pointId)).rejects.toMatchObject(later);
    expect(await subject.database.status(name)).toBeUndefined();
    await subject.database.capture(name, pointId);
    const source = await available(() => subject.database.status(name));
    await subject.database.copyToDr({ name, sourceArn: source.arn, pointId });
    const again = subject.database.copyToDr({ name, sourceArn: source.arn, pointId });
    await expect(again).rejects.toMatchObject(later);
    expect((await subject.database.copies()).map((each) => each.name)).not.toContain(name);
    expect(await available(() => subject.database.copyStatus(name))).toMatchObject({ name });
  });

  it('says what a copy of a snapshot that is gone comes to', async () => {
    const sourceArn = 'arn:aws:rds:us-east-1:000000000000:snapshot:hbdr-gone';
    const copy = subject.database.copyToDr({ name: 'hbdr-gone', sourceArn, pointId: 'gone' });
    await expect(copy).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('tells whose a snapshot is, who may restore it, and which copies are made of it', async () => {
    expect(await subject.database.snapshotUse('primary', 'hbdr-none')).toBeUndefined();
    const id = '20261122t230000z';
    const name = `hbdr-${id}`;
    const source = await captured(id);
    const unused = { status: 'available', pointId: id, ofSource: true, sharedWith: [], copying: [] };
    expect(await subject.database.snapshotUse('primary', name)).toEqual(unused);
    await subject.share(name, ['111122223333']);
    expect(await subject.database.snapshotUse('primary', name)).toEqual({ ...unused, sharedWith: ['111122223333'] });
    await subject.share(name, []);
    onTestFinished(async () => void (await hold(false)));
    await hold(true);
    await subject.database.copyToDr({ name, sourceArn: source.arn, pointId: id });
    expect(await subject.database.snapshotUse('primary', name)).toEqual({ ...unused, copying: [name] });
    const copy = { status: 'creating', pointId: id, ofSource: true };
    expect(await subject.database.snapshotUse('dr', name)).toMatchObject(copy);
    const making = subject.database.removeSnapshot('dr', { name, pointId: id });
    await expect(making).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await hold(false);
    await available(() => subject.database.copyStatus(name));
    expect(await subject.database.snapshotUse('primary', name)).toEqual(unused);
  });

  it('deletes a snapshot of the point that is named, at the site that is named, and may be asked twice', async () => {
    const id = '20261122t190000z';
    const name = `hbdr-${id}`;
    const source = await captured(id);
    await subject.database.copyToDr({ name, sourceArn: source.arn, pointId: id });
    await available(() => subject.database.copyStatus(name));
    await expect(subject.database.removeSnapshot('primary', { name, pointId: 'other' })).rejects.toMatchObject({
      code: 'SNAPSHOT_MISMATCH',
      subject: name,
    });
    await subject.database.removeSnapshot('primary', { name, pointId: id });
    await subject.database.removeSnapshot('primary', { name, pointId: id });
    expect(await subject.database.status(name)).toBeUndefined();
    expect((await subject.database.copyStatus(name))?.status).toBe('available');
    await subject.database.removeSnapshot('dr', { name, pointId: id });
    expect(await subject.database.copyStatus(name)).toBeUndefined();
  });

  it('tells the settings of the source instance', async () => {
    expect(await subject.database.source()).toEqual({
      multiAz: true,
      backupRetentionDays: 7,
      encrypted: false,
      engine: 'postgres',
      cluster: undefined,
      engineLifecycleSupport: 'open-source-rds-extended-support',
    });
  });
});

describe('RDS as AWS has it', () => {
  it('a foreign snapshot under our name is not taken for ours', async () => {
    const DBInstanceIdentifier = world.config.primary.database;
    await world.rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier: 'hbdr-foreign' }));
    const ours = world.ports.database.capture('hbdr-foreign', 'foreign');
    await expect(ours).rejects.toMatchObject({ code: 'SNAPSHOT_MISMATCH', hint: expect.stringContaining('tag') });
  });

  it('a foreign snapshot under our name is not deleted, whichever point is said', async () => {
    for (const pointId of ['foreign', '']) {
      const removal = world.ports.database.removeSnapshot('primary', { name: 'hbdr-foreign', pointId });
      await expect(removal).rejects.toMatchObject({ code: 'SNAPSHOT_MISMATCH' });
    }
    expect(await world.ports.database.status('hbdr-foreign')).toBeDefined();
  });

  it('a copy that somebody else makes of ours is seen, and a delete under it would end it', async () => {
    const id = '20261122t200000z';
    await world.ports.database.capture(`hbdr-${id}`, id);
    const source = await until('the source', async () => {
      const facts = await world.ports.database.status(`hbdr-${id}`);
      return facts?.status === 'available' ? facts : undefined;
    });
    await hold(true);
    const copy = { SourceDBSnapshotIdentifier: source.arn, TargetDBSnapshotIdentifier: 'theirs' };
    await world.rds.send(new CopyDBSnapshotCommand(copy));
    expect((await world.ports.database.snapshotUse('primary', source.name))?.copying).toEqual(['theirs']);
    await world.ports.database.removeSnapshot('primary', { name: source.name, pointId: id });
    await hold(false);
    expect((await world.ports.database.status('theirs'))?.status).toBe('failed');
  });

  const instance = async (DBInstanceIdentifier: string, kind: { Engine: string; DBClusterIdentifier?: string }) => {
    const size = { DBInstanceClass: 'db.t4g.micro', AllocatedStorage: 20 };
    await world.rds.send(new CreateDBInstanceCommand({ DBInstanceIdentifier, ...size, ...kind }));
    await untilAvailable(world.rds, DBInstanceIdentifier);
  };

  it.each([
    ['aurora', { Engine: 'aurora-postgresql', DBClusterIdentifier: 'builder' }],
    ['mysql', { Engine: 'mysql' }],
  ])('is refused by name before anything is created, when it is %s', async (database, kind) => {
    await instance(database, kind);
    const there = world.with((config) => ({ ...config, primary: { ...config.primary, database } }));
    const refused = capture(there.ports, there.policy, { kind: 'manual', at: new Date() });
    await expect(refused).rejects.toMatchObject({
      code: 'ENGINE_UNSUPPORTED',
      message: expect.stringContaining(kind.Engine),
    });
    expect(await there.ports.vault.list('points/')).toEqual([]);
  });

  it('counts the snapshots of everybody in the account against the quota, in each region', async () => {
    const { database } = world.ports;
    const usedIn = async (site: 'primary' | 'dr') => (await database.snapshotQuota(site)).used;
    const [there, here] = [await usedIn('primary'), await usedIn('dr')];
    const DBInstanceIdentifier = world.config.primary.database;
    await world.rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier, DBSnapshotIdentifier: 'somebodys' }));
    expect([await usedIn('primary'), await usedIn('dr')]).toEqual([there + 1, here]);
    await sandbox.control.rds({ snapshotQuota: 1_000 });
    expect((await database.snapshotQuota('dr')).allowed).toBe(1_000);
  });

  it('takes no snapshot of a member of a cluster', async () => {
    await instance('member', { Engine: 'postgres', DBClusterIdentifier: 'builder' });
    const asked = new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'member', DBSnapshotIdentifier: 'hbdr-member' });
    await expect(world.rds.send(asked)).rejects.toMatchObject({ name: 'InvalidParameterValue' });
  });

  it('refuses a capture while the instance is busy, in a way that means "later"', async () => {
    await sandbox.control.instanceStatus('us-east-1', world.config.primary.database, 'modifying');
    const busy = world.ports.database.capture('hbdr-busy', 'busy');
    await expect(busy).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await sandbox.control.instanceStatus('us-east-1', world.config.primary.database, 'backing-up');
    await expect(world.ports.database.capture('hbdr-busy', 'busy')).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringContaining('is backing-up: RDS takes no snapshot before that backup has ended'),
    });
    await sandbox.control.instanceStatus('us-east-1', world.config.primary.database, 'available');
  });

  it('pages past 100 snapshots are all seen', async () => {
    await sandbox.control.rds({ snapshotQuota: 1_000, copyLimit: 1_000 });
    await world.ports.database.capture('hbdr-source', 'source');
    const source = await until('the source', async () => {
      const facts = await world.ports.database.status('hbdr-source');
      return facts?.status === 'available' ? facts : undefined;
    });
    const before = (await world.ports.database.copies()).length;
    const names = [...Array(104).keys()].map((n) => `hbdr-page-${String(n).padStart(3, '0')}`);
    for (const name of names) await world.ports.database.copyToDr({ name, sourceArn: source.arn, pointId: name });
    const seen = (await world.ports.database.copies()).map((each) => each.name);
    expect(seen).toEqual(expect.arrayContaining(names));
    expect(seen).toHaveLength(before + 104);
  });
});
