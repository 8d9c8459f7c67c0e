import type { VerificationRecord } from '../../core/artifacts/documents.ts';
import { isDamaged } from '../../core/artifacts/verification.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { ArtifactStore, ObjectEntry } from '../../core/ports/artifacts.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, hasCode } from '../../errors.ts';
import type { KeyRing } from '../../hart/keys.ts';
import { HartVerifier } from '../../hart/verify.ts';
import { readKeyRing } from '../keys/key-ring.ts';
import { replicate } from './replicate.ts';

type VerifyPorts = Pick<Ports, 'clock' | 'hashEngine' | 'log' | 'newId' | 'primaryArtifacts' | 'replica' | 'vault'>;

/** A primary whose object nobody can read as it is offers nothing to repair with. */
function nothingOffered(error: unknown): undefined {
  if (!hasCode(error, 'UNCOPYABLE')) throw error;
}

/** Copies artifacts and verifies what then lies in the replica, with the public keys of the vault. One log entry a batch. */
export class ArtifactBatch {
  readonly #ports: VerifyPorts;
  readonly #ring: KeyRing;
  readonly #records: VerificationRecord[] = [];

  private constructor(ports: VerifyPorts, ring: KeyRing) {
    this.#ports = ports;
    this.#ring = ring;
  }

  static async begin(ports: VerifyPorts): Promise<ArtifactBatch> {
    return new ArtifactBatch(ports, await readKeyRing(ports));
  }

  /**
   * Copies one artifact, verifies it at rest, and repairs it from the primary when its bytes are wrong, or are not
   * those of `expected` (BLAKE2b-256 of the whole file) where that is known.
   */
  async handle(key: string, expected?: string): Promise<void> {
    const { replica } = this.#ports;
    const incomplete = await this.#copy(key);
    if (incomplete === 'gone') return;
    const entry = await replica.head(key);
    if (!entry) throw new DrError('COPY_INCOMPLETE', `${key} left the replica while it was verified`);
    let record = await this.#verify(replica, entry);
    const bad = record;
    const wrong = (each: VerificationRecord) =>
      isDamaged(each) || (expected !== undefined && each.fileBlake2b !== expected);
    if (wrong(record)) record = (await this.#repair(record, wrong).catch(nothingOffered)) ?? record;
    this.#records.push(record);
    if (incomplete && record === bad) throw incomplete;
    if (record.verdict !== 'OK') {
      this.#ports.log.warn('artifact is not verified', { key, verdict: record.verdict, detail: record.detail });
    }
  }

  /** What the replica holds already may have the wrong size: then its bytes decide, and the error is thrown unless they are repaired. */
  async #copy(key: string): Promise<'gone' | DrError | undefined> {
    try {
      return (await replicate(this.#ports, key)) === 'gone' ? 'gone' : undefined;
    } catch (error) {
      if (hasCode(error, 'COPY_INCOMPLETE')) return error;
      throw error;
    }
  }

  async #verify(store: ArtifactStore, entry: ObjectEntry): Promise<VerificationRecord> {
    const verifier = new HartVerifier(this.#ring, await this.#ports.hashEngine());
    for await (const chunk of await store.open(entry.key, entry.etag)) verifier.update(chunk);
    const { key, size, etag, versionId = null } = entry;
    const at = this.#ports.clock().toISOString();
    return { schema: 'verified/1', key, versionId, etag, size, at, ...verifier.finish() };
  }

  /** The one overwrite, and only by bytes that were read and found right. */
  async #repair(
    bad: VerificationRecord,
    wrong: (each: VerificationRecord) => boolean,
  ): Promise<VerificationRecord | undefined> {
    const { primaryArtifacts, replica, log } = this.#ports;
    const source = await primaryArtifacts.head(bad.key);
    const offered = source && (await this.#verify(primaryArtifacts, source));
    if (!source || !offered || offered.verdict !== 'OK' || wrong(offered)) return undefined;
    await replica.replaceFrom({ bucket: primaryArtifacts.bucket, entry: source }, bad.etag);
    log.warn('artifact repaired from the primary', { key: bad.key, was: bad.verdict, badVersion: bad.versionId });
    const now = await replica.head(bad.key);
    return now && this.#verify(replica, now);
  }

  /** Writes what was found, once. A batch that dies before it is handled again, and found again. */
  async end(): Promise<void> {
    if (this.#records.length === 0) return;
    const lines = this.#records.map((record) => `${JSON.stringify(record)}\n`).join('');
    await this.#ports.vault.put(vaultKeys.verificationLog(this.#ports.clock(), this.#ports.newId()), lines, undefined);
  }
}
