import type { Effect } from "@weir/flows";
import { isRefusal, type PublishOptions } from "@weir/mqtt";
import { errorMessage } from "@weir/runtime";
import { failed, type Performer, type RetryLater } from "./performer.ts";

/** Publishes at the broker of the service; resolves when that has it. @throws as the client does. */
export type Publish = (topic: string, payload: string, options: PublishOptions) => Promise<void>;

/** Performs messages that workflows publish. */
export function publishPerformer(
  publish: Publish,
): Performer<Extract<Effect, { kind: "publish" }>> {
  return async ({ topic, payload, qos, retain }, { signal }) => {
    const problem = await publishProblem(publish(topic, payload, { qos, retain }), signal);
    return problem ?? { isDone: true, result: null };
  };
}

/** Waits until the broker has a message. @returns `null`, or why it has not. @throws the signal's reason. */
export async function publishProblem(published: Promise<void>, signal: AbortSignal) {
  try {
    await orAborted(published, signal);
    return null;
  } catch (error) {
    signal.throwIfAborted();
    const problem = `the broker has not taken it: ${errorMessage(error)}`;
    const later: RetryLater = { problem, retryInMs: null };
    return isRefusal(error) ? failed(problem) : later;
  }
}

/** What the promise resolves to. @throws its error; the signal's reason. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
