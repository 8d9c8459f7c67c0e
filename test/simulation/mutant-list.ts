/** A defect, planted as a change of the source's text. */
export type Mutant = {
  name: string;
  changes: { file: string; find: string; put: string }[];
};

const one = (name: string, file: string, find: string, put: string): Mutant => ({
  name,
  changes: [{ file, find, put }],
});

const documents = 'src/jobs/vault/documents.ts';
const observations = 'src/core/recovery/observations.ts';
const fence = 'src/core/recovery/fence.ts';
const fenceDatabase = 'src/jobs/recovery/fence-database.ts';
const fenceHalf = 'src/jobs/recovery/fence-half.ts';
const fenceOwner = 'src/jobs/recovery/fence-owner.ts';
const callOff = 'src/jobs/recovery/call-off.ts';
const direction = 'src/core/recovery/direction.ts';
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
    'a cut-over turns whatever direction stands, whoever is in hand',
    direction,
    "if (!inHand || !stands || now.direction !== 'primary→dr') return now as Direction;\n  const change = { direction: 'none', epoch: inHand.epoch,",
    "if (stands && !inHand) return now as Direction;\n  const change = { direction: 'none', epoch: inHand?.epoch ?? now.epoch + 1,",
  ),
  one(
    'a cut-over by an earlier start of the same failover',
    direction,
    "standingOf(now, run) === 'in-hand' && inHand?.attempt === run.taken?.attempt;",
    "standingOf(now, run) === 'in-hand';",
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
    'if (!rebootAskedAt) return reboot(pass, run, state);',
    'if (!rebootAskedAt) return looked(pass, run, pass.ports.clock().toISOString(), state);',
  ),
  {
    name: 'an abort after the cut-over',
    changes: [
      { file: callOff, find: 'if (!inForce) return;', put: "if (!inForce || run.id !== '') return;" },
      {
        file: callOff,
        find: "standingOf(now, run) === 'in-force' ? undefined : lettingGo(now, run.id, ports.clock()),",
        put: 'lettingGo(now, run.id, ports.clock()),',
      },
      {
        file: callOff,
        find: 'isOver(now) || now.cutOver ? now : abort(',
        put: "now.state === 'aborted' ? now : abort(",
      },
    ],
  },
  {
    name: 'unfencing what is wanted',
    changes: [
      { file: callOff, find: 'const fence = begun ? undefined : await', put: 'const fence = await' },
      {
        file: 'src/jobs/recovery/fencing.ts',
        find: 'if (!isPrimaryServing(await readDirectionAgain(pass.ports.vault))) return undefined;',
        put: 'if (!byHand && !isPrimaryServing(await readDirectionAgain(pass.ports.vault))) return undefined;',
      },
      {
        file: fenceHalf,
        find: 'isPrimaryServing(await readDirectionAgain(vault));',
        put: '(await readDirectionAgain(vault)).epoch >= 0;',
      },
    ],
  },
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
    'src/jobs/points/ask-copies.ts',
    'if (etag === undefined) deleted.push(entry);',
    "if (etag !== '') deleted.push(entry);",
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
  one(
    'a copy that was there is believed until the point is protected',
    advancePoints,
    "const isAsked = state === 'copying' || state === 'copied';",
    "const isAsked = state === 'copying';",
  ),
  one(
    'the fence waits for the clock of who saw the bucket open',
    'src/core/recovery/fence-proof.ts',
    'return ms > 0 && ms <= LATE_MS;',
    'return ms > 0;',
  ),
  one(
    'what a clock that was ahead has asked is waited for',
    'src/core/ids.ts',
    'Math.abs(minutesBetween(since, now))',
    'minutesBetween(since, now)',
  ),
  one(
    'a missed capture is no finding',
    'src/core/readiness/protection-findings.ts',
    'if (began && (!scheduled ||',
    'if (began && interval < 0 && (!scheduled ||',
  ),
  one(
    'buckets that nobody compares are no finding',
    'src/core/readiness/protection-findings.ts',
    "return stale === undefined ? [] : [finding('REPLICATION_LAGGING', 'artifacts', stale)];",
    "return stale === undefined || stale !== '' ? [] : [finding('REPLICATION_LAGGING', 'artifacts', stale)];",
  ),
  one(
    'what runs left behind is not listed',
    'src/core/recovery/leftovers.ts',
    'if (!inForce) return [];\n  const byKey',
    "if (!inForce || region !== '') return [];\n  const byKey",
  ),
  one(
    'a scratch instance is left when its run ends',
    'src/jobs/recovery/clean-up.ts',
    'if (gone.includes(false)) return run;',
    '',
  ),
  one(
    'a message of every pass',
    'src/jobs/recovery/tell.ts',
    'if (!mustTell(run)) return run;',
    "if (run.state === 'planned') return run;",
  ),
  one(
    'a point that a drill has rejected is taken',
    assess,
    'return restorablePoints(seen).find(({ id }) => !rejections.has(id));',
    'return restorablePoints(seen).find(({ id }) => rejections.size >= 0 && id);',
  ),
  one(
    'the age of the data is that of the newest point, protected or not',
    assess,
    "return point && 'dataAt' in point.database ? Math.max(0, minutesBetween(point.database.dataAt, now)) : null;",
    'return point ? Math.max(0, Math.min(5, minutesBetween(point.requestedAt, now))) : null;',
  ),
];
