import { randomUUID } from 'node:crypto';
import type { Tag } from './model.ts';

/** The query protocol: form parameters in, XML out. */
const members: Record<string, string> = {
  DBSnapshots: 'DBSnapshot',
  DBInstances: 'DBInstance',
  TagList: 'Tag',
  VpcSecurityGroups: 'VpcSecurityGroupMembership',
  DBParameterGroups: 'DBParameterGroup',
  DBSubnetGroups: 'DBSubnetGroup',
  DBSnapshotAttributes: 'DBSnapshotAttribute',
  AttributeValues: 'AttributeValue',
  AccountQuotas: 'AccountQuota',
  Subnets: 'Subnet',
  DBEngineVersions: 'DBEngineVersion',
  OrderableDBInstanceOptions: 'OrderableDBInstanceOption',
  AvailabilityZones: 'AvailabilityZone',
};

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c);
}

function element(name: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) {
    const member = members[name] ?? 'member';
    return `<${name}>${value.map((item) => element(member, item)).join('')}</${name}>`;
  }
  if (typeof value === 'object') {
    const inner = Object.entries(value).map(([key, item]) => element(key, item));
    return `<${name}>${inner.join('')}</${name}>`;
  }
  return `<${name}>${escapeXml(String(value))}</${name}>`;
}

export function responseXml(action: string, result: Record<string, unknown>): string {
  const body = element(`${action}Result`, result);
  const namespace = 'http://rds.amazonaws.com/doc/2014-10-31/';
  return `<${action}Response xmlns="${namespace}">${body}<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`;
}

export function errorXml(code: string, message: string): string {
  return `<ErrorResponse>${element('Error', { Type: 'Sender', Code: code, Message: message })}<RequestId>${randomUUID()}</RequestId></ErrorResponse>`;
}

/** Typed access to the parameters of one call. */
export class Params {
  readonly #form: URLSearchParams;
  constructor(body: string) {
    this.#form = new URLSearchParams(body);
  }
  get action(): string {
    return this.#form.get('Action') ?? '';
  }
  text(name: string): string | undefined {
    return this.#form.get(name) ?? undefined;
  }
  number(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : Number(value);
  }
  flag(name: string): boolean | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : value === 'true';
  }
  list(name: string): string[] | undefined {
    const found: string[] = [];
    for (let n = 1; this.#form.has(`${name}.${n}`); n += 1) found.push(this.#form.get(`${name}.${n}`) ?? '');
    return found.length > 0 ? found : undefined;
  }
  tags(): Tag[] | undefined {
    const found: Tag[] = [];
    for (let n = 1; this.#form.has(`Tags.Tag.${n}.Key`); n += 1) {
      found.push({ Key: this.text(`Tags.Tag.${n}.Key`) ?? '', Value: this.text(`Tags.Tag.${n}.Value`) ?? '' });
    }
    return found.length > 0 ? found : undefined;
  }
  filters(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    for (let n = 1; this.#form.has(`Filters.Filter.${n}.Name`); n += 1) {
      found.set(this.text(`Filters.Filter.${n}.Name`) ?? '', this.list(`Filters.Filter.${n}.Values.Value`) ?? []);
    }
    return found;
  }
}
