import { clientNamesOf } from "@weir/protocol";
import { Fault, type ServiceContext } from "@weir/runtime";
import { type Device, deviceOf, readCatalogue } from "@weir/series";

/** The catalogue is read once in this time at most: a device is known so long after its first message. */
const READ_EVERY_MS = 60_000;

/** The devices of the catalogue, by what they may be called as clients. */
export class KnownDevices {
  readonly #indexFile: string;
  readonly #context: Pick<ServiceContext, "clock" | "logger">;
  #byClientName: ReadonlyMap<string, readonly Device[]> = new Map();
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(indexFile: string, context: Pick<ServiceContext, "clock" | "logger">) {
    this.#indexFile = indexFile;
    this.#context = context;
  }

  /** Those that a client may be; empty where none is known. @param name as `nameInClientId` gives it. */
  ofClient(name: string): readonly Device[] {
    this.#refresh();
    return this.#byClientName.get(name) ?? [];
  }

  #refresh(): void {
    const { clock, logger } = this.#context;
    if (clock.monotonic() < this.#notBeforeMs) return;
    this.#notBeforeMs = clock.monotonic() + READ_EVERY_MS;
    try {
      const devices = new Map<string, Device>();
      for (const series of readCatalogue(this.#indexFile) ?? []) {
        const device = deviceOf(series);
        devices.set(device.id, device);
      }
      const byClientName = new Map<string, Device[]>();
      for (const device of devices.values()) {
        for (const name of clientNamesOf(device.id)) {
          const named = byClientName.get(name);
          if (named === undefined) byClientName.set(name, [device]);
          else named.push(device);
        }
      }
      this.#byClientName = byClientName;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      logger.warn({ err: error }, "the catalogue cannot be read: devices are known as before");
    }
  }
}
