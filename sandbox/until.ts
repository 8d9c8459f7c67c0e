/** How long nothing takes, on the slowest machine: a wait that is longer hangs. */
export const HANG_SECONDS = 1_200;

/** Asks again until the answer is there, however long it takes; says what it waited for when that hangs. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  { everyMs = 500, hangSeconds = HANG_SECONDS } = {},
): Promise<T> {
  const end = Date.now() + hangSeconds * 1000;
  while (Date.now() < end) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`waited ${hangSeconds} s in vain for ${what}`);
}
