import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type pg from 'pg';
import type { BuilderAccess, DatabaseLogin } from '../../core/ports/recovery.ts';

export type BuilderAccessOptions = {
  newClient: (login: DatabaseLogin) => pg.Client;
  newS3: (credentials: { keyId: string; secretKey: string }) => S3Client;
  bucket: string;
  timeoutMs: number;
};

/** Logs in, reads and writes as Builder itself does: a password and static S3 keys, no role. */
export function builderAccess({ newClient, newS3, bucket, timeoutMs }: BuilderAccessOptions): BuilderAccess {
  return {
    async login(login) {
      const client = newClient(login);
      try {
        await client.connect();
        // The first thing that builder-api does at its start, and what fails under a wrong owner.
        const { rows } = await client.query('SELECT count(*) AS origins, current_user AS role FROM origins');
        return `logged in as ${rows[0].role}, ${rows[0].origins} origins`;
      } finally {
        await client.end();
      }
    },
    async canary(credentials, key, body) {
      const s3 = newS3(credentials);
      const where = { Bucket: bucket, Key: key };
      try {
        await s3.send(new PutObjectCommand({ ...where, Body: body }));
        const read = await (await s3.send(new GetObjectCommand(where))).Body?.transformToString();
        await s3.send(new DeleteObjectCommand(where));
        if (read !== body) throw new Error(`${bucket}/${key} came back as other bytes`);
        return `put, got and deleted ${bucket}/${key}`;
      } finally {
        s3.destroy();
      }
    },
    async ask(url, key) {
      const [origin = '', name = '', version = '', release = '', ...target] = key.split('/').slice(0, -1);
      const path = `/v1/depot/pkgs/${[origin, name, version, release].map(encodeURIComponent).join('/')}`;
      for (const [route, what] of [
        [`/v1/depot/origins/${encodeURIComponent(origin)}`, 'the origin, from the database'],
        [`${path}/download?target=${target.join('-')}`, 'the package, from the bucket'],
      ] as const) {
        const response = await fetch(new URL(route, url), { signal: AbortSignal.timeout(timeoutMs) });
        await response.body?.cancel();
        if (!response.ok) throw new Error(`${what}: ${route} answered ${response.status}`);
      }
      return `${url} served ${origin}/${name} from database and bucket`;
    },
  };
}
