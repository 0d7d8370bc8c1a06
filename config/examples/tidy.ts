import type { MessageFilter } from "@weir/logger/filter";

/** How many of a chatty topic's messages are kept: one of so many. */
const ONE_OF = 10;

const seen = { vibration: 0 };

/**
 * A code filter to copy: it drops heartbeats, thins out a sensor that sends too much, and turns degrees
 * Fahrenheit into Celsius. In weir.yaml: `filter: examples/tidy.ts`.
 */
const tidy: MessageFilter = ({ topic, payload }) => {
  if (topic.endsWith("/heartbeat")) return "drop";
  if (topic.endsWith("/vibration")) return seen.vibration++ % ONE_OF === 0 ? "keep" : "drop";
  if (!topic.endsWith("/fahrenheit")) return "keep";
  const celsius = ((Number(payload.toString()) - 32) * 5) / 9;
  // Keep what is no number: the decoder then stores it as rejected, with the reason.
  return Number.isNaN(celsius) ? "keep" : Buffer.from(celsius.toFixed(2));
};

export default tidy;
