/** What is sent to a subject of a measurement. */
export interface Load {
  count: number;
  qos: 0 | 1;
  /** Messages go to these in turn. All have the same length in bytes. */
  topics: readonly string[];
  pace: Pace;
}

/** As fast as acknowledgements come, with so many under way; or evenly at a rate. */
type Pace = { kind: "saturation"; window: number } | { kind: "even"; perSecond: number };

/** What came of a load. Times are milliseconds since the epoch, with fractions. */
export interface Sent {
  count: number;
  acknowledged: number;
  firstMs: number;
  /** When the last one was acknowledged; at QoS 0, when it was given to the network. */
  lastMs: number;
  /** From sending a message to its acknowledgement, in microseconds; of an even QoS 1 load. */
  latencyUs: { p50: number; p99: number; p999: number; max: number } | null;
  /** Processor time that the sending process has used for it. */
  cpuUs: number;
}

/** What a process that sends loads is told. */
export type Order = { kind: "prepare"; load: Load } | { kind: "start" };

/** What it answers. */
export type Report =
  /** It can be connected to (a stand-in), or is connected (a generator). */
  | { kind: "ready"; port: number }
  /** A client has subscribed (a stand-in). */
  | { kind: "subscribed"; version: number }
  | { kind: "prepared"; bytesEach: number }
  | { kind: "sent"; sent: Sent };
