import { expect, it } from 'vitest';
import { vaultKeys } from '../../../src/core/vault-layout.ts';
import { noteUncopied, uncopiedSince } from '../../../src/jobs/artifacts/uncopied.ts';
import { TestClock } from '../../setup/policy.ts';
import { memoryPorts } from '../../world/ports.ts';

it('a note that cannot be read is named, and hides neither the good lines beside it nor other notes', async () => {
  const clock = new TestClock();
  const ports = memoryPorts(clock.read);
  await noteUncopied(ports, ['core/a.hart']);
  const good = JSON.stringify({ key: 'core/b.hart', at: clock.read().toISOString(), there: false });
  const broken = vaultKeys.uncopiedLog(clock.read(), 'broken');
  await ports.vault.put(broken, `{"key": "core/c\n${good}\n{"other": 1}\n`, undefined);
  const said: unknown[] = [];
  const log = { ...ports.log, warn: (_message: string, more?: unknown) => void said.push(more) };
  const found = await uncopiedSince({ ...ports, log }, clock.read().toISOString());
  expect([...found].sort()).toEqual(['core/a.hart', 'core/b.hart']);
  expect(said).toEqual([{ key: broken, error: expect.stringContaining(broken) }]);
});
