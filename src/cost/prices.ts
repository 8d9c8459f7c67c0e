/**
 * AWS's list prices in dollars for us-west-2, without discounts or free tiers. The only place with a price: when AWS
 * changes one, change it here and the date with it.
 */
export const PRICES = {
  asOf: '2025-06-01',
  region: 'us-west-2',
  rdsSnapshotGibMonth: 0.095,
  rdsStorageGibMonth: 0.115,
  /** Single-AZ PostgreSQL, per hour. */
  rdsHour: {
    'db.t4g.micro': 0.016,
    'db.t4g.small': 0.032,
    'db.t4g.medium': 0.065,
    'db.t4g.large': 0.129,
    'db.m6g.large': 0.159,
    'db.m7g.large': 0.168,
    'db.m7g.xlarge': 0.337,
    'db.r7g.large': 0.239,
  } as Record<string, number>,
  transferBetweenRegionsGib: 0.02,
  s3StandardGibMonth: 0.023,
  s3PutsPer1000: 0.005,
  s3GetsPer1000: 0.0004,
  lambdaGibSecond: 0.0000133334,
  lambdaRequestsPerMillion: 0.2,
  kmsKeyMonth: 1,
  alarmMonth: 0.1,
  metricMonth: 0.3,
  dashboardMonth: 3,
  logGib: 0.5,
  secretMonth: 0.4,
  vpcEndpointHour: 0.01,
} as const;
