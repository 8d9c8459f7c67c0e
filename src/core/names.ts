/** Names of what the stacks make, from the stage alone, so that functions and CLI need no look-up. */
export function stackNames(stage: string) {
  return {
    queue: `hbdr-${stage}-replicate`,
    topic: `hbdr-${stage}-readiness`,
    tickRule: `hbdr-${stage}-tick`,
  };
}
