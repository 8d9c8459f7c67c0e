/** One package as Builder names it: four parts and a target. */
export type PackageIdent = {
  origin: string;
  name: string;
  version: string;
  release: string;
  target: string;
};

/** The file name that `hab` gives a package. */
export function hartFileName(ident: PackageIdent): string {
  return `${ident.origin}-${ident.name}-${ident.version}-${ident.release}-${ident.target}.hart`;
}

/**
 * The object key under which Builder stores a package: the ident, the target split
 * on its dashes, the file name. A pure function of the database row (builder-api, s3.rs).
 */
export function objectKeyOf(ident: PackageIdent): string {
  const { origin, name, version, release, target } = ident;
  return [origin, name, version, release, ...target.split('-'), hartFileName(ident)].join('/');
}

/** Reads a key back into ident and target; undefined when Builder cannot have written it. */
export function parseObjectKey(key: string): PackageIdent | undefined {
  const parts = key.split('/');
  const [origin, name, version, release, ...rest] = parts;
  if (!origin || !name || !version || !release || rest.length < 3) return undefined;
  const ident = { origin, name, version, release, target: rest.slice(0, -1).join('-') };
  return objectKeyOf(ident) === key ? ident : undefined;
}
