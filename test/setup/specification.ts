import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import type { PropertyType, ResourceProperties } from '@aws-cdk/service-spec-types';
import type { Resource } from './packaging.ts';

const specification = loadAwsServiceSpecSync();
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** CloudFormation computes it when it deploys. */
const isComputed = (value: unknown) =>
  isMap(value) && Object.keys(value).length === 1 && /^(Ref|Fn::.+)$/.test(Object.keys(value)[0] ?? '');

const scalars: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean',
  'date-time': (value) => typeof value === 'string',
  // CloudFormation takes numbers and flags as text too.
  number: (value) => typeof value === 'number' || /^-?\d+(\.\d+)?$/.test(String(value)),
  integer: (value) => /^-?\d+$/.test(String(value)),
  boolean: (value) => ['true', 'false'].includes(String(value)),
  json: () => true,
  null: (value) => value === null,
};

/** Everything in `value` that AWS's specification does not have, or has otherwise. */
function problemsOf(value: unknown, type: PropertyType, path: string): string[] {
  if (isComputed(value)) return [];
  switch (type.type) {
    case 'array':
      if (!Array.isArray(value)) return [`${path}: is no list`];
      return value.flatMap((each, index) => problemsOf(each, type.element, `${path}[${index}]`));
    case 'map':
      if (!isMap(value)) return [`${path}: is no map`];
      return Object.entries(value).flatMap(([key, each]) => problemsOf(each, type.element, `${path}.${key}`));
    case 'ref': {
      const definition = specification.get('typeDefinition', type.reference.$ref);
      return isMap(value) ? membersOf(value, definition.properties, path) : [`${path}: is no ${definition.name}`];
    }
    case 'union': {
      const tried = type.types.map((each) => problemsOf(value, each, path));
      return tried.reduce((best, each) => (each.length < best.length ? each : best));
    }
    case 'tag':
      return isMap(value) && 'Key' in value && 'Value' in value ? [] : [`${path}: is no tag`];
    default:
      return scalars[type.type]?.(value) ? [] : [`${path}: ${JSON.stringify(value)} is no ${type.type}`];
  }
}

function membersOf(value: Record<string, unknown>, properties: ResourceProperties, path: string): string[] {
  const missing = Object.entries(properties)
    .filter(([name, each]) => each.required && value[name] === undefined)
    .map(([name]) => `${path}.${name}: is required`);
  const wrong = Object.entries(value).flatMap(([name, each]) => {
    const property = properties[name];
    return property
      ? problemsOf(each, property.type, `${path}.${name}`)
      : [`${path}.${name}: AWS knows no such property`];
  });
  return [...missing, ...wrong];
}

/** What AWS does not know about a resource, or knows otherwise. */
export function resourceProblems(name: string, { Type, Properties = {} }: Resource): string[] {
  const [resource] = specification.lookup('resource', 'cloudFormationType', 'equals', Type);
  if (!resource) return [`${name}: AWS knows no resource ${Type}`];
  return membersOf(Properties, resource.properties, name);
}

/** Every reference to something that the template does not have, or to an attribute that AWS does not give it. */
export function danglingIn(value: unknown, resources: Record<string, Resource>): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => danglingIn(each, resources));
  if (!isMap(value)) return [];
  const { Ref: target, 'Fn::GetAtt': attribute } = value;
  if (typeof target === 'string' && !target.startsWith('AWS::')) return target in resources ? [] : [`Ref ${target}`];
  if (Array.isArray(attribute)) {
    const [name, wanted] = attribute as [string, string];
    const [known] = specification.lookup('resource', 'cloudFormationType', 'equals', resources[name]?.Type ?? '');
    return known && wanted in known.attributes ? [] : [`GetAtt ${name}.${wanted}`];
  }
  return Object.values(value).flatMap((each) => danglingIn(each, resources));
}
