import type { Command } from '../command.ts';
import type { VerifyFlags } from '../verify/paths.ts';

export const verify: Command = {
  usage: 'verify <path...>',
  does: 'verify packages down to hash and signature: .hart files, folders of them, s3://bucket/prefix',
  options: [
    { flags: '--keys <folder>', does: 'public keys (.pub), read recursively; may be repeated', repeated: true },
    { flags: '--checksums <file>', does: 'what the files should hash to, as `b2sum -l 256` writes it' },
    {
      flags: '--deep',
      does: 'look into the archive too: that it unpacks, and that IDENT and TARGET agree with the name',
    },
    { flags: '--concurrency <n>', does: 'threads; one is one thread (default: the processors)' },
    { flags: '--engine <name>', does: 'hash-wasm or sodium-native (default: the faster one that is installed)' },
  ],
  async run({ args, flags, output }) {
    const { verifyPaths } = await import('../verify/paths.ts');
    return { healthy: await verifyPaths(args, flags as VerifyFlags, output) };
  },
};
