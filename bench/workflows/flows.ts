// The same logic for Weir and for Node-RED: each workflow watches two devices, and says when a value passes a limit.

const LIMIT = 90;
/** Workflows in one file at most. */
const PER_FILE = 200;

export const topicOf = (device: number): string => `bench/d-${device}`;
const TOLD = "told";

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

/** One workflow over all devices. */
export function weirFileForAll(): Map<string, string> {
  const nodes = {
    all: { type: "threshold", series: "bench/+#value", above: LIMIT },
    tell: { type: "publish", topic: `${TOLD}/all`, text: "{{timeMs}}" },
  };
  return new Map([
    ["all.yaml", JSON.stringify({ flows: { all: { nodes, wires: ["all.yes -> tell"] } } })],
  ]);
}

/** The time is in the message; the flow's own context keeps what it was before. */
const PASSED = `const was = context.get(msg.topic) === true;
const is = msg.payload.value > ${LIMIT};
if (is !== was) context.set(msg.topic, is);
if (!is || was) return null;
return { topic: "${TOLD}/" + env.get("NR_NODE_NAME"), payload: String(msg.payload.time) };`;

/** What all flows of Node-RED begin with. @param port of the broker. */
function nodeRedBase(port: number): object[] {
  const broker = {
    ...{ id: "broker", type: "mqtt-broker", broker: "127.0.0.1", port: String(port) },
    ...{ clientid: "", autoConnect: true, usetls: false, protocolVersion: "5", keepalive: "60" },
    ...{ cleansession: true, birthTopic: "", closeTopic: "", willTopic: "" },
  };
  return [{ id: "tab", type: "tab", label: "bench" }, broker];
}

/** One flow over all devices. @param port of the broker. */
export function nodeRedFlowForAll(port: number): object[] {
  const place = { z: "tab", x: 0, y: 0 };
  return [
    ...nodeRedBase(port),
    {
      ...place,
      ...{ id: "in", type: "mqtt in", topic: "bench/+", qos: "1", datatype: "json" },
      ...{ broker: "broker", inputs: 0, wires: [["watch"]] },
    },
    {
      ...place,
      ...{ id: "watch", type: "function", name: "all", func: PASSED, outputs: 1 },
      wires: [["tell"]],
    },
    {
      ...place,
      ...{ id: "tell", type: "mqtt out", topic: "", qos: "1", retain: "false" },
      ...{ broker: "broker", wires: [] },
    },
  ];
}

/** A flow for two devices each. @param port of the broker. */
export function nodeRedFlows(count: number, port: number): object[] {
  const nodes = nodeRedBase(port);
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
