import { FAIR, type Weather } from "./fault-proxy-weather.ts";

/** What an operator can tell the proxy. */
export type ProxyCommand = { kind: "weather"; weather: Weather } | { kind: "reset" };

export const COMMANDS = `capture              nothing comes through any more; connections stay open
release              everything comes through again
reset                ends all connections, once
latency MS           everything comes so much later
throttle BYTES       at most so many bytes a second
slices               every byte comes alone
half-open up|down    nothing comes through to (up) or from (down) the broker`;

/** Reads a command; `null` for anything else. */
export function parseCommand([word, argument]: readonly string[]): ProxyCommand | null {
  const amount = Number(argument);
  const isAmount = Number.isInteger(amount) && amount > 0;
  switch (word) {
    case "capture":
      return weather({ kind: "black hole" });
    case "release":
      return weather(FAIR);
    case "reset":
      return { kind: "reset" };
    case "slices":
      return weather({ kind: "slices" });
    case "latency":
      return isAmount ? weather({ kind: "latency", delayMs: amount }) : null;
    case "throttle":
      return isAmount ? weather({ kind: "throttle", bytesPerSecond: amount }) : null;
    case "half-open":
      return argument === "up" || argument === "down"
        ? weather({ kind: "half-open", dead: argument })
        : null;
    default:
      return null;
  }
}

function weather(imposed: Weather): ProxyCommand {
  return { kind: "weather", weather: imposed };
}
