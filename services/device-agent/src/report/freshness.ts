import type { Sample } from "../sources/source.ts";
import { type DeadbandRule, staleAfterMs } from "./deadband.ts";
import type { ReportedSource } from "./reporter.ts";

/** Knows since when attributes have not been measured. All times are on the monotonic clock. */
export class Freshness {
  #ruleOf: (attribute: string) => DeadbandRule;
  /** The last measurement of each attribute, or the time since which it is expected. */
  #sinceMs = new Map<string, number>();
  /** The interval of each attribute's source; `null` follows the device's interval. */
  #everyMs: ReadonlyMap<string, number | null>;

  constructor(sources: readonly ReportedSource[], ruleOf: (attribute: string) => DeadbandRule) {
    this.#ruleOf = ruleOf;
    this.#everyMs = new Map(
      sources.flatMap(({ source, everyMs }) =>
        source.attributes.map(({ name }) => [name, everyMs]),
      ),
    );
  }

  measured(sample: Sample, nowMs: number): void {
    for (const attribute of Object.keys(sample)) this.#sinceMs.set(attribute, nowMs);
  }

  /** Expects the attributes of these sources from now on. */
  begin(sources: readonly ReportedSource[], nowMs: number): void {
    for (const { name } of sources.flatMap(({ source }) => source.attributes)) {
      this.#sinceMs.set(name, nowMs);
    }
  }

  /** Starts the time of each attribute again, because an interval or a deadband has changed. */
  renew(nowMs: number): void {
    for (const attribute of this.#sinceMs.keys()) this.#sinceMs.set(attribute, nowMs);
  }

  /** Expected attributes that have not been measured for too long. */
  stale(deviceIntervalMs: number, nowMs: number): readonly string[] {
    return [...this.#sinceMs.keys()].filter((attribute) => {
      const intervalMs = this.#everyMs.get(attribute) ?? deviceIntervalMs;
      const silentMs = nowMs - (this.#sinceMs.get(attribute) ?? nowMs);
      return silentMs >= staleAfterMs(this.#ruleOf(attribute), intervalMs);
    });
  }
}
