import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import xz from 'xz-decompress';
import { hartFileName, type PackageIdent } from './ident.ts';
import type { HartReport, Verdict } from './verdict.ts';

/** Beyond this size an archive may not be more than a thousand times its packed size: real ones are ten times at most. */
const BOMB_FLOOR_BYTES = 64 << 20;
const BOMB_RATIO = 1_000;
/** An ident or a target is a line; no more of such a file is kept. */
const METAFILE_BYTES = 4_096;
const metafile = /^\/?(?:opt\/)?hab\/pkgs\/[^/]+\/[^/]+\/[^/]+\/[^/]+\/(IDENT|TARGET)$/;
const identLine = /^([a-z0-9][a-z0-9_-]*)\/([A-Za-z0-9_-]+)\/([^/]+)\/([^/]+)$/;

type ArchiveFinding = { verdict: Verdict; detail: string };

class ArchiveError extends Error {}

/** Unpacks the xz stream as it comes; refuses what expands beyond all reason. */
async function* unpacked(payload: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let packed = 0;
  let bytes = 0;
  async function* counted() {
    for await (const chunk of payload) {
      packed += chunk.length;
      // The library keeps what it is given; the reader's buffer is used again.
      yield Uint8Array.from(chunk);
    }
  }
  const stream = new xz.XzReadableStream(ReadableStream.from(counted()) as ReadableStream<Uint8Array>);
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > BOMB_FLOOR_BYTES && bytes > packed * BOMB_RATIO) {
      throw new ArchiveError(`it expands to more than ${BOMB_RATIO} times its size`);
    }
    // The library's chunk is a view of its own memory.
    yield Buffer.from(chunk);
  }
}

type Entry = AsyncIterable<unknown> & { header: { name: string } };

async function textOf(entry: Entry): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of entry) {
    length += (chunk as Buffer).length;
    if (length > METAFILE_BYTES) throw new ArchiveError(`${entry.header.name} has more than ${METAFILE_BYTES} bytes`);
    parts.push(chunk as Buffer);
  }
  return Buffer.concat(parts).toString('utf8').trim();
}

async function metafiles(payload: AsyncIterable<Uint8Array>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const tar = extract();
  const flow = pipeline(Readable.from(unpacked(payload)), tar);
  // Whatever breaks the flow breaks the walk below with the same error.
  flow.catch(() => undefined);
  for await (const entry of tar) {
    const name = metafile.exec(entry.header.name)?.[1];
    if (name && !found.has(name)) found.set(name, await textOf(entry));
    else entry.resume();
  }
  await flow;
  return found;
}

/** Reads ident and target out of a package's payload, in bounded memory and without unpacking to disk. */
export async function readArchive(payload: AsyncIterable<Uint8Array>): Promise<PackageIdent | ArchiveFinding> {
  const corrupt = (detail: string): ArchiveFinding => ({ verdict: 'ARCHIVE_CORRUPT', detail });
  let found: Map<string, string>;
  try {
    found = await metafiles(payload);
  } catch (error) {
    return corrupt(error instanceof ArchiveError ? error.message : `cannot be unpacked: ${(error as Error).message}`);
  }
  const target = found.get('TARGET');
  const [, origin, name, version, release] = identLine.exec(found.get('IDENT') ?? '') ?? [];
  if (!origin || !name || !version || !release) return corrupt('there is no IDENT in it that names a package');
  if (!target) return corrupt('there is no TARGET in it');
  return { origin, name, version, release, target };
}

/** A file name with a release and a target at its end, as hab gives it; other names say nothing about their package. */
const standardName = /-\d{14}-[a-z0-9_]+(?:-[a-z0-9]+)+\.hart$/;

/** Holds what is inside against the name a package has outside; undefined when they agree or the name says nothing. */
function compareWithName(inside: PackageIdent, fileName: string): ArchiveFinding | undefined {
  const expected = hartFileName(inside);
  if (fileName === expected || !standardName.test(fileName)) return undefined;
  const ident = expected.slice(0, -`${inside.target}.hart`.length);
  const detail = `inside it is ${expected}`;
  return { verdict: fileName.startsWith(ident) ? 'TARGET_MISMATCH' : 'IDENT_MISMATCH', detail };
}

const HEADER_LINES = 5;

/** The bytes of a package after its header. */
async function* payloadOf(hart: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let lines = 0;
  for await (const chunk of hart) {
    let at = 0;
    while (lines < HEADER_LINES && at < chunk.length) {
      const found = chunk.indexOf(10, at);
      at = found === -1 ? chunk.length : found + 1;
      if (found !== -1) lines += 1;
    }
    if (at < chunk.length) yield chunk.subarray(at);
  }
}

/** Adds what the archive inside says, for a package whose own proof found nothing wrong or could not be made. */
export async function withArchive(
  report: HartReport,
  fileName: string,
  open: () => Promise<AsyncIterable<Uint8Array>>,
): Promise<HartReport> {
  if (report.verdict !== 'OK' && report.verdict !== 'UNKNOWN_KEY') return report;
  const inside = await readArchive(payloadOf(await open()));
  const finding = 'verdict' in inside ? inside : compareWithName(inside, fileName);
  return finding ? { ...report, ...finding } : report;
}
