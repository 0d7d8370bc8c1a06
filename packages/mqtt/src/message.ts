/** A message as it came from the broker. */
export interface InboundMessage {
  topic: string;
  payload: Buffer;
  qos: 0 | 1 | 2;
  /** The broker kept it and sent it because of the subscription [MQTT-3.3.1-8]. */
  retained: boolean;
  /**
   * Tells the broker that it need not send this message again. Only on links with
   * `acknowledge: "manually"`; without effect for QoS 0 and once the connection that brought the
   * message is gone, because the broker then sends it again on the next one.
   */
  acknowledge: () => void;
}

/** How to send a message. */
export interface PublishOptions {
  qos: 0 | 1;
  retain?: boolean;
  /** After how many seconds the broker may forget it. Only MQTT 5 brokers do. */
  expirySeconds?: number;
}

/** What to receive, at most how often. */
export interface Subscription {
  filter: string;
  qos: 0 | 1;
}

/** The session at the broker: thrown away at the end of the connection, or kept for a while. */
export type Session = { kind: "clean" } | { kind: "persistent"; expirySeconds: number };
