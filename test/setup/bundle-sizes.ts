import { bundleFunctions } from '../../bundle.mjs';

export type BundleSize = { name: string; bytes: number; clients: string[]; largest: { name: string; bytes: number }[] };

/** The package that a file came from; our own code is one part. */
const packageOf = (path: string) =>
  path
    .split('node_modules/')
    .at(-1)
    ?.match(/^(?:@[^/]+\/)?[^/]+/)?.[0] ?? path;

async function measure(): Promise<BundleSize[]> {
  const { outputs } = await bundleFunctions();
  return Object.entries(outputs).map(([path, { bytes, inputs }]) => {
    const parts = new Map<string, number>();
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const name = input.includes('node_modules/') ? packageOf(input) : 'this project';
      parts.set(name, (parts.get(name) ?? 0) + bytesInOutput);
    }
    const largest = [...parts].map(([name, size]) => ({ name, bytes: size })).sort((a, b) => b.bytes - a.bytes);
    const clients = [...parts.keys()].filter((name) => name.startsWith('@aws-sdk/client-'));
    return { name: path.replace('dist/functions/', '').replace('.js', ''), bytes, clients, largest };
  });
}

let measured: Promise<BundleSize[]> | undefined;

/** What each function's file weighs, and what of; bundles them anew, once. */
export function bundleSizes(): Promise<BundleSize[]> {
  measured ??= measure();
  return measured;
}
