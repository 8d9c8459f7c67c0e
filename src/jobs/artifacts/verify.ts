import type { SourceFacts, VerificationRecord } from '../../core/artifacts/documents.ts';
import { decideOnBytes, isFit, isWrong } from '../../core/artifacts/other-bytes.ts';
import type { Refusal } from '../../core/artifacts/quarantine.ts';
import { isDamaged, isOtherSource } from '../../core/artifacts/verification.ts';
import type { Ports } from '../../core/ports/all.ts';
import type { ArtifactStore, CopySource, ObjectEntry } from '../../core/ports/artifacts.ts';
import { vaultKeys } from '../../core/vault-layout.ts';
import { DrError, hasCode } from '../../errors.ts';
import type { KeyRing } from '../../hart/keys.ts';
import { HartVerifier } from '../../hart/verify.ts';
import { isDarkness } from '../darkness.ts';
import { readKeyRing } from '../keys/key-ring.ts';
import { copyProgress } from './copy-progress.ts';
import { keepBytes, keepsVersions } from './displaced.ts';
import { mayGiveWay } from './give-way.ts';
import { displacedHashes, type KeptBytes, keptBytesOf } from './kept-bytes.ts';
import { copyOffered, type Offer, refusalOf, sourceFacts } from './offer.ts';
import { copyEntry } from './replicate.ts';
import { logVerifications } from './verification-log.ts';

type VerifyPorts = Pick<
  Ports,
  'clock' | 'displaced' | 'hashEngine' | 'log' | 'newId' | 'primaryArtifacts' | 'replica' | 'vault'
>;

/**
 * How one artifact ended. `gone`: neither site has it. `unseen`: the primary did not show its bytes, and those that are here are not known to be others.
 * A refusal: it has bytes that nobody can copy, and the replica lacks them.
 */
export type Handled = 'settled' | 'gone' | 'unseen' | Refusal;

/** Bytes that the primary never had, as far as anybody knows: the next look at it decides anew. */
const NO_SOURCE: SourceFacts = { versionId: null, etag: '', size: 0, verdict: 'OK', fileBlake2b: null };

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
   * Copies one artifact and verifies it at rest. Other bytes at the primary take the place of what is here once they
   * verify, and what is here is kept; wrong bytes are healed from the primary, or from what the DR site still has.
   * `expected` (BLAKE2b-256 of the whole file): the bytes that are wanted, whatever is newer. What the primary has lost,
   * or does not say, or shows to nobody, is verified all the same.
   */
  async handle(key: string, expected?: string): Promise<Handled> {
    const offer = await copyOffered(this.#ports, key);
    const entry = await this.#ports.replica.head(key);
    if (!entry) return this.#lacking(key, offer);
    const held = await this.#verify(this.#ports.replica, entry);
    const { offered, record } = await this.#decide(held, offer, expected);
    const { source, refused, silence } = offer;
    // What was copied while it could still be read, and was archived since, is no concern.
    const refusal = refused && (!source || isOtherSource(source, entry, undefined)) && refusalOf(key, offer, refused);
    const undecided = refusal || offer.waits;
    this.#record(record, offered, undecided ? NO_SOURCE : offered && source && sourceFacts(source, offered));
    return refusal || (refused || silence ? 'unseen' : 'settled');
  }

  async #decide(held: VerificationRecord, offer: Offer, expected: string | undefined) {
    try {
      const offered = await this.#offered(offer, held, expected);
      return { offered, record: await this.#settle(held, offer, offered, expected) };
    } catch (error) {
      // It could not be mended: that it is wrong is known all the same.
      if (isDamaged(held)) this.#records.push(held);
      throw error;
    }
  }

  #lacking(key: string, { source, silence, refused }: Offer): Handled {
    if (silence) throw silence;
    if (refused) return refusalOf(key, { source }, refused);
    if (source) throw new DrError('COPY_INCOMPLETE', `${key} left the replica while it was verified`);
    return 'gone';
  }

  #record(record: VerificationRecord, offered: VerificationRecord | undefined, source: SourceFacts | undefined): void {
    this.#records.push(source ? { ...record, source } : record);
    if (record.verdict === 'OK' && (!offered || offered.fileBlake2b === record.fileBlake2b)) return;
    const atPrimary = offered?.verdict;
    this.#ports.log.warn('artifact is not verified', { key: record.key, verdict: record.verdict, atPrimary });
  }

  /** What the primary's bytes come to. They are read only where they may be others than those that are here. */
  async #offered(
    offer: Offer,
    held: VerificationRecord,
    expected: string | undefined,
  ): Promise<VerificationRecord | undefined> {
    const { source, copied, refused } = offer;
    if (!source || refused) return undefined;
    const same = copied || (source.etag === held.etag && source.size === held.size);
    if (same && !isWrong(held, expected)) return held;
    try {
      return await this.#verify(this.#ports.primaryArtifacts, source);
    } catch (error) {
      if (hasCode(error, 'UNCOPYABLE')) offer.refused = error;
      else if (isDarkness(error)) offer.silence = error;
      else throw error;
      return undefined;
    }
  }

  async #settle(
    held: VerificationRecord,
    offer: Offer,
    offered: VerificationRecord | undefined,
    expected: string | undefined,
  ): Promise<VerificationRecord> {
    const { primaryArtifacts, log } = this.#ports;
    const { source } = offer;
    const decision = decideOnBytes(held, offered, expected);
    // An older point may want what was there before it went wrong: that comes back first, and is kept as any other.
    const healed = decision !== 'keep' && isWrong(held, expected) ? await this.#heal(held, expected) : undefined;
    if (healed) return this.#settle(healed, offer, offered, expected);
    offer.waits = decision === 'replace' && !isWrong(held, expected) && !(await mayGiveWay(this.#ports));
    if (decision === 'replace' && source && !offer.waits) {
      const from = { bucket: primaryArtifacts.bucket, entry: source };
      const replaced = await this.#replace(held, from, source.lastModified);
      log.warn('artifact replaced from the primary', { key: held.key, was: held.verdict, old: held.fileBlake2b });
      return replaced;
    }
    // Nobody can prove these yet, or they wait, and a row may want them by their hash: they are kept beside those that stay.
    if (source && offered && offered.fileBlake2b !== held.fileBlake2b && !isDamaged(offered)) {
      const from = { bucket: primaryArtifacts.bucket, entry: source };
      await keepBytes(this.#ports, from, offered, source.lastModified);
    }
    return held;
  }

  /**
   * Brings bytes back from what the DR site keeps, of versions and of what was displaced: those of `expected`, or any
   * that prove themselves and that nothing displaced. Answers whether they are in their place now. Needs the DR site only.
   */
  async bringBack(key: string, expected: string | undefined): Promise<boolean> {
    const { replica } = this.#ports;
    const entry = await replica.head(key);
    const held = entry && (await this.#verify(replica, entry));
    if (held && isFit(held, expected)) return true;
    const healed = held ? await this.#heal(held, expected) : await this.#restore(key, expected);
    if (healed) this.#records.push({ ...healed, source: NO_SOURCE });
    return healed !== undefined;
  }

  /** Copies the newest of the primary's versions that has the wanted bytes, read before it is believed; any where nobody knows them. */
  async copyVersion(versions: readonly ObjectEntry[], expected: string | undefined): Promise<boolean> {
    const { bucket } = this.#ports.primaryArtifacts;
    for (const entry of versions) {
      const from = { bucket, entry, ofVersion: entry.versionId };
      const found = expected && (await this.#tried({ store: this.#ports.primaryArtifacts, from }));
      if (expected && !(found && isFit(found, expected))) continue;
      await copyEntry(this.#ports, entry, entry.versionId);
      return true;
    }
    return false;
  }

  /** Whether bytes with this hash were displaced and still are what they were: proved by reading them. */
  async isKept(expected: string): Promise<boolean> {
    const { displaced } = this.#ports;
    const entry = await displaced.head(vaultKeys.displacedBytes(expected));
    return entry !== undefined && isFit(await this.#verify(displaced, entry), expected);
  }

  async #verify(store: ArtifactStore, entry: ObjectEntry, ofVersion?: string): Promise<VerificationRecord> {
    const verifier = new HartVerifier(this.#ring, await this.#ports.hashEngine());
    for await (const chunk of await store.open(entry.key, entry.etag, ofVersion)) verifier.update(chunk);
    const { key, size, etag, versionId = null } = entry;
    const at = this.#ports.clock().toISOString();
    return { schema: 'verified/1', key, versionId, etag, size, at, ...verifier.finish() };
  }

  /** The first of what is kept that fits, read before it is believed. */
  async #find(key: string, held: VerificationRecord | undefined, expected: string | undefined) {
    const older = expected === undefined ? await displacedHashes(this.#ports, key) : new Set<string | null>();
    for await (const candidate of keptBytesOf(this.#ports, key, held, expected)) {
      const found = await this.#tried(candidate);
      if (found && isFit(found, expected) && !older.has(found.fileBlake2b)) return candidate;
    }
    return undefined;
  }

  /** What left since it was listed, or was archived, is no candidate. */
  async #tried({ store, from }: Pick<KeptBytes, 'store' | 'from'>): Promise<VerificationRecord | undefined> {
    try {
      return await this.#verify(store, from.entry, from.ofVersion);
    } catch (error) {
      if (hasCode(error, 'NOT_FOUND', 'CONFLICT', 'UNCOPYABLE')) return undefined;
      throw error;
    }
  }

  async #heal(bad: VerificationRecord, expected: string | undefined): Promise<VerificationRecord | undefined> {
    const found = await this.#find(bad.key, bad, expected);
    if (!found) return undefined;
    const healed = await this.#replace(bad, found.from);
    this.#ports.log.warn('artifact healed', { key: bad.key, was: bad.verdict, from: found.what });
    return healed;
  }

  async #restore(key: string, expected: string | undefined): Promise<VerificationRecord | undefined> {
    const found = await this.#find(key, undefined, expected);
    if (!found) return undefined;
    await this.#ports.replica.copyFrom(found.from, copyProgress(this.#ports, found.from));
    this.#ports.log.warn('artifact brought back', { key, from: found.what });
    return this.#arrived(key);
  }

  /**
   * The one overwrite, only by bytes that were read and found right, and only after what was there is kept (I3). Wrong
   * bytes stay as a version where the bucket keeps those: no row can want them by their hash.
   */
  async #replace(held: VerificationRecord, from: CopySource, until?: Date): Promise<VerificationRecord> {
    const { replica } = this.#ports;
    const { key, size, etag, versionId } = held;
    const entry = { key, size, etag, lastModified: new Date(held.at), ...(versionId ? { versionId } : {}) };
    if (!isDamaged(held) || !keepsVersions(held)) {
      await keepBytes(this.#ports, { bucket: replica.bucket, entry }, held, until);
    }
    await replica.replaceFrom(from, etag, copyProgress(this.#ports, from, 'replacement'));
    return this.#arrived(key);
  }

  async #arrived(key: string): Promise<VerificationRecord> {
    const now = await this.#ports.replica.head(key);
    if (now) return this.#verify(this.#ports.replica, now);
    throw new DrError('COPY_INCOMPLETE', `${key} left the replica while it was verified`, { subject: key });
  }

  /** Writes what was found, once. A batch that dies before it is handled again, and found again. */
  async end(): Promise<void> {
    await logVerifications(this.#ports, this.#records);
  }
}
