/** A broker that the benchmark has started. */
export interface Broker extends AsyncDisposable {
  port: number;
  /** Its process on this machine; `null` where it cannot be seen. */
  pid: number | null;
  /** What it says of itself: "mosquitto version 2.1.2". */
  version: string;
  /** Resolves when a client subscribes to this filter from now on. */
  subscribed(filter: string): Promise<void>;
}

/** How a broker deals with its clients. */
export interface BrokerSettings {
  /** `null` for what the broker does by itself. */
  limits: { queuedMessages: number; queuedBytes: number; inflightMessages: number } | null;
  /** MQTT 5 is refused. */
  only311: boolean;
}

/** Nothing is dropped, and the client's window counts, as with Weir's own mosquitto.conf. */
export const OPEN_LIMITS = {
  queuedMessages: 1_000_000,
  queuedBytes: 1_073_741_824,
  inflightMessages: 65_534,
} as const;

export const OPEN: BrokerSettings = { limits: OPEN_LIMITS, only311: false };

/** Mosquitto as it comes: a queue of 1,000 messages for each client, 20 in flight. */
export const AS_IT_COMES: BrokerSettings = { limits: null, only311: false };
