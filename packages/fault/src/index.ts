export { EXIT_CODES, errorCode, errorMessage, Fault, type FaultDetails } from "./fault.ts";
export {
  dataFor,
  print,
  printData,
  type Screen,
  visible,
  visibleLines,
} from "./terminal.ts";
