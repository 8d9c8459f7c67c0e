import { type CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { Metrics } from '../../core/ports/all.ts';
import { callsTo } from './errors.ts';

export type CloudWatchOptions = { primary: CloudWatchClient; dr: CloudWatchClient; stage: string };

const NAMESPACE = 'builder-dr';
/** CloudWatch has no unit of minutes. */
const units = { Count: 'Count', Minutes: 'None', Bytes: 'Bytes' } as const;

/** CloudWatch in both regions; the stage is the one dimension. */
export function cloudwatchMetrics({ primary, dr, stage }: CloudWatchOptions): Metrics {
  return {
    async put(site, metrics) {
      const Dimensions = [{ Name: 'Stage', Value: stage }];
      const MetricData = metrics.map(({ name, value, unit }) => ({
        MetricName: name,
        Value: value,
        Unit: units[unit],
        Dimensions,
      }));
      const client = site === 'dr' ? dr : primary;
      const command = new PutMetricDataCommand({ Namespace: NAMESPACE, MetricData });
      await callsTo(site)(`put metrics into the ${site} region`, NAMESPACE, () => client.send(command));
    },
  };
}
