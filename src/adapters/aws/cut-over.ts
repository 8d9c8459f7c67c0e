import { ChangeResourceRecordSetsCommand, type Route53Client } from '@aws-sdk/client-route-53';
import { PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { CutOverPort } from '../../core/ports/recovery.ts';
import { callsTo } from './errors.ts';

export type CutOverOptions = {
  ssm: SSMClient;
  /** Where Builder's settings go, ending with a slash. */
  prefix: string;
  route53: Route53Client;
  record: { zone: string; name: string } | undefined;
};
const TTL_SECONDS = 60;

const call = callsTo('dr');

/** Tells Builder's nodes where their data is now. */
export function awsCutOver({ ssm, prefix, route53, record }: CutOverOptions): CutOverPort {
  return {
    async publishSettings(files) {
      for (const [name, Value] of Object.entries(files)) {
        const Name = `${prefix}${name}`;
        const parameter = { Name, Value, Type: 'String' as const, Overwrite: true };
        await call(`write the parameter ${Name}`, Name, () => ssm.send(new PutParameterCommand(parameter)));
      }
    },
    dns: record && {
      name: record.name,
      async point(host) {
        const ResourceRecordSet = {
          Name: record.name,
          Type: 'CNAME' as const,
          TTL: TTL_SECONDS,
          ResourceRecords: [{ Value: host }],
        };
        const ChangeBatch = { Changes: [{ Action: 'UPSERT' as const, ResourceRecordSet }] };
        const command = new ChangeResourceRecordSetsCommand({ HostedZoneId: record.zone, ChangeBatch });
        await call(`point ${record.name} at ${host}`, record.name, () => route53.send(command));
      },
    },
  };
}
