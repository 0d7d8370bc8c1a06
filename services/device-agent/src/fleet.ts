import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { createReconnectingClient } from "@weir/mqtt";
import { deviceTopics } from "@weir/protocol";
import { type BrokerConfig, type Clock, createLogger } from "@weir/runtime";
import { openJournals } from "./command-life/journal.ts";
import { DEVICE_COMMANDS } from "./commands/index.ts";
import type { DeviceConfig } from "./config/device-config.ts";
import { memoryInProcess } from "./control/control.ts";
import { startDevice } from "./device/device.ts";
import { source as randomWalk } from "./sources/random-walk.ts";

export interface FleetRequest {
  broker: BrokerConfig;
  devices: number;
  /** States a second of each device. */
  rate: number;
  /** How long it runs, in milliseconds; `null` until it is stopped. */
  forMs: number | null;
  prefix: string;
  /** Device 7 is called `<name>-7`. */
  name: string;
  seed: number | null;
}

export interface FleetCounts {
  connected: number;
  /** States by outcome. */
  sent: number;
  lost: number;
  commands: number;
}

/** So many devices start at once; the next ones follow a moment later. */
const DEVICES_PER_STEP = 20;
const STEP_MS = 50;

/** Commands that need a disk or a process: a simulated device has neither. */
const NOT_SIMULATED: ReadonlySet<string> = new Set(["add_1gb_file", "rm_1gb_file", "restart"]);
const COMMANDS: DeviceConfig["commands"] = new Map(
  DEVICE_COMMANDS.filter(({ name }) => !NOT_SIMULATED.has(name)).map((command) => [
    command.name,
    command,
  ]),
);

/**
 * Starts simulated devices, a few at a time, so that their states are spread over the interval.
 *
 * @param options.folder for the journal of all devices.
 */
export function startFleet({
  request,
  folder,
  onFault,
  clock,
}: {
  request: FleetRequest;
  folder: string;
  onFault: (fault: unknown) => void;
  clock: Clock;
}) {
  const counts: FleetCounts = { connected: 0, sent: 0, lost: 0, commands: 0 };
  const opened = new AsyncDisposableStack();
  const journals = opened.use(openJournals(join(folder, "journal.db")));
  const logger = createLogger("fleet", { logLevel: "error", logFormat: "auto" });
  const devices = opened.use(new AsyncDisposableStack());
  let started = 0;

  function start(index: number): void {
    const config = deviceConfig(request, folder, index);
    let isConnected = false;
    devices.use(
      startDevice({
        config,
        connection: {
          broker: request.broker,
          onConnected: () => {
            isConnected = true;
            counts.connected += 1;
          },
          onDisconnected: () => {
            // Also called for a device that has never been connected.
            if (isConnected) counts.connected -= 1;
            isConnected = false;
          },
        },
        journal: journals.of(config.address.id),
        memory: memoryInProcess(),
        outboxFile: null,
        onState: ({ kind }) => {
          if (kind === "sent" || kind === "delivered") counts.sent += 1;
          else counts.lost += 1;
        },
        onCommand: () => {
          counts.commands += 1;
        },
        onFault,
        restart: () => {},
        clock,
        logger,
      }),
    );
  }

  function step(): void {
    const until = Math.min(request.devices, started + DEVICES_PER_STEP);
    for (; started < until; started += 1) start(started + 1);
    if (started === request.devices) starting[Symbol.dispose]();
  }

  const starting = opened.use(clock.repeat(STEP_MS, step));
  return {
    counts: (): FleetCounts => ({ ...counts }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function deviceConfig(
  { rate, prefix, name, seed }: FleetRequest,
  folder: string,
  index: number,
): DeviceConfig {
  return {
    address: { prefix, id: `${name}-${index}` },
    intervalMs: Math.round(1_000 / rate),
    intervalMinMs: 10,
    sources: [
      {
        name: "walk",
        kind: randomWalk,
        options: randomWalk.options.parse({}),
        isActive: true,
        everyMs: null,
        delivery: { class: "telemetry" },
        rule: { deadband: null, maxSilenceMs: 300_000 },
      },
    ],
    commands: COMMANDS,
    sandbox: { folder: join(folder, "sandbox"), quotaBytes: 0, reserveBytes: 0 },
    homeAssistant: null,
    seed: seed === null ? null : seed + index,
    base: ".",
    sessionExpirySeconds: 60,
    power: "mains",
    confirm: "puback",
    reservedTopics: [],
  };
}

/** After so long without a broker its messages stay retained. */
const TIMEOUT_MS = 10_000;

/** Clears the retained availability of the simulated devices. */
export async function forgetFleet(
  { broker, devices, prefix, name }: FleetRequest,
  clock: Clock,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  await using client = createReconnectingClient({
    broker,
    clientId: `weir-fleet-${randomUUID()}`,
    session: { kind: "clean" },
    onConnected: () => void clear().then(over.resolve, over.resolve),
    clock,
    logger: createLogger("fleet", { logLevel: "error", logFormat: "auto" }),
  });
  using _timer = clock.schedule(TIMEOUT_MS, () => over.resolve());

  async function clear(): Promise<void> {
    const ids = Array.from({ length: devices }, (_, index) => `${name}-${index + 1}`);
    const topics = ids.map((id) => deviceTopics({ prefix, id }).availability);
    // A retained message without a payload removes the one before [MQTT-3.3.1-6].
    await Promise.all(topics.map((topic) => client.publish(topic, "", { qos: 1, retain: true })));
  }

  client.start();
  await over.promise;
}
