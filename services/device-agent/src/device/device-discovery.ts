import type { DeviceConfig } from "../config/configured-device.ts";
import { createDiscovery, type Discovery } from "../home-assistant/discovery.ts";
import type { SensorDescription } from "../home-assistant/discovery-payload.ts";
import { staleAfterMs } from "../report/freshness.ts";
import type { Reporter } from "../report/reporter.ts";
import type { DeviceControl } from "./control.ts";
import type { OpenedSource } from "./open-sources.ts";

export interface DeviceDiscoveryOptions {
  config: DeviceConfig;
  sources: readonly OpenedSource[];
  reporter: Pick<Reporter, "intervalMs" | "rules">;
  control: Pick<DeviceControl, "intervalMinMs">;
}

/** `change_send_interval` takes a day at most. */
const INTERVAL_SECONDS_MAX = 86_400;

/** What makes a device known to Home Assistant; `null` where it is not to be. */
export function createDeviceDiscovery(options: DeviceDiscoveryOptions): Discovery | null {
  const { config, sources, reporter, control } = options;
  const { homeAssistant, address, commands } = config;
  if (homeAssistant === null) return null;
  return createDiscovery({
    prefix: homeAssistant.prefix,
    describe: () => ({
      address,
      sensors: sources.flatMap((source) => sensorsOf(source, reporter)),
      commands: [...commands.values()],
      intervalSeconds: { min: control.intervalMinMs / 1_000, max: INTERVAL_SECONDS_MAX },
    }),
  });
}

function sensorsOf(
  { source, everyMs, rule }: OpenedSource,
  reporter: Pick<Reporter, "intervalMs" | "rules">,
): SensorDescription[] {
  // An attribute may be called as what every object has: toString.
  const own = new Map(Object.entries(reporter.rules()));
  return source.attributes.map((attribute) => {
    const intervalMs = everyMs ?? reporter.intervalMs();
    const staleMs = staleAfterMs(own.get(attribute.name) ?? rule, intervalMs);
    return { attribute, expireAfterSeconds: Math.ceil(staleMs / 1_000) };
  });
}
