/** A drill of a point that passed, and its report, as far as it says which packages there are. */
export const drillOf = (id: string, report: string, at: Date) => ({
  schema: 'run/1',
  kind: 'drill',
  id,
  requestedAt: at.toISOString(),
  deadlineAt: at.toISOString(),
  readAll: false,
  point: id,
  state: 'passed',
  candidates: [],
  attempts: [
    {
      point: id,
      instance: 'hbdr-drill',
      inspection: { askedAt: at.toISOString(), tries: 1, report, doneAt: at.toISOString() },
      findings: [],
    },
  ],
  findings: [],
  errors: [],
  history: [],
});

export const reportOf = (run: string, key: string, count: number) => ({
  schema: 'inspection/1',
  run,
  instance: 'hbdr-drill',
  at: '2026-11-22T14:05:00.000Z',
  extensions: [],
  tables: [],
  packages: { key, count },
  signers: [],
  conflictingSigners: [],
  builderKeys: [],
  smoke: [],
});
