import { promiseHooks } from "node:v8";

/**
 * Does something at once that may have begun what nobody waits for: a schema that is asked at once forgets
 * the promises of its checks, and one that is rejected later would end the process.
 */
export function abandonPromises<T>(task: () => T): T {
  const begun: Promise<unknown>[] = [];
  const stop = promiseHooks.onInit((promise) => begun.push(promise));
  try {
    return task();
  } finally {
    stop();
    for (const promise of begun) promise.catch(() => {});
  }
}
