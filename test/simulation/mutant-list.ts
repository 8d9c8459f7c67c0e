/** A defect, planted as a change of the source's text. */
export type Mutant = {
  name: string;
  changes: { file: string; find: string; put: string }[];
  /** A seed that shows it. */
  seed?: number;
};

const one = (name: string, file: string, find: string, put: string, seed?: number): Mutant => ({
  name,
  changes: [{ file, find, put }],
  ...(seed === undefined ? {} : { seed }),
});

const documents = 'src/jobs/vault/documents.ts';
const cutOver = 'src/jobs/recovery/cut-over.ts';
const observations = 'src/core/recovery/observations.ts';
const fence = 'src/core/recovery/fence.ts';
const fenceDatabase = 'src/jobs/recovery/fence-database.ts';
const fenceHalf = 'src/jobs/recovery/fence-half.ts';
const fenceOwner = 'src/jobs/recovery/fence-owner.ts';
const failover = 'src/jobs/recovery/failover.ts';
const failback = 'src/jobs/recovery/failback.ts';
const retention = 'src/core/points/retention.ts';
const point = 'src/core/points/point.ts';
const advancePoints = 'src/jobs/points/advance-points.ts';
const assess = 'src/core/readiness/assess.ts';
const removal = 'src/jobs/artifacts/removal-plan.ts';
const verify = 'src/jobs/artifacts/verify.ts';

export const mutants: Mutant[] = [
  one(
    'a swap without the ETag that was read',
    documents,
    'await vault.put(key, body, read?.etag);',
    'await vault.put(key, body, (await vault.get(key))?.etag);',
  ),
  one(
    'a document that cannot be read is written anew',
    documents,
    'const read = await readDocument(vault, key, schema);\n    const after',
    'const read = await readDocument(vault, key, schema).catch(async () => ({ value: undefined as never, etag: (await vault.get(key))?.etag ?? "" }));\n    const after',
  ),
  one(
    'a cut-over turns whatever direction stands',
    cutOver,
    "if (now && now.direction !== 'primary→dr') {",
    'if (!now && run.id === "") {',
  ),
  one(
    'a failover cuts over unfenced, and nobody has accepted it',
    observations,
    "if (sure || (run.kind === 'failover' && run.acceptUnfenced)) {",
    "if (sure || run.kind === 'failover') {",
  ),
  one(
    'half a fence is a fence: the database',
    fence,
    'return fence?.database.confirmedAt !== undefined && fence.bucket.confirmedAt !== undefined;',
    'return fence?.database.confirmedAt !== undefined;',
  ),
  one(
    'half a fence is a fence: the bucket',
    fence,
    'return fence?.database.confirmedAt !== undefined && fence.bucket.confirmedAt !== undefined;',
    'return fence?.bucket.confirmedAt !== undefined;',
  ),
  one(
    'a fence without the reboot that ends connections',
    fenceDatabase,
    'if (!rebootAskedAt) return reboot(pass, current, state);\n',
    '',
  ),
  {
    name: 'an abort after the cut-over',
    changes: [
      { file: failover, find: 'if (!isCutOver(run)) return;', put: 'if (run.id !== "") return;' },
      {
        file: failover,
        find: 'isOver(now) || isCutOver(now) ? now : abort(',
        put: "now.state === 'aborted' ? now : abort(",
      },
    ],
  },
  one(
    'unfencing what is in force',
    failover,
    "if (isMoving(run) || run.state === 'blocked' || (direction !== 'primary→dr' && failover === run.id)) {",
    'if (isMoving(run) && failover === direction) {',
  ),
  {
    name: 'a fence by an old view of who is in hand',
    changes: [
      {
        file: fenceHalf,
        find: "if (standing !== 'in-force') return standing !== 'overtaken';",
        put: "if (standing !== 'in-force') return true;",
      },
      {
        file: fenceHalf,
        find: 'if (!(await looking(isWanted))) pass.overtaken = true;',
        put: '',
      },
    ],
  },
  one(
    'a fence that nobody wants any more is left by the passes',
    fenceOwner,
    'return direction.schema !== undefined || pass.runs.some(isProduction) ? settleFence(pass) : undefined;',
    'return undefined;',
  ),
  one(
    'a failback turns the direction without evidence',
    failback,
    "const to = handedOver ? 'primary→dr' : protecting ? 'dr→primary' : undefined;",
    "const to = handedOver || !protecting ? 'primary→dr' : 'dr→primary';",
  ),
  one(
    'prune takes the last proven point',
    retention,
    "  keep(\n    restorable.find((each) => each.state === 'proven'),\n    'the newest proven point',\n  );\n",
    '',
  ),
  one(
    'prune goes on while a point is suspect',
    retention,
    "points.filter((each) => each.state === 'suspect')) {",
    "points.filter((each) => each.state === 'suspect' && each.id === '')) {",
  ),
  one(
    'prune counts points that a failover could not take',
    retention,
    'const restorable = listed.filter((each) => copies.has(snapshotName(each.id)));',
    'const restorable = listed.slice(0, copies.size < 0 ? 0 : listed.length);',
  ),
  one(
    'a point is protected before its copy is there',
    point,
    "point.database.state === 'copied' && point.artifacts.state",
    "point.database.state !== 'capturing' && point.artifacts.state",
  ),
  one(
    'a point is protected before its artifacts are there',
    point,
    "point.artifacts.state === 'complete' && point.keys",
    "point.artifacts.state !== 'pending' && point.keys",
  ),
  {
    name: 'artifacts are listed before the snapshot is available',
    changes: [
      {
        file: advancePoints,
        find: "point.artifacts.state !== 'pending' || point.database.state === 'capturing' || !isInFlight(point)) return point;\n  const inventory",
        put: "point.artifacts.state !== 'pending' || !isInFlight(point)) return point;\n  const inventory",
      },
      {
        file: point,
        find: "if (point.artifacts.state !== 'pending' || point.database.state === 'capturing' || !isInFlight(point)) return point;\n  const listed",
        put: "if (point.artifacts.state !== 'pending' || !isInFlight(point)) return point;\n  const listed",
      },
    ],
  },
  one(
    'whatever is missing was deleted in the window',
    advancePoints,
    'if (etag === undefined) gone.push(entry.key);',
    'if (etag !== "") gone.push(entry.key);',
  ),
  one(
    'recoverable although the copy is gone',
    assess,
    'available.has(snapshotName(point.id))',
    'available.size >= 0 && point.id !== ""',
  ),
  one('recoverable although the key is off', assess, "  'DR_KMS_UNUSABLE',\n", ''),
  one('recoverable although artifacts are missing', assess, "  'ARTIFACT_MISSING',\n", ''),
  one('recoverable although artifacts have wrong bytes', assess, "  'ARTIFACT_CORRUPT',\n", ''),
  one(
    'deletes are not withheld for the windows of points',
    removal,
    'const held = noted || windowHolding(mark, windows) !== undefined;',
    'const held = noted && windowHolding(mark, windows) !== undefined;',
  ),
  one('deletes are not withheld for what lists name', removal, "  hide: 'keep',", "  hide: 'hide',"),
  one(
    'a heal from the wrong side',
    'src/core/artifacts/other-bytes.ts',
    'offered.fileBlake2b !== held.fileBlake2b && isFit(offered, expected);',
    'offered.fileBlake2b !== held.fileBlake2b;',
  ),
  one(
    'displaced bytes are not kept',
    verify,
    'if (!isDamaged(held) || !keepsVersions(held)) {',
    'if (!keepsVersions(held)) {',
  ),
  one(
    'every asking makes a point of its own',
    'src/core/points/request.ts',
    'const from = scheduled ? slotStart(at, policy.captureIntervalMinutes) :',
    'const from = scheduled && policy.captureIntervalMinutes < 0 ? at :',
  ),
  one(
    'a record holds whatever lies there now',
    'src/core/artifacts/verification.ts',
    'return record.etag === entry.etag && record.size === entry.size;',
    'return record.size === entry.size || record.etag !== "";',
  ),
  {
    name: 'a password in the record',
    changes: [
      {
        file: 'src/jobs/recovery/restore.ts',
        find: 'await ports.instances.setPassword(instance, await ports.secrets.ensure(secret));',
        put: 'await ports.instances.setPassword(instance, await ports.secrets.ensure(secret));\n    const password = await ports.secrets.ensure(secret);\n    return updateAttempt(ports, run, (now) => passwordSet(now, password, ports.clock()));',
      },
    ],
  },
];
