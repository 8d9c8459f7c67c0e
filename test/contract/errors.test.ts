import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../sandbox/start.ts';
import { DrError } from '../../src/errors.ts';
import { DR, PRIMARY, World } from '../setup/world.ts';

let sandbox: Sandbox;
let world: World;
beforeAll(async () => {
  sandbox = await startSandbox();
  world = await World.create(sandbox, 'errors');
});
afterEach(() => sandbox.control.dark([]));
afterAll(() => sandbox.stop());

async function refusal(work: Promise<unknown>): Promise<DrError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof DrError) return error;
  throw new Error(`no DrError but ${error}`);
}
const silence = async (work: Promise<unknown>) => {
  const { code, site, subject } = await refusal(work);
  return { code, site, subject };
};
const entry = { key: 'core/a.hart', size: 1, etag: '"a"', lastModified: new Date(0) };
const name = 'hbdr-20261122t140000z';

describe('an error of AWS', () => {
  it('says what it is about, whatever is wrong with it', async () => {
    const { primaryArtifacts, replica, vault } = world.ports;
    const { bucket } = primaryArtifacts;
    expect(await refusal(primaryArtifacts.open('none.hart'))).toMatchObject({
      code: 'NOT_FOUND',
      subject: `${bucket}/none.hart`,
      site: undefined,
    });
    await vault.put('a.json', '{}', undefined);
    expect((await refusal(vault.put('a.json', '{}', undefined))).subject).toBe('vault-errors/a.json');
    const gone = refusal(replica.copyFrom({ bucket, entry }));
    expect(await gone).toMatchObject({ code: 'NOT_FOUND', subject: 'replica-errors/core/a.hart' });
    expect((await refusal(world.ports.database.capture(name, 'p'))).subject).toBe(name);
  });

  it.each(['reset', 'black-hole'] as const)(
    'that is silence (%s) says of which site',
    async (mode) => {
      // Only of what is silent anyhow: what answers is given its time.
      const network = { connectTimeoutMs: 1_500, requestTimeoutMs: 1_500 };
      const impatient = world.with((config) => ({ ...config, network }));
      const { database, fence, primaryArtifacts, vault, instances, metrics } = impatient.ports;
      await sandbox.control.dark([{ region: PRIMARY, mode }]);
      const primary = { code: 'SITE_UNREACHABLE', site: 'primary' };
      expect(await silence(database.source())).toEqual({ ...primary, subject: 'db-errors' });
      expect(await silence(fence.fenceGroup())).toEqual({ ...primary, subject: '/hbdr-errors/fence-security-group' });
      expect(await silence(primaryArtifacts.head('a'))).toEqual({ ...primary, subject: 'primary-errors/a' });
      expect(await silence(metrics.put('primary', []))).toMatchObject(primary);
      expect(await world.ports.replica.head('a')).toBeUndefined();
      await sandbox.control.dark([{ region: DR, mode }]);
      const dr = { code: 'SITE_UNREACHABLE', site: 'dr' };
      expect(await silence(vault.get('status.json'))).toEqual({ ...dr, subject: 'vault-errors/status.json' });
      expect(await silence(database.copyStatus(name))).toEqual({ ...dr, subject: name });
      expect(await silence(instances.status('x'))).toEqual({ ...dr, subject: 'x' });
    },
    60_000,
  );

  it("that is silence of a copy says the primary's, for the copy reads there; else the replica's is the DR site's", async () => {
    const { database, primaryArtifacts, replica } = world.ports;
    await sandbox.control.dark([{ region: PRIMARY, mode: 'reset' }]);
    const primary = { code: 'SITE_UNREACHABLE', site: 'primary' };
    const { bucket } = primaryArtifacts;
    const subject = 'replica-errors/core/a.hart';
    expect(await silence(replica.copyFrom({ bucket, entry }))).toEqual({ ...primary, subject });
    expect(await silence(replica.replaceFrom({ bucket, entry }, '"b"'))).toEqual({ ...primary, subject });
    const sourceArn = `arn:aws:rds:${PRIMARY}:000000000000:snapshot:${name}`;
    expect(await silence(database.copyToDr({ name, sourceArn, pointId: 'p' }))).toEqual({ ...primary, subject: name });
    await sandbox.control.dark([{ region: DR, mode: 'reset' }]);
    expect(await silence(replica.head('core/a.hart'))).toEqual({ code: 'SITE_UNREACHABLE', site: 'dr', subject });
  });
});
