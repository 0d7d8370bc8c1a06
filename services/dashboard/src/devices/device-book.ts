import type { DeviceAddress } from "@weir/protocol";
import { type Clock, Fault, RequestFault } from "@weir/runtime";
import type { Device } from "../contract/devices.ts";
import { type ListedSeries, type SeriesCatalogue, toContract } from "../sources/catalogue-cache.ts";
import { addressOf } from "./device-address.ts";
import { type Presence, stateOf } from "./device-state.ts";
import { type Presences, presenceKey } from "./presences.ts";
import { tellingValues } from "./telling-values.ts";

/** How often those who wait for changes hear of them. */
const LOOK_EVERY_MS = 2_000;
/** How soon after birth or will; at a start the broker sends those of all devices at once. */
const LOOK_SOON_MS = 200;
/** Topics of a device that are looked into. */
const TOPICS_MAX = 20;

/** A device, as its series show it. Times in milliseconds since the epoch. */
export interface FoundDevice {
  /** As `deviceOf` gives it. */
  id: string;
  name: string;
  stream: string;
  /** Of its series, 20 at most. */
  topics: readonly string[];
  series: readonly ListedSeries[];
  /** When its newest message arrived. */
  heardMs: number;
  /** The usual time between two messages; 0: not known. */
  intervalMs: number;
  /** `null`: it is not addressed as Weir's devices are. */
  address: DeviceAddress | null;
  /** By which its birth and will are found. */
  presenceKeys: ReadonlySet<string>;
}

export interface DeviceBookOptions {
  catalogue: Pick<SeriesCatalogue, "all">;
  presences: Presences;
  /** The first levels of the topics of Weir's devices. */
  prefixes: readonly string[];
  /** Since when a device is as it says, in milliseconds since the epoch, where birth and will do not show it. */
  sinceOf: (device: FoundDevice, presence: Presence) => number | null;
  clock: Clock;
}

/** The devices that there are, by what they publish. */
export class DeviceBook implements Disposable {
  readonly #options: DeviceBookOptions;
  #listed: readonly ListedSeries[] | null = null;
  #byId: ReadonlyMap<string, FoundDevice> = new Map();
  #keys = new Map<string, string>();
  readonly #listeners = new Set<(changed: readonly Device[]) => void>();
  #shown = new Map<string, string>();
  #looking: Disposable | null = null;
  #soon: Disposable | null = null;

  constructor(options: DeviceBookOptions) {
    this.#options = options;
    options.presences.onChange(() => {
      if (this.#listeners.size === 0) return;
      this.#soon ??= options.clock.schedule(LOOK_SOON_MS, () => this.#look());
    });
  }

  /** In the order of the catalogue. @throws Fault while there is no catalogue. */
  all(): readonly FoundDevice[] {
    return [...this.#devices().values()];
  }

  /** `null` where there is none. */
  look(id: string): FoundDevice | null {
    return this.#devices().get(id) ?? null;
  }

  /** @throws RequestFault where there is none. */
  find(id: string): FoundDevice {
    const found = this.look(id);
    if (found !== null) return found;
    throw new RequestFault(404, [
      {
        field: "id",
        value: id,
        problem: "there is no such device",
        remedy:
          "GET /api/v1/devices lists all; an id holds slashes, so give it in percent encoding.",
      },
    ]);
  }

  /** Those whose id or name, or a topic of theirs, has all these words. */
  search(text = ""): FoundDevice[] {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return this.all().filter(({ id, name, topics }) => {
      const fields = [id, name, ...topics].map((field) => field.toLowerCase());
      return words.every((word) => fields.some((field) => field.includes(word)));
    });
  }

  describe(device: FoundDevice): Device {
    const { id, name, stream, topics, series, heardMs, intervalMs, address } = device;
    const { presences, sinceOf, clock } = this.#options;
    let presence = presences.of(device.presenceKeys);
    if (presence?.sinceMs === null) {
      presence = { ...presence, sinceMs: sinceOf(device, presence) };
    }
    return {
      id,
      name,
      streams: [stream],
      topics: [...topics],
      ...stateOf({ presence, heardMs, intervalMs, nowMs: clock.now() }),
      heardMs,
      isCommandable: address !== null,
      seriesCount: series.length,
      values: tellingValues(series).map(toContract),
    };
  }

  /** Calls back with the devices that have changed, or are new, until disposed of. */
  onChange(listener: (changed: readonly Device[]) => void): Disposable {
    if (this.#listeners.size === 0) {
      this.#shown = new Map();
      this.#look();
      this.#looking = this.#options.clock.repeat(LOOK_EVERY_MS, () => this.#look());
    }
    this.#listeners.add(listener);
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
        if (this.#listeners.size === 0) this[Symbol.dispose]();
      },
    };
  }

  [Symbol.dispose](): void {
    this.#looking?.[Symbol.dispose]();
    this.#looking = null;
    this.#soon?.[Symbol.dispose]();
    this.#soon = null;
  }

  #look(): void {
    this.#soon?.[Symbol.dispose]();
    this.#soon = null;
    const shown = new Map<string, string>();
    const changed: Device[] = [];
    for (const found of this.#ifKnown()) {
      const device = this.describe(found);
      const text = JSON.stringify(device);
      shown.set(device.id, text);
      if (this.#shown.get(device.id) !== text) changed.push(device);
    }
    this.#shown = shown;
    if (changed.length === 0) return;
    for (const listener of this.#listeners) listener(changed);
  }

  /** None where the catalogue cannot be read: whoever asks for a page hears why. */
  #ifKnown(): readonly FoundDevice[] {
    try {
      return this.all();
    } catch (error) {
      if (error instanceof Fault) return [];
      throw error;
    }
  }

  #devices(): ReadonlyMap<string, FoundDevice> {
    const listed = this.#options.catalogue.all();
    if (listed !== this.#listed) {
      this.#byId = this.#group(listed);
      this.#listed = listed;
    }
    return this.#byId;
  }

  #group(listed: readonly ListedSeries[]): ReadonlyMap<string, FoundDevice> {
    const series = Map.groupBy(listed, ({ belongsTo }) => belongsTo.id);
    const keys = new Map<string, string>();
    const byId = new Map<string, FoundDevice>();
    for (const [id, own] of series) byId.set(id, this.#found(id, own, keys));
    this.#keys = keys;
    return byId;
  }

  #found(id: string, series: readonly ListedSeries[], keys: Map<string, string>): FoundDevice {
    // There is no group without a member.
    const [first] = series as [ListedSeries, ...ListedSeries[]];
    const topics = new Set(series.map(({ topic }) => topic));
    const presenceKeys = new Set<string>();
    for (const { series: name, topic, path } of series) {
      // Finding out takes longer than all the rest.
      const key = this.#keys.get(name) ?? presenceKey(topic, path);
      keys.set(name, key);
      presenceKeys.add(key);
    }
    return {
      id,
      name: first.belongsTo.name,
      stream: first.stream,
      topics: [...topics].slice(0, TOPICS_MAX),
      series,
      heardMs: Math.max(...series.map(({ receivedUs }) => receivedUs)) / 1_000,
      intervalMs: usualIntervalMs(series),
      address: addressOf(first.topic, this.#options.prefixes),
      presenceKeys,
    };
  }
}

/** The interval of fewer points says little: many a device sends several at once when it begins. */
const SETTLED_POINTS = 10;

/** That of its most frequent measurement; switches and meters come as they please. */
function usualIntervalMs(series: readonly ListedSeries[]): number {
  const known = series.filter(
    ({ intervalMs, points }) => intervalMs > 0 && points >= SETTLED_POINTS,
  );
  const measured = known.filter(({ kind }) => kind === "gauge");
  const intervals = (measured.length > 0 ? measured : known).map(({ intervalMs }) => intervalMs);
  return intervals.length === 0 ? 0 : Math.min(...intervals);
}
