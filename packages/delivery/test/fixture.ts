import type { PublishOptions } from "@weir/mqtt";

/** A publication that a test answers. */
interface Publication {
  topic: string;
  payload: string;
  options: PublishOptions;
  answer: PromiseWithResolvers<void>;
}

/** In the place of a client's `publish`: keeps what is published until the test answers. */
export function createRecorder() {
  const publications: Publication[] = [];
  return {
    publications,
    publish: (topic: string, payload: string | Buffer, options: PublishOptions) => {
      const answer = Promise.withResolvers<void>();
      publications.push({ topic, payload: String(payload), options, answer });
      return answer.promise;
    },
  };
}

/** Lets what is due in this turn happen. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The outcomes of promises, as they come. */
export function collect<T>(promises: readonly Promise<T>[]): T[] {
  const outcomes: T[] = [];
  for (const promise of promises) void promise.then((outcome) => outcomes.push(outcome));
  return outcomes;
}
