// The same logic for Weir and for Node-RED: each workflow watches two devices, and says when a value passes a limit.

export const LIMIT = 90;
/** Messages of a device from one value above the limit to the next. */
export const PASSES_EVERY = 100;
/** Workflows in one file at most. */
const PER_FILE = 200;

export const topicOf = (device: number): string => `bench/d-${device}`;
export const TOLD = "told";

/** Workflow files, by name. */
export function weirFiles(count: number): Map<string, string> {
  const files = new Map<string, string>();
  for (let from = 0; from < count; from += PER_FILE) {
    const flows: Record<string, object> = {};
    for (let flow = from; flow < Math.min(count, from + PER_FILE); flow += 1) {
      const watch = (device: number): object => ({
        type: "threshold",
        series: `${topicOf(device)}#value`,
        above: LIMIT,
      });
      flows[`f-${flow}`] = {
        nodes: {
          one: watch(2 * flow),
          other: watch(2 * flow + 1),
          tell: { type: "publish", topic: `${TOLD}/f-${flow}`, text: "{{timeMs}}" },
        },
        wires: ["one.yes -> tell", "other.yes -> tell"],
      };
    }
    // JSON is YAML, too.
    files.set(`flows-${from}.yaml`, JSON.stringify({ flows }));
  }
  return files;
}

/** The time is in the message; the flow's own context keeps what it was before. */
const PASSED = `const was = context.get(msg.topic) === true;
const is = msg.payload.value > ${LIMIT};
if (is !== was) context.set(msg.topic, is);
if (!is || was) return null;
return { topic: "${TOLD}/" + env.get("NR_NODE_NAME"), payload: String(msg.payload.time) };`;

/** The flows of Node-RED. @param port of the broker. */
export function nodeRedFlows(count: number, port: number): object[] {
  const broker = {
    ...{ id: "broker", type: "mqtt-broker", broker: "127.0.0.1", port: String(port) },
    ...{ clientid: "", autoConnect: true, usetls: false, protocolVersion: "5", keepalive: "60" },
    ...{ cleansession: true, birthTopic: "", closeTopic: "", willTopic: "" },
  };
  const nodes: object[] = [{ id: "tab", type: "tab", label: "bench" }, broker];
  for (let flow = 0; flow < count; flow += 1) {
    const place = { z: "tab", x: 0, y: 0 };
    for (const device of [2 * flow, 2 * flow + 1]) {
      nodes.push({
        ...place,
        ...{ id: `in-${device}`, type: "mqtt in", topic: topicOf(device), qos: "1" },
        ...{ datatype: "json", broker: "broker", inputs: 0, wires: [[`watch-${flow}`]] },
      });
    }
    nodes.push(
      {
        ...place,
        ...{ id: `watch-${flow}`, type: "function", name: `f-${flow}`, func: PASSED, outputs: 1 },
        wires: [[`tell-${flow}`]],
      },
      {
        ...place,
        ...{ id: `tell-${flow}`, type: "mqtt out", topic: "", qos: "1", retain: "false" },
        ...{ broker: "broker", wires: [] },
      },
    );
  }
  return nodes;
}
