import type { DeviceConfig } from "../config/configured-device.ts";
import { createDiscovery, type Discovery } from "../home-assistant/discovery.ts";
import type { SensorDescription } from "../home-assistant/discovery-payload.ts";
import type { Reporter } from "../report/reporter.ts";
import type { DeviceControl } from "./control.ts";
import type { OpenedSource } from "./open-sources.ts";

export interface DeviceDiscoveryOptions {
  config: DeviceConfig;
  sources: readonly OpenedSource[];
  reporter: Pick<Reporter, "intervalMs" | "rules">;
  control: Pick<DeviceControl, "intervalMinMs">;
}

/** So many reports in a row have to be missing before a value counts as gone. */
const MISSING_REPORTS = 3;
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

/** A value that a deadband keeps back is silent for longer than its interval. */
function sensorsOf(
  { source, everyMs, rule }: OpenedSource,
  reporter: Pick<Reporter, "intervalMs" | "rules">,
): SensorDescription[] {
  // An attribute may be called as what every object has: toString.
  const own = new Map(Object.entries(reporter.rules()));
  return source.attributes.map((attribute) => {
    const { deadband, maxSilenceMs } = own.get(attribute.name) ?? rule;
    const silenceMs = (deadband === null ? 0 : maxSilenceMs) + (everyMs ?? reporter.intervalMs());
    return { attribute, expireAfterSeconds: Math.ceil((MISSING_REPORTS * silenceMs) / 1_000) };
  });
}
