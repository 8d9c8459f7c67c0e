/** `postgres 17.10` as its name and its numbers: PostgreSQL's major version is the first of them. */
function partsOf(engine: string): { major: string; minor: string } {
  const [name = '', version = ''] = engine.split(' ');
  const [major = '', ...minor] = version.split('.');
  return { major: `${name} ${major}`, minor: minor.join('.') };
}

/** RDS restores the snapshot of a retired version into a newer one. */
export function engineChange(found: string, expected: string): 'none' | 'minor' | 'major' {
  if (found === expected) return 'none';
  return sameMajor(found, expected) ? 'minor' : 'major';
}

export const sameMajor = (one: string, other: string): boolean => partsOf(one).major === partsOf(other).major;
