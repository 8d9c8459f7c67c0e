import * as wire from './aws.ts';

/** Every port over AWS, for the command line. */
export const awsPorts = wire.portsOf({
  database: wire.database,
  primaryArtifacts: wire.primaryArtifacts,
  replica: wire.replica,
  vault: wire.vault,
  escrow: wire.escrow,
  queue: wire.queue,
  notifier: wire.notifier,
  chat: wire.chat,
  deadMan: wire.deadMan,
  signals: wire.signals,
  metrics: wire.metrics,
  instances: wire.instances,
  secrets: wire.secrets,
  fence: wire.fence,
  inspection: wire.inspection,
  cutOver: wire.cutOver,
  reverseVault: wire.reverseVault,
  hashEngine: wire.hashEngine,
});
