import {
  DeleteDBSnapshotCommand,
  DescribeDBSnapshotAttributesCommand,
  paginateDescribeDBSnapshots,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { POINT_TAG } from '../../core/ids.ts';
import type { Database } from '../../core/ports/database.ts';
import type { Site } from '../../core/site.ts';
import { DrError } from '../../errors.ts';
import { callsTo, ifThere } from './errors.ts';
import { findSnapshot, pointTagOf, snapshotStatusOf } from './rds-snapshots.ts';

type Clients = Record<Site, RDSClient>;

const calls = { primary: callsTo('primary'), dr: callsTo('dr') };

const find = (clients: Clients, site: Site, name: string) => findSnapshot(calls[site], clients[site], name);

/** Copies of that snapshot which are being made in a region; nobody but the copy itself tells. */
async function copiesUnderWay(clients: Clients, site: Site, sourceArn: string | undefined): Promise<string[]> {
  const found: string[] = [];
  await calls[site]('list snapshots', 'snapshots', async () => {
    const pages = paginateDescribeDBSnapshots({ client: clients[site] }, { SnapshotType: 'manual' });
    for await (const { DBSnapshots = [] } of pages) {
      const copies = DBSnapshots.filter((each) => each.SourceDBSnapshotIdentifier === sourceArn);
      found.push(
        ...copies.flatMap(({ Status, DBSnapshotIdentifier = '' }) =>
          Status === 'creating' ? DBSnapshotIdentifier : [],
        ),
      );
    }
  });
  return found;
}

async function sharedWith(clients: Clients, site: Site, name: string): Promise<string[]> {
  const command = new DescribeDBSnapshotAttributesCommand({ DBSnapshotIdentifier: name });
  const asked = calls[site](`describe who may restore ${name}`, name, () => clients[site].send(command));
  const attributes = (await ifThere(asked))?.DBSnapshotAttributesResult?.DBSnapshotAttributes ?? [];
  return attributes.flatMap((each) => (each.AttributeName === 'restore' ? (each.AttributeValues ?? []) : []));
}

/** How snapshots on RDS end. */
export function rdsSnapshotRemoval(
  clients: Clients,
  instanceId: string,
): Pick<Database, 'snapshotUse' | 'removeSnapshot'> {
  return {
    async snapshotUse(site, name) {
      const found = await find(clients, site, name);
      if (!found) return undefined;
      const here = await copiesUnderWay(clients, site, found.DBSnapshotArn);
      // Ours is copied from the primary's region into the other one.
      const there = site === 'primary' ? await copiesUnderWay(clients, 'dr', found.DBSnapshotArn) : [];
      return {
        status: snapshotStatusOf(found),
        pointId: pointTagOf(found),
        ofSource: found.DBInstanceIdentifier === instanceId,
        sharedWith: await sharedWith(clients, site, name),
        copying: [...here, ...there],
      };
    },
    async removeSnapshot(site, { name, pointId }) {
      const found = await find(clients, site, name);
      if (!found) return;
      const tag = pointTagOf(found);
      if (tag !== pointId) {
        throw new DrError('SNAPSHOT_MISMATCH', `snapshot ${name} is tagged ${tag ?? 'with no point'}, not ${pointId}`, {
          subject: name,
          hint: `It stays. Look whose it is; rename or delete it by hand, or tag it ${POINT_TAG}=${pointId} if it is ours.`,
        });
      }
      const command = new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: name });
      await ifThere(calls[site](`delete snapshot ${name}`, name, () => clients[site].send(command)));
    },
  };
}
