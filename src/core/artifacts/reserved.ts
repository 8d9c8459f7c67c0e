/** What is ours in a bucket of artifacts. No origin of Builder begins with a dot, and `hbdr-canary` is none. */
const RESERVED = '.builder-dr/';
const CANARIES = 'hbdr-canary/';

/** What the fence tries to write at the primary. */
export const FENCE_PROBE_KEY = `${RESERVED}fence-probe`;
/** What the smoke test of a run puts with Builder's own credentials, and deletes. */
export const canaryKey = (run: string): string => `${CANARIES}${run}`;
/** Where doctor tries a copy. */
export const TRIAL_KEY = `${CANARIES}doctor`;
/** Where a store is tried with a condition that cannot hold. */
export const CONDITIONS_KEY = `${CANARIES}conditions`;

/** Whether a key is Builder's: anything else is never listed, copied, counted or compared. */
export const isArtifactKey = (key: string): boolean => !key.startsWith(RESERVED) && !key.startsWith(CANARIES);
