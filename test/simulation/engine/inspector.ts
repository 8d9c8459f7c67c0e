import type { BuilderAccess, DatabaseFacts, Inspector } from '../../../src/core/ports/recovery.ts';
import { DrError } from '../../../src/errors.ts';
import { bldr, sealedRow, signer } from './pool.ts';
import type { SimWorld } from './world.ts';

const tables = ['accounts', 'origins', 'origin_packages'];

/** A look into a restored database, as PostgreSQL would show it. */
export function inspectorOf(world: SimWorld, instanceOf: () => string): Inspector {
  return {
    async read(_login, _role, packages) {
      const rows = world.builder.restored.get(instanceOf());
      if (!rows) throw new DrError('REMOTE_FAILED', 'the database does not answer');
      const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
      const lines = sorted.map(([key, checksum]) => `${JSON.stringify({ key, checksum })}\n`);
      await packages(
        (async function* () {
          yield Buffer.from(lines.join(''));
        })(),
      );
      return factsOf(rows.size);
    },
  };
}

function factsOf(packages: number): DatabaseFacts {
  return {
    serverVersion: '17.10',
    ledger: { count: 3, newest: '20250601111111' },
    extensions: ['intarray', 'plpgsql'],
    tables: tables.map((name) => ({ name, owner: 'hab', rows: name === 'origin_packages' ? packages : 9 })),
    nextId: { owner: 'hab' },
    packages,
    roles: [{ name: 'hab', iam: false }],
    publicKeys: [{ name: signer.name, body: signer.publicText }],
    sealed: [{ revision: bldr.revision, table: 'origin_secrets', rows: 1, samples: [sealedRow] }],
  };
}

export const builderAccess: BuilderAccess = {
  login: async () => 'logged in',
  canary: async () => 'put, read and deleted',
  ask: async () => 'answered',
};
