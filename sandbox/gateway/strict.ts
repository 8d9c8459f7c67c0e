import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetBucketEncryptionCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { GetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { type Bridge, rootCredentials } from '../bridge.ts';
import type { Call } from './call.ts';

type Key = { region: string; arn: string };

/** What S3 asks of the key of the bucket that is written to or read: it opens the parts of an upload again. */
const onTarget: Record<string, string[]> = {
  GetObject: ['kms:Decrypt'],
  PutObject: ['kms:GenerateDataKey'],
  CopyObject: ['kms:GenerateDataKey'],
  CreateMultipartUpload: ['kms:GenerateDataKey'],
  UploadPart: ['kms:GenerateDataKey', 'kms:Decrypt'],
  UploadPartCopy: ['kms:GenerateDataKey', 'kms:Decrypt'],
  CompleteMultipartUpload: ['kms:Decrypt'],
};

/** What AWS enforces and the emulator does not: rights on keys, and 403 for what one may not list. */
export class Strictness {
  readonly #bridge: Bridge;
  readonly #buckets = new Map<string, Promise<{ region: string; key: Key | undefined }>>();

  constructor(bridge: Bridge) {
    this.#bridge = bridge;
  }

  #client = () => ({ endpoint: this.#bridge.endpoint, credentials: rootCredentials, forcePathStyle: true });

  async #key(region: string, keyId: string | undefined): Promise<Key | undefined> {
    if (!keyId) return undefined;
    const kms = new KMSClient({ region, ...this.#client() });
    try {
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: keyId }));
      return { region, arn: KeyMetadata?.Arn ?? keyId };
    } finally {
      kms.destroy();
    }
  }

  async #describe(bucket: string): Promise<{ region: string; key: Key | undefined }> {
    const s3 = new S3Client({ region: 'us-east-1', followRegionRedirects: true, ...this.#client() });
    try {
      const head = await s3.send(new HeadBucketCommand({ Bucket: bucket }));
      const region = head.BucketRegion ?? 'us-east-1';
      const asked = new GetBucketEncryptionCommand({ Bucket: bucket });
      const encryption = await s3.send(asked).catch((error: Error) => {
        if (error.name === 'ServerSideEncryptionConfigurationNotFoundError') return undefined;
        throw error;
      });
      const rule = encryption?.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
      return { region, key: await this.#key(region, rule?.KMSMasterKeyID) };
    } finally {
      s3.destroy();
    }
  }

  async #bucket(bucket: string) {
    const known = this.#buckets.get(bucket);
    if (known) return known;
    const asked = this.#describe(bucket);
    this.#buckets.set(bucket, asked);
    asked.catch(() => this.#buckets.delete(bucket)); // not made yet: ask again next time
    return asked;
  }

  /** A bucket's facts; undefined when there is no such bucket, which the emulator says itself. */
  async #known(bucket: string) {
    return this.#bucket(bucket).catch((error: Error) => {
      if (error.name === 'NotFound' || error.name === 'NoSuchBucket') return undefined;
      throw error;
    });
  }

  /** Forgets what is cached about a bucket whose settings may have changed. */
  forget(bucket: string): void {
    this.#buckets.delete(bucket);
  }

  /** The region a bucket was made in; undefined when there is no such bucket. */
  async regionOf(bucket: string): Promise<string | undefined> {
    return (await this.#known(bucket))?.region;
  }

  /** The action beside the call's own that the caller lacks for it, if any. */
  async missingRight(call: Call): Promise<string | undefined> {
    if (call.service === 'sns' && call.action === 'Publish') return this.#topicRight(call);
    if (call.service !== 's3') return undefined;
    if (call.action === 'DeleteObject' && call.names['IfMatch']) return this.#readRight(call);
    // What asks for S3's own keys needs none of KMS, whatever the bucket's default is.
    const needed = call.encryption === 'AES256' ? [] : (onTarget[call.action] ?? []);
    const denied = await this.#lacks(call, call.resource, needed);
    if (denied || !call.source) return denied;
    return this.#lacks(call, call.source.split('?versionId=')[0] ?? '', ['kms:Decrypt']);
  }

  /** A delete that depends on the object's ETag tells something of the object. */
  async #readRight({ accessKeyId, region, resource }: Call): Promise<string | undefined> {
    const request = {
      accessKeyId,
      region,
      action: 's3:GetObject',
      resources: [`arn:aws:s3:::${resource}`],
      context: {},
    };
    return (await this.#bridge.authorize(request)).allowed ? undefined : 's3:GetObject';
  }

  /** Rights on the key of an object's bucket, asked for by S3 of the bucket's region in the caller's name. */
  async #lacks(call: Call, object: string, actions: string[]): Promise<string | undefined> {
    const found = await this.#known(object.split('/')[0] ?? '');
    if (!found?.key) return undefined;
    const context = {
      'kms:ViaService': `s3.${found.region}.amazonaws.com`,
      'kms:EncryptionContext:aws:s3:arn': `arn:aws:s3:::${object}`,
    };
    return this.#refused(call, found.key, actions, context);
  }

  async #refused(call: Call, key: Key, actions: string[], context = {}): Promise<string | undefined> {
    for (const action of actions) {
      const { accessKeyId } = call;
      const request = { accessKeyId, region: key.region, action, resources: [key.arn], context };
      if (!(await this.#bridge.authorize(request)).allowed) return action;
    }
    return undefined;
  }

  async #topicRight(call: Call): Promise<string | undefined> {
    const sns = new SNSClient({ region: call.region, ...this.#client() });
    try {
      const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: call.resource }));
      const key = await this.#key(call.region, Attributes?.['KmsMasterKeyId']);
      return key ? await this.#refused(call, key, ['kms:GenerateDataKey', 'kms:Decrypt']) : undefined;
    } catch {
      return undefined; // no such topic: the emulator says so itself
    } finally {
      sns.destroy();
    }
  }

  /** AWS tells that an object is missing only to those who may list the bucket. */
  async mayKnowMissing(call: Call): Promise<boolean> {
    const bucket = call.resource.split('/')[0] ?? '';
    const { accessKeyId, region } = call;
    const resources = [`arn:aws:s3:::${bucket}`];
    return (await this.#bridge.authorize({ accessKeyId, region, action: 's3:ListBucket', resources, context: {} }))
      .allowed;
  }
}
