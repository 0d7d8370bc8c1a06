import type { Clock } from "@weir/clock";
import type { CommandOutcome, DeviceAddress } from "@weir/messages";
import type { DroppedMessage, InboundMessage, Link, Subscription } from "@weir/mqtt";
import type { DeviceCommand } from "../commands/command.ts";
import type { DeviceControl } from "../device/control.ts";
import type { DeviceLog } from "../device/log.ts";
import type { Journal } from "./journal.ts";

export interface CommandDeskOptions {
  device: DeviceAddress;
  /** All that may be obeyed, by name. */
  commands: ReadonlyMap<string, DeviceCommand>;
  /** Topics that others hear something on, or their first levels, besides the usual ones: no answer goes there. */
  reservedTopics?: readonly string[];
  control: DeviceControl;
  /** The part of this device. */
  journal: Journal;
  log: DeviceLog;
  clock: Clock;
  /** Called once for each command, when it has ended. */
  onEnded?: (name: string | null, outcome: CommandOutcome) => void;
  /** Called when the journal fails outside of the desk's own functions, after which nothing is promised. */
  onFault: (fault: unknown) => void;
}

/** Takes commands in, obeys them one after the other, and tells what became of each. */
export interface CommandDesk extends AsyncDisposable {
  subscription: Subscription;
  /** Settles what an earlier run has left open, and goes on with what it has not begun. */
  start(): void;
  /**
   * For the link's `onMessage`: what is to be obeyed is in the journal when this returns. True when it was a command.
   *
   * @throws Fault when the journal fails: then the link must not acknowledge, and the broker sends it again.
   */
  receive(message: InboundMessage): boolean;
  /** For the link's `onDropped`: a command that is too large for any message is answered, too. */
  dropped(message: DroppedMessage): void;
  /** For the link's `onConnected`: tells what could not be told before. */
  connected(link: Pick<Link, "publish">): void;
  /** For the link's `onDisconnected`. */
  disconnected(): void;
}
