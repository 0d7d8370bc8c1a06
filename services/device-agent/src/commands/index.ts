import { command as add1gbFile } from "./add-1gb-file.ts";
import { command as changeSendInterval } from "./change-send-interval.ts";
import type { DeviceCommand } from "./command.ts";
import { command as describe } from "./describe.ts";
import { command as reportNow } from "./report-now.ts";
import { command as restart } from "./restart.ts";
import { command as rm1gbFile } from "./rm-1gb-file.ts";
import { command as setDeadband } from "./set-deadband.ts";
import { command as setSource } from "./set-source.ts";

/** What every device obeys. */
export const DEVICE_COMMANDS: readonly DeviceCommand[] = [
  add1gbFile,
  rm1gbFile,
  changeSendInterval,
  setSource,
  setDeadband,
  reportNow,
  describe,
  restart,
];
