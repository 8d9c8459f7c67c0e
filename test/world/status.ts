/** What a site that protects another one says of itself. */
export const readyStatus = (at: string, point: string) => ({
  schema: 'status/1',
  at,
  status: 'READY',
  recoverable: true,
  protecting: true,
  findings: [],
  rpoMinutes: 5,
  rpoTargetMinutes: 120,
  point,
});
