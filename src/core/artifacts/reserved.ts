/** What is ours in a bucket of artifacts. No origin of Builder begins with a dot. */
const RESERVED = '.builder-dr/';

/** What the fence tries to write at the primary. */
export const FENCE_PROBE_KEY = `${RESERVED}fence-probe`;

/** Whether a key is Builder's: anything else is never listed, copied, counted or compared. */
export const isArtifactKey = (key: string): boolean => !key.startsWith(RESERVED);
