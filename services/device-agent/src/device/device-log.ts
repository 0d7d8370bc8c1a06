import type { Clock } from "@weir/clock";
import type { DeviceLogLevel } from "@weir/messages";
import type { ServiceContext } from "@weir/service";
import type { DeviceLog } from "./log.ts";

/** What a device sends on `devices/<id>/log/<level>`. */
interface DeviceLogLine {
  /** Epoch milliseconds. */
  time: number;
  message: string;
}

export interface DeviceLogOptions {
  logger: ServiceContext["logger"];
  /** Sends a line; what becomes of it is nobody's concern. */
  send: (level: DeviceLogLevel, line: DeviceLogLine) => void;
  clock: Clock;
}

/** Writes each line to the process's log and to the device's topic. */
export function createDeviceLog({ logger, send, clock }: DeviceLogOptions): DeviceLog {
  function writer(level: DeviceLogLevel): (message: string, details?: object) => void {
    return (message, details = {}) => {
      logger[level](details, message);
      send(level, { time: clock.now(), message, ...details });
    };
  }
  return { info: writer("info"), warn: writer("warn"), error: writer("error") };
}
