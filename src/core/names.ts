/** The configuration that the stacks of a stage were deployed from, as seen from the project's folder. */
export const deployedFrom = (stage: string): string => `config/${stage}.yml`;

/** Names of what the stacks make, from the stage alone, so that functions and CLI need no look-up. */
export function stackNames(stage: string) {
  return {
    queue: `hbdr-${stage}-replicate`,
    topic: `hbdr-${stage}-readiness`,
    tickRule: `hbdr-${stage}-tick`,
    replicator: `hbdr-${stage}-replicate`,
    inspector: `hbdr-${stage}-inspect-database`,
    secrets: `hbdr-${stage}/`,
    /** Parameters of the primary region: the relay stack says there which group fences. */
    fenceGroup: `/hbdr-${stage}/fence-security-group`,
    /** Parameters of the DR region: Builder's settings after a cut-over. */
    builderSettings: `/hbdr-${stage}/builder/`,
    /** Alarms that call for something of their own; a test holds these names against the stacks. */
    alarms: {
      notReady: `hbdr-${stage}-not-ready`,
      silent: `hbdr-${stage}-silent`,
      replicateDeadLetters: `hbdr-${stage}-replicate-dead-letters`,
      /** In the primary region. */
      drSilent: `hbdr-${stage}-dr-silent`,
      relayDeadLetters: `hbdr-${stage}-relay-dead-letters`,
    },
  };
}
