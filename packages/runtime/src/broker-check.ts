import { Counter, Gauge, type Registry } from "prom-client";
import type { Health } from "./health.ts";

/** Something that a service asks of its broker and does not get. */
interface Shortfall {
  kind: string;
  /** In words for an operator. */
  reason: string;
}

/** Without these a service is not ready: it does not receive what it must. Other shortfalls are warnings. */
const NOT_READY: ReadonlySet<string> = new Set(["filter"]);

const SHORTFALLS = "weir_broker_shortfalls";
const TAKEOVERS = "weir_broker_takeovers_total";

export type BrokerCheck = ReturnType<typeof watchBroker>;

/**
 * Shows the state of a connection to a broker in `/readyz` and `/metrics`. The result is spread into the
 * options of the connection's client.
 *
 * @param name of the check, and the label of the metrics.
 */
export function watchBroker(
  { health, metrics }: { health: Health; metrics: Registry },
  name = "broker",
) {
  const check = health.check(name);
  const { shortfallGauge, takeoverCounter } = metricsIn(metrics);
  const labels = { connection: name };
  takeoverCounter.inc(labels, 0);
  let isConnected = false;
  let shortfalls: readonly Shortfall[] = [];

  function show(): void {
    if (!isConnected) return;
    const reasons = (isBlocking: boolean): string[] =>
      shortfalls
        .filter(({ kind }) => NOT_READY.has(kind) === isBlocking)
        .map(({ reason }) => reason);
    const blocking = reasons(true);
    if (blocking.length > 0) check.fail(blocking.join(" "));
    else check.pass(reasons(false));
  }

  return {
    onConnected: (): void => {
      isConnected = true;
      show();
    },
    onDisconnected: (reason: string): void => {
      isConnected = false;
      check.fail(reason);
    },
    onShortfalls: (found: readonly Shortfall[]): void => {
      for (const { kind } of shortfalls) shortfallGauge.remove({ ...labels, kind });
      shortfalls = found;
      for (const { kind } of shortfalls) shortfallGauge.inc({ ...labels, kind });
      show();
    },
    onTakeover: (): void => takeoverCounter.inc(labels),
  };
}

/** A service may have several brokers. The metrics are registered once. */
function metricsIn(registry: Registry): { shortfallGauge: Gauge; takeoverCounter: Counter } {
  const registers = [registry];
  const shortfallGauge =
    (registry.getSingleMetric(SHORTFALLS) as Gauge | undefined) ??
    new Gauge({
      name: SHORTFALLS,
      help: "What the broker does not grant of what is asked for, by kind; filter: so many filters are refused.",
      labelNames: ["connection", "kind"],
      registers,
    });
  const takeoverCounter =
    (registry.getSingleMetric(TAKEOVERS) as Counter | undefined) ??
    new Counter({
      name: TAKEOVERS,
      help: "Connections that another client of the same client id seems to have ended.",
      labelNames: ["connection"],
      registers,
    });
  return { shortfallGauge, takeoverCounter };
}
