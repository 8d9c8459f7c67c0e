import type { IncomingMessage } from 'node:http';

/** One AWS call as the gateway understands it, from its signature, path and body. */
export type Call = {
  service: string;
  region: string;
  accessKeyId: string;
  action: string;
  resource: string;
  /** For copies: where the bytes come from. */
  source: string | undefined;
  /** How an upload asks to be encrypted, where it does not leave that to the bucket. */
  encryption?: string;
  /** Every parameter that names a resource, as it was sent. */
  names: Record<string, string>;
};

export type RecordedCall = Call & { at: string; principal: string; status: number };

function s3Action(method: string, key: string, query: URLSearchParams, copying: boolean): string {
  if (key === '') {
    const sub = ['versioning', 'lifecycle', 'encryption', 'policy', 'tagging', 'location', 'notification', 'versions'];
    if (method === 'GET' && query.has('uploads')) return 'ListMultipartUploads';
    const named = sub.find((name) => query.has(name));
    const verb = { GET: 'Get', PUT: 'Put', DELETE: 'Delete', HEAD: 'Head' }[method] ?? method;
    if (named) return `${verb}Bucket${named[0]?.toUpperCase()}${named.slice(1)}`;
    return method === 'GET'
      ? 'ListObjectsV2'
      : ({ PUT: 'CreateBucket', HEAD: 'HeadBucket' }[method] ?? `${verb}Bucket`);
  }
  if (query.has('tagging')) return `${{ GET: 'Get', PUT: 'Put' }[method] ?? 'Delete'}ObjectTagging`;
  if (method === 'PUT' && query.has('partNumber')) return copying ? 'UploadPartCopy' : 'UploadPart';
  if (method === 'PUT') return copying ? 'CopyObject' : 'PutObject';
  if (method === 'POST') return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload';
  if (method === 'DELETE') return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
  if (method === 'GET' && query.has('uploadId')) return 'ListParts';
  return method === 'HEAD' ? 'HeadObject' : 'GetObject';
}

type Asked = Pick<Call, 'action' | 'resource' | 'source' | 'names'>;

function s3Call(request: IncomingMessage, url: URL): Asked {
  const [bucket = '', ...rest] = url.pathname.slice(1).split('/');
  const key = decodeURIComponent(rest.join('/'));
  const copySource = request.headers['x-amz-copy-source'];
  const source = typeof copySource === 'string' ? decodeURIComponent(copySource).replace(/^\//, '') : undefined;
  const action = s3Action(request.method ?? 'GET', key, url.searchParams, source !== undefined);
  const versionId = url.searchParams.get('versionId');
  const ifMatch = request.headers['if-match'];
  const names = {
    ...(versionId === null ? {} : { versionId }),
    ...(typeof ifMatch === 'string' ? { IfMatch: ifMatch } : {}),
  };
  return { action, resource: key === '' ? bucket : `${bucket}/${key}`, source, names };
}

const resourceNames = ['TopicArn', 'QueueUrl', 'KeyId', 'FunctionName', 'Name', 'RoleName', 'StackName'];

const naming = /^(SecretId|[A-Za-z]*(Identifier|GroupName)|ResourceName|TopicArn|QueueUrl|KeyId|FunctionName|Name)$/;

/** Those parameters whose values name a resource; a value that is a secret has none of these names. */
function namesIn(parameters: Iterable<[string, unknown]>): Record<string, string> {
  const named = [...parameters].filter(([name, value]) => naming.test(name) && typeof value === 'string');
  return Object.fromEntries(named) as Record<string, string>;
}

function jsonNames(body: string): Record<string, string> {
  try {
    return namesIn(Object.entries(JSON.parse(body) as Record<string, unknown>));
  } catch {
    return {}; // not JSON: no resource to name
  }
}

function formCall(body: string): Asked {
  const form = new URLSearchParams(body);
  const names = ['TargetDBSnapshotIdentifier', 'DBSnapshotIdentifier', 'DBInstanceIdentifier', 'ResourceName'];
  const found = [...names, ...resourceNames].map((name) => form.get(name)).find((value) => value !== null);
  return {
    action: form.get('Action') ?? '',
    resource: found ?? '',
    source: form.get('SourceDBSnapshotIdentifier') ?? undefined,
    names: namesIn(form),
  };
}

/** Reads a call's identity; undefined when the request is not signed. */
export function identify(request: IncomingMessage, body: string): Call | undefined {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const credential =
    /Credential=([^,\s]+)/.exec(request.headers.authorization ?? '')?.[1] ?? url.searchParams.get('X-Amz-Credential');
  if (!credential) return undefined;
  const [accessKeyId = '', , region = '', service = ''] = credential.split('/');
  const asked = request.headers['x-amz-server-side-encryption'];
  const common = { service, region, accessKeyId, ...(typeof asked === 'string' ? { encryption: asked } : {}) };
  if (service === 's3') return { ...common, ...s3Call(request, url) };
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    const action = target.split('.').at(-1) ?? target;
    const names = jsonNames(body);
    const resource = resourceNames.map((name) => names[name]).find((value) => value !== undefined) ?? '';
    return { ...common, action, resource, source: undefined, names };
  }
  if (request.headers['content-type']?.includes('x-www-form-urlencoded')) return { ...common, ...formCall(body) };
  return {
    ...common,
    action: `${request.method} ${url.pathname}`,
    resource: url.pathname,
    source: undefined,
    names: {},
  };
}
