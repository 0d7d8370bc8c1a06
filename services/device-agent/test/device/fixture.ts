import { systemClock } from "@weir/runtime";
import { createTestContext, type TemporaryFolder } from "@weir/testkit";
import { openJournals } from "../../src/command-life/journal.ts";
import type { DeviceConfig } from "../../src/config/device-config.ts";
import type { ConfiguredSource } from "../../src/config/source-config.ts";
import { memoryInProcess } from "../../src/control/control.ts";
import { type DeviceOptions, startDevice } from "../../src/device/device.ts";
import { source as randomWalk } from "../../src/sources/random-walk.ts";

export const WALK: ConfiguredSource = {
  name: "walk",
  kind: randomWalk,
  options: randomWalk.options.parse({}),
  isActive: true,
  everyMs: null,
  delivery: { class: "telemetry" },
  rule: { deadband: null, maxSilenceMs: 300_000 },
};

/** A device that walks, every ten seconds. */
const WALKER: Omit<DeviceConfig, "sandbox"> = {
  address: { prefix: "devices", id: "kitchen" },
  intervalMs: 10_000,
  intervalMinMs: 10_000,
  sources: [WALK],
  commands: new Map(),
  homeAssistant: null,
  seed: 1,
  base: ".",
  sessionExpirySeconds: 60,
  power: "mains",
  confirm: "puback",
  reservedTopics: [],
};

/** Starts a device at the broker of this port, with a journal in the folder. */
export function startTestDevice(
  port: number,
  folder: TemporaryFolder,
  { config, ...more }: Partial<Omit<DeviceOptions, "config">> & { config?: Partial<DeviceConfig> },
): AsyncDisposable {
  const opened = new AsyncDisposableStack();
  const journals = opened.use(openJournals(folder.file("journal.db")));
  opened.use(
    startDevice({
      config: {
        ...WALKER,
        sandbox: { folder: folder.file("sandbox"), quotaBytes: 0, reserveBytes: 0 },
        ...config,
      },
      connection: {
        broker: { url: `mqtt://127.0.0.1:${port}`, username: null, password: null },
      },
      journal: journals.of("kitchen"),
      memory: memoryInProcess(),
      outboxFile: null,
      onState: () => {},
      onCommand: () => {},
      onFault: (fault) => {
        throw fault;
      },
      restart: () => {},
      clock: systemClock,
      logger: createTestContext().logger,
      ...more,
    }),
  );
  return opened;
}
