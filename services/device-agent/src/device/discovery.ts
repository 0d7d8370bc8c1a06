import {
  type InboundMessage,
  isRefusal,
  type ReconnectingClient,
  type Subscription,
} from "@weir/mqtt";
import { type DeviceAddress, discoveryTopic, textOf } from "@weir/protocol";
import type { ServiceContext } from "@weir/runtime";
import type { DeviceMemory, Remembered } from "../control/control.ts";
import {
  type DeviceDescription,
  type DiscoveryPayload,
  discoveryPayload,
} from "./home-assistant.ts";

/** The payload of Home Assistant's status topic when it has started. */
const STARTED = "online";
const RETAINED = { qos: 1, retain: true } as const;

type Publisher = Pick<ReconnectingClient, "publish">;

/** The announcements on one connection. */
interface Connection {
  client: Publisher;
  /** Something has changed since the last announcement began. */
  isDue: boolean;
  isAnnouncing: boolean;
}

export interface DiscoveryOptions {
  /** Home Assistant's discovery prefix, usually `homeassistant`; `null` takes the device back. */
  prefix: string | null;
  address: DeviceAddress;
  describe: () => DeviceDescription;
  memory: DeviceMemory;
  logger: ServiceContext["logger"];
}

/**
 * Announces a device to Home Assistant, and again when Home Assistant has restarted. It remembers what it has
 * announced before it does so: what is gone since then it takes back, whatever has ended the process in between.
 */
export class Discovery {
  readonly subscriptions: readonly Subscription[];
  #options: DiscoveryOptions;
  /** `null` where the device is not to be announced. */
  #topic: string | null;
  #connection: Connection | null = null;

  constructor(options: DiscoveryOptions) {
    const { prefix, address } = options;
    this.#options = options;
    this.#topic = prefix === null ? null : discoveryTopic(prefix, address.id);
    this.subscriptions = prefix === null ? [] : [{ filter: `${prefix}/status`, qos: 1 }];
  }

  /** For the client's `onMessage`: whether the message was Home Assistant's status. */
  receive({ topic, payload }: InboundMessage): boolean {
    if (topic !== this.subscriptions[0]?.filter) return false;
    if (textOf(payload) === STARTED) this.refresh();
    return true;
  }

  connected(client: Publisher): void {
    this.#connection = { client, isDue: false, isAnnouncing: false };
    this.refresh();
  }

  disconnected(): void {
    this.#connection = null;
  }

  /** Announces the device again, after its description has changed. */
  refresh(): void {
    const on = this.#connection;
    if (on === null) return;
    on.isDue = true;
    if (on.isAnnouncing) return;
    on.isAnnouncing = true;
    void this.#announceWhileDue(on);
  }

  async #announceWhileDue(on: Connection): Promise<void> {
    try {
      while (on.isDue && on === this.#connection) {
        on.isDue = false;
        await this.#takeBackTopics(on.client);
        if (this.#topic !== null) await this.#announce(this.#topic, on.client);
      }
    } catch {
      // The client logs why; the next connection announces it again.
    } finally {
      on.isAnnouncing = false;
    }
  }

  /** Removes the device where it was announced under another prefix or id, or is not to be announced any more. */
  async #takeBackTopics(client: Publisher): Promise<void> {
    for (const topic of Object.keys(this.#announced)) {
      if (topic === this.#topic) continue;
      try {
        await client.publish(topic, "", RETAINED);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        // Another time would end in the same way: since then the user's rights are others.
        this.#options.logger.warn(
          { topic },
          `the broker does not let this device take back what it has announced to Home Assistant; remove it there: mosquitto_pub -r -n -t ${topic}`,
        );
      }
      const { [topic]: _takenBack, ...others } = this.#announced;
      this.#remember(others);
    }
  }

  /** Each component that is gone is announced once more, as its platform alone, which removes it. */
  async #announce(topic: string, client: Publisher): Promise<void> {
    const payload = discoveryPayload(this.#options.describe());
    const before = this.#announced[topic] ?? {};
    const now = platformsOf(payload);
    this.#remember({ ...this.#announced, [topic]: { ...before, ...now } });
    const gone = Object.entries(before).filter(([name]) => !Object.hasOwn(now, name));
    if (gone.length > 0) {
      const removals = Object.fromEntries(gone.map(([name, platform]) => [name, { platform }]));
      const components = { ...payload.components, ...removals };
      await client.publish(topic, JSON.stringify({ ...payload, components }), RETAINED);
    }
    await client.publish(topic, JSON.stringify(payload), RETAINED);
    this.#remember({ ...this.#announced, [topic]: now });
  }

  get #announced(): Remembered["announced"] {
    return this.#options.memory.recall().announced;
  }

  #remember(announced: Remembered["announced"]): void {
    const { memory, logger } = this.#options;
    const before = memory.recall();
    if (JSON.stringify(before.announced) === JSON.stringify(announced)) return;
    try {
      memory.keep({ ...before, announced });
    } catch (error) {
      logger.warn(
        { err: error },
        "what was announced to Home Assistant cannot be kept; what is taken away meanwhile stays there",
      );
    }
  }
}

function platformsOf({ components }: DiscoveryPayload): Record<string, string> {
  return Object.fromEntries(
    Object.entries(components).map(([name, { platform }]) => [name, platform]),
  );
}
