import { Counter, type Registry } from "@weir/runtime";

/** What the device agent counts. Labels come from fixed lists. */
interface AgentMetrics {
  states: Counter<"outcome">;
  commands: Counter<"outcome">;
}

export function createAgentMetrics(registry: Registry): AgentMetrics {
  const registers = [registry];
  return {
    states: new Counter({
      name: "weir_device_states_total",
      help: "States by what became of them: sent, delivered, expired, dropped, refused, abandoned, kept.",
      labelNames: ["outcome"],
      registers,
    }),
    commands: new Counter({
      name: "weir_device_commands_total",
      help: "Commands by how they ended.",
      labelNames: ["outcome"],
      registers,
    }),
  };
}
