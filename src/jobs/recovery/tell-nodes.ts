import { builderSettings, type NewSite } from '../../core/recovery/builder-settings.ts';
import { stepsAgain } from '../../core/recovery/cut-over-steps.ts';
import { standingOf } from '../../core/recovery/direction.ts';
import type { StepOutcome } from '../../core/recovery/documents.ts';
import { current } from '../../core/recovery/lifecycle.ts';
import type { ProductionRun } from '../../core/recovery/run.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, describeError, hasCode } from '../../errors.ts';
import type { Pass } from '../pass.ts';
import { readDirectionAgain } from '../vault/direction.ts';
import { updateRun } from '../vault/runs.ts';

const SETTINGS = 'builder settings';
const DNS = 'dns';

/** A step whose failure is expected in a disaster, and has a manual way. */
async function optionalStep(name: string, manual: string, work: () => Promise<string>): Promise<StepOutcome> {
  try {
    return { name, ok: true, detail: await work() };
  } catch (error) {
    return { name, ok: false, detail: describeError(error), manual };
  }
}

function siteOf({ ports, policy }: Pass, run: ProductionRun): NewSite {
  const { available, password } = current(run);
  if (!available) throw new DrError('INVALID_STATE', `failover ${run.id} has no instance that nodes could be told of`);
  const master = available.masterUser === policy.builder.databaseRole;
  return {
    host: available.host,
    port: available.port,
    region: ports.site.drRegion,
    bucket: ports.replica.bucket,
    passwordIn:
      (master ? password && `secretsmanager:${password.secret}` : policy.builder.databasePassword) ?? 'as before',
  };
}

/** Tells Builder's nodes where DR is, in the ways that are configured. Each may fail: it has a manual way. */
export async function tellNodes(
  pass: Pass,
  run: ProductionRun,
  names: readonly string[] = [SETTINGS, DNS],
): Promise<StepOutcome[]> {
  const { ports, policy } = pass;
  const site = siteOf(pass, run);
  const steps: StepOutcome[] = [];
  if (names.includes(SETTINGS)) {
    const files = builderSettings(site, policy.builder);
    for (const [name, text] of Object.entries(files)) await keep(pass, vaultKeys.builderSettings(run.id, name), text);
    const manual = `take the files from the vault, ${vaultKeys.builderSettings(run.id, '')}`;
    steps.push(
      await optionalStep(SETTINGS, manual, async () => {
        await ports.cutOver.publishSettings(files);
        return Object.keys(files).join(', ');
      }),
    );
  }
  const { dns } = ports.cutOver;
  if (dns && names.includes(DNS)) {
    const manual = `change the record ${dns.name} to CNAME ${site.host} by hand, or use the host name in Builder's settings`;
    steps.push(
      await optionalStep(DNS, manual, async () => {
        await dns.point(site.host);
        return `${dns.name} -> ${site.host}`;
      }),
    );
  }
  return steps;
}

async function keep({ ports }: Pass, key: string, text: string): Promise<void> {
  try {
    await ports.vault.put(key, text, undefined);
  } catch (error) {
    if (!hasCode(error, 'CONFLICT')) throw error; // written before, with the same content
  }
}

/**
 * What nodes could not be told at the cut-over is told again by each pass of the smoke test, while this failover is in force:
 * a call that was throttled once is no work for hands.
 */
export async function tellNodesAgain(pass: Pass, run: ProductionRun): Promise<ProductionRun> {
  const left = (run.cutOver?.steps ?? []).filter(({ ok, name }) => !ok && (name === SETTINGS || name === DNS));
  if (left.length === 0) return run;
  if (standingOf(await readDirectionAgain(pass.ports.vault), run) !== 'in-force') return run;
  const outcomes = await tellNodes(
    pass,
    run,
    left.map(({ name }) => name),
  );
  return updateRun(pass.ports, run, (now) => stepsAgain(now, outcomes));
}
