export { EXIT_CODES, errorCode, errorMessage, Fault, type FaultDetails } from "./fault.ts";
