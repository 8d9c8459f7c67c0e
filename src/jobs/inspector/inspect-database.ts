import * as z from 'zod';
import { canaryKey } from '../../core/artifacts/reserved.ts';
import { pointSchema } from '../../core/points/documents.ts';
import type { Policy } from '../../core/policy.ts';
import type { InspectionPorts } from '../../core/ports/all.ts';
import type { DatabaseLogin, InspectionRequest, SealedRows } from '../../core/ports/recovery.ts';
import type { Envelope } from '../../core/ports/vault.ts';
import { lookName } from '../../core/recovery/kinds.ts';
import { current } from '../../core/recovery/lifecycle.ts';
import { type InspectionReport, reportSchema } from '../../core/recovery/report.ts';
import { type Run, runSchema } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import { opensBox, parseBoxSecret } from '../../hart/box.ts';
import { parsePublicKey } from '../../hart/keys.ts';
import { packed, readLines } from '../artifacts/inventory.ts';
import { envelopeSchema } from '../keys/envelope.ts';
import { encodeFit, parseDocument, readDocument } from '../vault/documents.ts';

type BuilderKey = InspectionReport['builderKeys'][number];

/** The run and the login of its restored instance. The password is read here, and nowhere written. */
async function subject(ports: InspectionPorts, policy: Policy, request: InspectionRequest) {
  const found = await readDocument(ports.vault, request.run, runSchema);
  if (!found) throw new DrError('RUN_UNKNOWN', `no run ${request.run}`, { hint: 'Look at the drills and failovers.' });
  const { available, password } = current(found.value);
  if (!available || !password) {
    throw new DrError('INVALID_STATE', `${request.run} has no instance that can be looked into yet`);
  }
  const login: DatabaseLogin = {
    host: available.host,
    port: available.port,
    user: available.masterUser,
    password: await ports.secrets.resolve(`secretsmanager:${password.secret}`),
    database: policy.builder.databaseName,
  };
  return { run: found.value, login };
}

async function publishSigner(ports: InspectionPorts, name: string, body: string): Promise<'known' | 'conflict'> {
  const key = vaultKeys.publicKey(`${name}.pub`);
  const found = await ports.vault.get(key);
  if (found) return found.body.trim() === body.trim() ? 'known' : 'conflict';
  try {
    await ports.vault.put(key, body, undefined);
  } catch (error) {
    if (!hasCode(error, 'CONFLICT')) throw error; // another run published it
  }
  return 'known';
}

/** The escrowed secret of a revision; another one for an alarm test, which must be noticed. */
async function escrowedSecret(ports: InspectionPorts, revision: string, wrong: boolean) {
  const key = vaultKeys.escrowed(`bldr-${revision}.box.key`);
  const found = await ports.vault.get(key);
  if (!found) return undefined;
  const envelope: Envelope = parseDocument(key, found.body, envelopeSchema);
  const parsed = parseBoxSecret(Buffer.from(await ports.escrow.open(envelope)).toString('utf8'));
  if (!parsed) return { problem: 'the escrowed file is no BOX-SEC-1 key' };
  return { secret: wrong ? parsed.secret.map((byte) => byte ^ 0xff) : parsed.secret };
}

async function tryKey(
  ports: InspectionPorts,
  revision: string,
  groups: SealedRows[],
  wrong: boolean,
): Promise<BuilderKey> {
  const rows = Object.fromEntries(groups.map((each) => [each.table, each.rows]));
  const samples = groups.flatMap((each) => each.samples);
  const none = { revision, rows, escrowed: false, tried: 0, opened: 0 };
  try {
    const key = await escrowedSecret(ports, revision, wrong);
    if (!key) return { ...none, detail: 'not in escrow' };
    if ('problem' in key) return { ...none, escrowed: true, detail: key.problem };
    const opened = samples.filter((each) => opensBox(each, key.secret)).length;
    const detail = `opened ${opened} of ${samples.length} rows that were tried`;
    return { ...none, escrowed: true, tried: samples.length, opened, detail };
  } catch (error) {
    // Whether it opens anything nobody knows: the inspection is done again.
    if (hasCode(error, 'THROTTLED', 'SITE_UNREACHABLE', 'REMOTE_FAILED')) throw error;
    const sealed = hasCode(error, 'KMS_UNUSABLE', 'ACCESS_DENIED') ? ({ sealed: true } as const) : {};
    return { ...none, escrowed: true, ...sealed, detail: describeError(error) };
  }
}

async function tryKeys(ports: InspectionPorts, sealed: SealedRows[], wrong: boolean): Promise<BuilderKey[]> {
  const found: BuilderKey[] = [];
  for (const revision of [...new Set(sealed.map((each) => each.revision))].sort()) {
    const groups = sealed.filter((each) => each.revision === revision);
    found.push(await tryKey(ports, revision, groups, wrong));
  }
  return found;
}

async function smokeCheck(name: string, work: () => Promise<string>): Promise<InspectionReport['smoke'][number]> {
  try {
    return { name, ok: true, detail: await work() };
  } catch (error) {
    return { name, ok: false, detail: describeError(error) };
  }
}

/** Logs in and reads, puts and deletes as Builder does; one failing smokeCheck hides no other. */
async function smoke(
  ports: InspectionPorts,
  policy: Policy,
  run: Run,
  master: DatabaseLogin,
  package_: string | undefined,
) {
  const { builder, secrets } = ports;
  const { databaseRole, databasePassword, s3KeyId, s3SecretKey, url } = policy.builder;
  const checks = [
    await smokeCheck('database', async () => {
      if (databaseRole === master.user) return builder.login(master);
      if (!databasePassword) throw new DrError('SECRET_UNREADABLE', 'builder.databasePassword is not configured');
      return builder.login({ ...master, user: databaseRole, password: await secrets.resolve(databasePassword) });
    }),
    await smokeCheck('bucket', async () => {
      if (!s3KeyId || !s3SecretKey) throw new DrError('SECRET_UNREADABLE', 'builder.s3KeyId is not configured');
      const credentials = { keyId: await secrets.resolve(s3KeyId), secretKey: await secrets.resolve(s3SecretKey) };
      return builder.canary(credentials, canaryKey(run.id), `canary of ${run.kind} ${run.id}\n`);
    }),
  ];
  if (url && run.state === 'smoke-testing' && package_) {
    checks.push(await smokeCheck('builder-api', () => builder.ask(url, package_)));
  }
  return checks;
}

async function inspect(ports: InspectionPorts, policy: Policy, run: Run, login: DatabaseLogin) {
  const inventory = vaultKeys.packageInventory(lookName(run));
  const facts = await ports.inspector.read(login, policy.builder.databaseRole, async (lines) => {
    if ((await ports.vault.putStream(inventory, packed(lines))) === 'written') return;
    for await (const _read of lines); // written by a run that died; the connection must be read to its end
  });
  const signers = facts.publicKeys.filter(({ body }) => 'named' in parsePublicKey(body));
  const conflictingSigners: string[] = [];
  for (const { name, body } of signers) {
    if ((await publishSigner(ports, name, body)) === 'conflict') conflictingSigners.push(name);
  }
  return {
    serverVersion: facts.serverVersion,
    extensions: facts.extensions,
    tables: facts.tables,
    roles: facts.roles,
    signers: signers.map((each) => each.name),
    conflictingSigners,
    builderKeys: await tryKeys(ports, facts.sealed, run.kind === 'alarm-test'),
    ...(facts.ledger ? { ledger: facts.ledger } : {}),
    ...(facts.nextId ? { nextId: facts.nextId } : {}),
    ...(facts.packages === undefined ? {} : { packages: { key: inventory, count: facts.packages } }),
  };
}

const nothing = { extensions: [], tables: [], signers: [], conflictingSigners: [], builderKeys: [], smoke: [] };

/**
 * Looks into a restored database from inside its network and writes one report into the vault, once: a second run
 * keeps the first report. What cannot be read is in the report as the engine's own error.
 */
export async function inspectDatabase(
  ports: InspectionPorts,
  policy: Policy,
  request: InspectionRequest,
): Promise<InspectionReport> {
  const { run, login } = await subject(ports, policy, request);
  const head = {
    schema: 'inspection/1' as const,
    run: request.run,
    instance: current(run).instance,
    at: ports.clock().toISOString(),
  };
  let report: InspectionReport;
  try {
    const found = request.what === 'inspect' ? await inspect(ports, policy, run, login) : nothing;
    const point = await readDocument(ports.vault, vaultKeys.point(current(run).point), pointSchema);
    const artifact = await firstArtifact(ports, point?.value.artifacts);
    report = { ...head, ...found, smoke: await smoke(ports, policy, run, login, artifact) };
  } catch (error) {
    report = { ...head, ...nothing, error: describeError(error) };
    ports.log.warn('the inspection failed', { run: request.run, error: report.error });
  }
  try {
    await ports.vault.put(request.report, encodeFit(request.report, report, reportSchema), undefined);
  } catch (error) {
    if (!hasCode(error, 'CONFLICT')) throw error; // reported already
  }
  return report;
}

const artifactLine = z.looseObject({ key: z.string() });

async function firstArtifact(ports: InspectionPorts, artifacts: { state: string; key?: string } | undefined) {
  if (artifacts?.key === undefined) return undefined;
  try {
    for await (const batch of readLines(ports.vault, artifacts.key)) return artifactLine.parse(batch[0]).key;
  } catch (error) {
    // Without the list Builder is asked for no package: that its database answers says more.
    if (!hasCode(error, 'VAULT_UNREADABLE', 'NOT_FOUND')) throw error;
    ports.log.warn('no artifact to ask Builder for', { error: error.message });
  }
  return undefined;
}
