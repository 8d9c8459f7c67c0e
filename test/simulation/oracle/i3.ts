import { type Check, none, type Scene } from './check.ts';
import { checksumReference, nameReference, rowReference } from './references.ts';

/**
 * I3: never delete, or overwrite without keeping, an artifact that an unexpired point refers to by key and checksum. Nor
 * does one go from the replica that an unexpired point's database or list only names.
 */
export const i3: Check = {
  object: (scene, { by, bucket, key, before }) => {
    if (by === 'world' || bucket !== 'replica' || !before) return none;
    const id = rowReference(scene, key, before.blake2b);
    if (id === undefined || isKept(scene, key, before.blake2b)) return none;
    return violation(scene, by, key, 'overwrites it', `point ${id} wants its old bytes, and they are kept nowhere`);
  },
  'object-deleted': (scene, { by, bucket, key, before }) => {
    if (by === 'world' || bucket === 'primary') return none;
    if (bucket === 'displaced') return displacedGone(scene, by, key);
    const id = rowReference(scene, key, before.blake2b) ?? nameReference(scene, key);
    return id === undefined ? none : violation(scene, by, key, 'deletes it', `point ${id} refers to it`);
  },
  'version-gone': (scene, { by, bucket, key, bytes }) => {
    if (by === 'world' || bucket !== 'replica') return none;
    const id = rowReference(scene, key, bytes.blake2b);
    if (id === undefined || isKept(scene, key, bytes.blake2b)) return none;
    return violation(scene, by, key, 'lets a version of it go for ever', `point ${id} wants these bytes`);
  },
};

const violation = ({ truth }: Scene, by: number, key: string, does: string, so: string) => [
  { invariant: 'I3', subject: key, said: `run ${by} (${truth.run(by).job}) ${does}`, so },
];

const isKept = ({ truth }: Scene, key: string, blake2b: string): boolean =>
  truth.buckets.displaced.current(`displaced/${blake2b}`)?.blake2b === blake2b ||
  truth.buckets.replica.kept(key).some((each) => each.blake2b === blake2b);

function displacedGone(scene: Scene, by: number, key: string) {
  const blake2b = key.slice('displaced/'.length);
  const wanted = checksumReference(scene, blake2b);
  if (!wanted || scene.truth.buckets.replica.current(wanted.key)?.blake2b === blake2b) return none;
  return violation(scene, by, key, 'deletes it', `point ${wanted.id} wants these bytes for ${wanted.key}`);
}
