import { randomUUID } from "node:crypto";
import { isRefusal } from "@weir/mqtt";
import {
  COMMAND_BYTES_MAX,
  commandMessage,
  type DeviceAddress,
  isName,
  NAME_RESERVED,
} from "@weir/protocol";
import { errorMessage, RequestFault } from "@weir/runtime";
import type { CommandLife, DeviceCommands as Described } from "../contract/devices.ts";
import { CommandMemory, type CommandMemoryOptions, type KnownCommands } from "./command-memory.ts";
import { rootOf } from "./device-address.ts";
import type { FoundDevice } from "./device-book.ts";
import type { TrackedCommand } from "./tracked-command.ts";

/** Commands that are shown of one device. */
const RECENT_MAX = 20;

/** The ids of what the dashboard itself asks for: they are not shown among the commands. */
const DESCRIBE_ID = "weir-describe-";
/** After how long a device is asked again, if it has not answered, and if it has. */
const ASK_AGAIN_MS = 60_000;
const DESCRIPTION_MS = 3_600_000;
/** How long whoever opens a page waits for the first description. */
const DESCRIPTION_WAIT_MS = 1_500;
/** Devices whose last question is remembered. */
const ASKED_MAX = 1_000;

/** Commands to devices: what they are, sending them, and what becomes of them. */
export class DeviceCommands implements Disposable {
  readonly #options: CommandMemoryOptions;
  readonly #memory: CommandMemory;
  /** When each device was asked to describe itself, by the beginning of its topics. */
  readonly #askedMs = new Map<string, number>();

  constructor(options: CommandMemoryOptions) {
    this.#options = options;
    this.#memory = new CommandMemory(options);
  }

  /**
   * The commands of a device as it describes them, and the newest ones that were sent to it. Asks the device where it
   * has not described them lately.
   *
   * @param isOffline whether it says so itself: then it is not asked.
   */
  async of(device: FoundDevice, isOffline: boolean): Promise<Described> {
    const { address, id } = device;
    if (address === null) return { describedMs: null, commands: [], recent: [] };
    const known = this.#memory.read(rootOf(address));
    if (!isOffline) await this.#askForDescription(address, known);
    const recent = [...known.commands.values()]
      .filter(isShown)
      .sort((a, b) => b.sent.sentMs - a.sent.sentMs)
      .slice(0, RECENT_MAX);
    return { ...known.description, recent: recent.map((one) => one.toContract(id)) };
  }

  /**
   * Sends a command. Resolves when the broker has it.
   *
   * @param by the user who sends it.
   * @throws RequestFault when nothing was sent, or when that is not known.
   */
  async send(
    { address, id: device }: FoundDevice,
    { name, payload, timeoutMs }: { name: string; payload?: unknown; timeoutMs: number },
    by: string,
  ): Promise<CommandLife> {
    if (address === null) {
      const problem = "it is not addressed as Weir's devices are, so it takes no commands";
      const remedy = "Its topics must begin with one of DEVICE_TOPIC_PREFIXES and its name.";
      throw new RequestFault(409, [{ field: "id", value: device, problem, remedy }]);
    }
    if (!isName(name)) {
      const problem = "it is no name of a command";
      throw new RequestFault(400, [{ field: "name", value: name, problem, remedy: NAME_RESERVED }]);
    }
    const asked = { id: randomUUID(), name, payload, expiresMs: timeoutMs, by };
    return (await this.#publish(address, asked)).toContract(device);
  }

  /**
   * One command. Resolves when it has ended, at the latest after `waitMs`.
   *
   * @throws RequestFault where there is none.
   */
  async one(
    { address, id: device }: FoundDevice,
    id: string,
    waitMs: number,
  ): Promise<CommandLife> {
    const commands = address === null ? null : this.#memory.read(rootOf(address)).commands;
    const found = commands?.get(id);
    if (found === undefined) {
      const problem = "there is no such command among the newest of this device";
      const remedy = "The answer to the request that sent it has its id.";
      throw new RequestFault(404, [{ field: "command", value: id, problem, remedy }]);
    }
    await this.#memory.until(waitMs, () => found.hasEnded);
    return found.toContract(device);
  }

  /** Calls back with each command of a device as it goes on, until disposed of. */
  follow({ address, id }: FoundDevice, take: (command: CommandLife) => void): Disposable {
    const own = address === null ? null : rootOf(address);
    return this.#memory.listen((root, command) => {
      if (root === own && isShown(command)) take(command.toContract(id));
    });
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }

  async #publish(
    address: DeviceAddress,
    { by, ...asked }: Asked & { by: string | null },
  ): Promise<TrackedCommand> {
    const { link, clock, senders } = this.#options;
    const { id, name, payload, expiresMs } = asked;
    const nowMs = clock.now();
    const message = commandMessage({ address, ...asked }, nowMs);
    if (Buffer.byteLength(message) > COMMAND_BYTES_MAX) {
      const problem = `a command has at most ${COMMAND_BYTES_MAX} bytes`;
      const remedy = "Give a smaller payload: nothing was sent.";
      throw new RequestFault(400, [{ field: "payload", value: null, problem, remedy }]);
    }
    if (!link.state.isConnected) {
      const why = link.state.reason === null ? "" : ` (${link.state.reason})`;
      const problem = `the broker is away${why}: nothing was sent`;
      throw brokerFault(503, problem, "Send it again when the broker is back.");
    }
    if (by !== null) senders.note(id, by, nowMs);
    const sent = { id, name, payload, by, sentMs: nowMs, expiresMs: nowMs + expiresMs };
    const command = this.#memory.add(rootOf(address), sent);
    try {
      await link.publish(`${rootOf(address)}/command`, message);
    } catch (error) {
      const why = errorMessage(error);
      if (isRefusal(error)) {
        const remedy = "Its user at the broker must be allowed to send commands to this device.";
        throw brokerFault(403, `the broker refuses it to the dashboard: ${why}`, remedy);
      }
      const problem = `whether the command ${id} was sent is not known: ${why}`;
      const remedy = "The device's commands show whether it answers. It executes an id only once.";
      throw brokerFault(503, problem, remedy);
    }
    return command;
  }

  async #askForDescription(address: DeviceAddress, known: KnownCommands): Promise<void> {
    const { clock, link } = this.#options;
    const root = rootOf(address);
    const nowMs = clock.now();
    const { describedMs } = known.description;
    const isFresh = describedMs !== null && describedMs > nowMs - DESCRIPTION_MS;
    if (isFresh || !link.state.isConnected) return;
    if ((this.#askedMs.get(root) ?? 0) <= nowMs - ASK_AGAIN_MS) {
      if (this.#askedMs.size === ASKED_MAX) this.#askedMs.clear();
      this.#askedMs.set(root, nowMs);
      const id = DESCRIBE_ID + randomUUID();
      const asked = { id, name: "describe", payload: undefined, expiresMs: ASK_AGAIN_MS };
      // Without an answer the page has no description, and says so.
      await this.#publish(address, { ...asked, by: null }).catch(() => {});
    }
    if (describedMs !== null) return;
    await this.#memory.until(DESCRIPTION_WAIT_MS, () => known.description.describedMs !== null);
  }
}

interface Asked {
  id: string;
  name: string;
  /** `undefined` for a command without one. */
  payload: unknown;
  expiresMs: number;
}

function isShown({ sent }: TrackedCommand): boolean {
  return !sent.id.startsWith(DESCRIBE_ID);
}

function brokerFault(status: number, problem: string, remedy: string): RequestFault {
  return new RequestFault(status, [{ field: "broker", value: null, problem, remedy }]);
}
