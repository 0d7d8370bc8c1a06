/** Operations that wait for the broker's answer. None outlives its connection. */
export interface Pending {
  /**
   * Starts an operation that calls `settle` when the broker has answered.
   *
   * @throws what it settles with, or why the connection ended before.
   */
  run(operation: (settle: (error?: Error | null) => void) => void): Promise<void>;
}

/** MQTT.js keeps an unanswered operation for its next connection, and says nothing; ours has none. */
export function createPending(closed: Promise<Error>): Pending {
  // One reaction for all: a `closed.then` for each operation would be kept as long as the connection.
  const rejections = new Set<(error: Error) => void>();
  let end: Error | null = null;
  void closed.then((reason) => {
    end = reason;
    for (const reject of rejections) reject(unanswered(reason));
  });

  return {
    run: async (operation) => {
      if (end !== null) throw unanswered(end);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      rejections.add(reject);
      try {
        operation((error) => (error ? reject(error) : resolve()));
        await promise;
      } finally {
        rejections.delete(reject);
      }
    },
  };
}

function unanswered(cause: Error): Error {
  return new Error(`no answer from the broker: ${cause.message}`, { cause });
}
