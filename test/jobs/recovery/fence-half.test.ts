import { expect, it } from 'vitest';
import { DrError } from '../../../src/errors.ts';
import { beginPass } from '../../../src/jobs/pass.ts';
import { acting } from '../../../src/jobs/recovery/fence-half.ts';
import { protectedWorld } from '../../setup/memory-recovery.ts';
import { testPolicy } from '../../setup/policy.ts';

it('a change of the primary that is refused says why, also where nobody can look afterwards what is wanted', async () => {
  const pass = await beginPass((await protectedWorld(0)).ports, testPolicy);
  let looks = 0;
  const wanted = async () => {
    looks += 1;
    if (looks > 1) throw new DrError('SITE_UNREACHABLE', 'the vault is silent', { subject: 'direction.json' });
    return true;
  };
  const refused = async () => {
    throw new DrError('ACCESS_DENIED', 'the policy was refused', { subject: 'bucket' });
  };
  await expect(acting(pass, wanted, refused)).rejects.toMatchObject({ code: 'ACCESS_DENIED' });
  expect([looks, pass.overtaken]).toEqual([2, true]);
});
