/** What became of a message, for the application that sent it. */
export type Outcome =
  /** Telemetry: it has left. Nobody says whether it arrived. */
  | { kind: "sent" }
  /** An event: the broker has it. An alarm: whoever stores it has it. */
  | { kind: "delivered" }
  /** An event outlived its ttl. The reason says whether it had left by then. */
  | { kind: "expired"; reason: string }
  /** It hit a limit, a newer one took its place, or the delivery stopped. */
  | { kind: "dropped"; reason: string }
  /** Not taken in, or not by the broker; sending it again the same way would not help. */
  | { kind: "refused"; reason: string }
  /** An alarm that the outbox gave up: too old, or refused again and again. */
  | { kind: "abandoned"; reason: string }
  /** An alarm at the stop of the delivery: it is on disk, and the next run sends it. */
  | { kind: "kept"; reason: string };

/** What a message that still waits at the stop of the delivery is told. */
export const STOPPED = "the delivery was stopped before";
