/**
 * What differs between AWS's partitions, beside the partition of an ARN: whose region it is, the end of DNS names, and
 * the region of Route 53's one endpoint.
 */
export const partitions = {
  aws: { regions: /^(?!us-gov-|cn-)/, dnsSuffix: 'amazonaws.com', route53Region: 'us-east-1' },
  'aws-us-gov': { regions: /^us-gov-/, dnsSuffix: 'amazonaws.com', route53Region: 'us-gov-west-1' },
  'aws-cn': { regions: /^cn-/, dnsSuffix: 'amazonaws.com.cn', route53Region: 'cn-northwest-1' },
} as const;

export type Partition = keyof typeof partitions;
const names = Object.keys(partitions) as Partition[];

/** The partition that a region lies in. */
export function partitionOf(region: string): Partition {
  return names.find((name) => partitions[name].regions.test(region)) ?? 'aws';
}
