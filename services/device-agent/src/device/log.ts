/** What a device tells people, on its log and on `devices/<id>/log/<level>`. */
export interface DeviceLog {
  info(message: string, details?: object): void;
  warn(message: string, details?: object): void;
  error(message: string, details?: object): void;
}
