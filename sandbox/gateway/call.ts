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
};

export type RecordedCall = Call & { at: string; principal: string; status: number };

function s3Action(method: string, key: string, query: URLSearchParams, copying: boolean): string {
  if (key === '') {
    const sub = ['versioning', 'encryption', 'policy', 'tagging', 'location', 'notification', 'versions', 'uploads'];
    const named = sub.find((name) => query.has(name));
    const verb = { GET: 'Get', PUT: 'Put', DELETE: 'Delete', HEAD: 'Head' }[method] ?? method;
    if (named) return `${verb}Bucket${named[0]?.toUpperCase()}${named.slice(1)}`;
    return method === 'GET'
      ? 'ListObjectsV2'
      : ({ PUT: 'CreateBucket', HEAD: 'HeadBucket' }[method] ?? `${verb}Bucket`);
  }
  if (method === 'PUT' && query.has('partNumber')) return copying ? 'UploadPartCopy' : 'UploadPart';
  if (method === 'PUT') return copying ? 'CopyObject' : 'PutObject';
  if (method === 'POST') return query.has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload';
  if (method === 'DELETE') return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
  return method === 'HEAD' ? 'HeadObject' : 'GetObject';
}

function s3Call(request: IncomingMessage, url: URL): Pick<Call, 'action' | 'resource' | 'source'> {
  const [bucket = '', ...rest] = url.pathname.slice(1).split('/');
  const key = decodeURIComponent(rest.join('/'));
  const copySource = request.headers['x-amz-copy-source'];
  const source = typeof copySource === 'string' ? decodeURIComponent(copySource).replace(/^\//, '') : undefined;
  const action = s3Action(request.method ?? 'GET', key, url.searchParams, source !== undefined);
  return { action, resource: key === '' ? bucket : `${bucket}/${key}`, source };
}

const resourceNames = ['TopicArn', 'QueueUrl', 'KeyId', 'FunctionName', 'Name', 'RoleName', 'StackName'];

function jsonResource(body: string): string {
  try {
    const parsed = JSON.parse(body) as Record<string, unknown>;
    return resourceNames.map((name) => parsed[name]).find((value) => typeof value === 'string') as string;
  } catch {
    return ''; // not JSON: no resource to name
  }
}

function formCall(body: string): Pick<Call, 'action' | 'resource' | 'source'> {
  const form = new URLSearchParams(body);
  const names = ['TargetDBSnapshotIdentifier', 'DBSnapshotIdentifier', 'DBInstanceIdentifier', 'ResourceName'];
  const found = [...names, ...resourceNames].map((name) => form.get(name)).find((value) => value !== null);
  return {
    action: form.get('Action') ?? '',
    resource: found ?? '',
    source: form.get('SourceDBSnapshotIdentifier') ?? undefined,
  };
}

/** Reads a call's identity; undefined when the request is not signed. */
export function identify(request: IncomingMessage, body: string): Call | undefined {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const credential =
    /Credential=([^,\s]+)/.exec(request.headers.authorization ?? '')?.[1] ?? url.searchParams.get('X-Amz-Credential');
  if (!credential) return undefined;
  const [accessKeyId = '', , region = '', service = ''] = credential.split('/');
  const common = { service, region, accessKeyId };
  if (service === 's3') return { ...common, ...s3Call(request, url) };
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    const action = target.split('.').at(-1) ?? target;
    return { ...common, action, resource: jsonResource(body) ?? '', source: undefined };
  }
  if (request.headers['content-type']?.includes('x-www-form-urlencoded')) return { ...common, ...formCall(body) };
  return { ...common, action: `${request.method} ${url.pathname}`, resource: url.pathname, source: undefined };
}
