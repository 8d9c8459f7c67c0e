/** Work that is told when its time is over, and may end what still waits then. */
export async function withinTime<T>(limitMs: number, work: (over: Promise<void>) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  try {
    return await work(over);
  } finally {
    clearTimeout(timer);
  }
}
