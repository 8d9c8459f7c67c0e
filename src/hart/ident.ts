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
