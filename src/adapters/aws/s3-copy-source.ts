import type { CopySource } from '../../core/ports/artifacts.ts';

/** What the target must be like: nothing there yet, or the object with this ETag. */
export type Condition = { IfNoneMatch: '*' } | { IfMatch: string };

/** The header that names what is copied. */
export function copySource({ bucket, entry, ofVersion }: CopySource): string {
  const path = `${bucket}/${entry.key.split('/').map(encodeURIComponent).join('/')}`;
  return ofVersion === undefined ? path : `${path}?versionId=${encodeURIComponent(ofVersion)}`;
}
