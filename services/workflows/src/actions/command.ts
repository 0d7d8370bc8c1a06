import { type Effect, isTooDeep, type Outcome } from "@weir/flows";
import {
  type CommandAck,
  CommandLife,
  commandMessage,
  type DeviceAddress,
  deviceTopics,
  isName,
  parseCommandAck,
} from "@weir/protocol";
import type { Clock } from "@weir/runtime";
import { failed, type Performer, uncertain } from "./performer.ts";
import { orAborted, type Publish, publishProblem } from "./publish.ts";

const PROBLEM_LENGTH_MAX = 500;
/** The largest result that a workflow goes on with, as JSON in characters. */
const RESULT_MAX = 65_536;

export interface CommandsOptions {
  publish: Publish;
  /** The first levels of the topics of Weir's devices; `+` is any level. */
  prefixes: readonly string[];
  clock: Clock;
}

/** A command that waits for its device. */
interface Sent {
  ackTopic: string;
  life: CommandLife;
  end: (outcome: Outcome) => void;
}

/** Sends commands to devices, and learns by their acks what becomes of them. */
export class Commands {
  readonly #options: CommandsOptions;
  /** By the id of the command, which is the key of the action. */
  readonly #sent = new Map<string, Sent>();

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  /** The topics whose messages `take` wants. */
  get filters(): string[] {
    return this.#options.prefixes.map((prefix) => `${prefix}/+/command/ack`);
  }

  /** Takes a stored message of a topic of acks. */
  take(topic: string, payload: Buffer): void {
    // Most acks are of commands that others have sent.
    if (this.#sent.size === 0) return;
    const ack = parseCommandAck(payload);
    const sent = ack?.id == null ? undefined : this.#sent.get(ack.id);
    if (ack === null || sent === undefined || sent.ackTopic !== topic) return;
    const ended = sent.life.take(ack);
    if (ended !== null) sent.end(outcomeOf(ended, ack));
  }

  readonly perform: Performer<Extract<Effect, { kind: "command" }>> = async (
    { device, name, payload, timeoutMs },
    { key, attempt, signal },
  ) => {
    const address = this.#addressOf(device);
    if (address === null) {
      const { prefixes } = this.#options;
      return failed(
        `${JSON.stringify(device)} is no device that takes commands; give its id, or its topic below ${prefixes.join(" or ")}`,
      );
    }
    const { clock, publish } = this.#options;
    const { command, ack } = deviceTopics(address);
    const life = new CommandLife();
    const ended = Promise.withResolvers<Outcome>();
    this.#sent.set(key, { ackTopic: ack, life, end: ended.resolve });
    try {
      // The device may have it from an earlier attempt: then it says `duplicate`.
      for (let times = 0; times < Math.min(attempt, 2); times += 1) life.sent();
      const asked = { address, id: key, name, payload, expiresMs: timeoutMs };
      const message = commandMessage(asked, clock.now());
      const problem = await publishProblem(publish(command, message, { qos: 1 }), signal);
      if (problem !== null) return problem;
      using _timer = clock.schedule(timeoutMs, () => {
        const seconds = timeoutMs / 1_000;
        const words =
          life.last === null
            ? "has not answered"
            : `says ${life.last.status}, and has not ended it`;
        ended.resolve(uncertain(`the device ${words} within ${seconds} s`));
      });
      return await orAborted(ended.promise, signal);
    } finally {
      this.#sent.delete(key);
    }
  };

  /** `kitchen`, `devices/kitchen`, or the id of a device in the data: `home:devices/kitchen`. */
  #addressOf(device: string): DeviceAddress | null {
    const { prefixes } = this.#options;
    const path = device.slice(device.indexOf(":") + 1);
    const levels = path.split("/");
    const id = levels.pop() ?? "";
    if (!isName(id)) return null;
    const [usual = ""] = prefixes;
    if (levels.length === 0) return usual.includes("+") ? null : { prefix: usual, id };
    const isKnown = prefixes.some((prefix) => {
      const wanted = prefix.split("/");
      return (
        wanted.length === levels.length &&
        wanted.every((level, at) =>
          level === "+" ? isName(levels[at] ?? "") : level === levels[at],
        )
      );
    });
    return isKnown ? { prefix: levels.join("/"), id } : null;
  }
}

function outcomeOf(ended: NonNullable<ReturnType<CommandLife["take"]>>, ack: CommandAck): Outcome {
  if (ended === "done") {
    const { result = null } = ack;
    const isSmall = !isTooDeep(result) && JSON.stringify(result).length <= RESULT_MAX;
    return { isDone: true, result: { id: ack.id, result: isSmall ? result : null } };
  }
  const why = ack.error === undefined ? "" : `: ${ack.error.slice(0, PROBLEM_LENGTH_MAX)}`;
  const problem = `the device says ${ended}${why}`;
  return ended === "unknown" ? uncertain(problem) : failed(problem);
}
