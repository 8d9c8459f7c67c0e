import { type DBSnapshot, DescribeDBSnapshotsCommand, type RDSClient } from '@aws-sdk/client-rds';
import { POINT_TAG } from '../../core/ids.ts';
import type { SnapshotFacts } from '../../core/ports/database.ts';
import { type callsTo, ifThere } from './errors.ts';

/** One snapshot of a region by its name; undefined when it shows none. */
export async function findSnapshot(
  call: ReturnType<typeof callsTo>,
  client: RDSClient,
  name: string,
): Promise<DBSnapshot | undefined> {
  const command = new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: name });
  return (await ifThere(call(`describe snapshot ${name}`, name, () => client.send(command))))?.DBSnapshots?.[0];
}

/** RDS has more states: until it is available or failed it is being made. */
export function snapshotStatusOf({ Status }: DBSnapshot): SnapshotFacts['status'] {
  return Status === 'available' || Status === 'failed' ? Status : 'creating';
}

/** The point that a snapshot says it is of. */
export function pointTagOf({ TagList = [] }: DBSnapshot): string | undefined {
  return TagList.find((each) => each.Key === POINT_TAG)?.Value;
}
