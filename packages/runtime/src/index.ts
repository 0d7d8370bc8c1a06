export type { Logger } from "pino";
export { Counter, Gauge, Histogram, Registry } from "prom-client";
export {
  type BrokerConfig,
  brokerConfig,
  brokerSettings,
  type CredentialKind,
  namesBroker,
  readCredential,
  type TlsConfig,
  tlsConfig,
  tlsProblems,
  toolEnvironment,
  toolSettings,
} from "./broker-settings.ts";
export { type Clock, type Steadiness, systemClock, watchSteadiness } from "./clock.ts";
export {
  exitCodeOf,
  type Given,
  grouped,
  optionFault,
  parseArguments,
  readBroker,
  readDuration,
  runCommand,
} from "./command-line-options.ts";
export { type ConfigFile, checkContent, readConfigFile } from "./config-file.ts";
export {
  CheckedSettings,
  ConfigurationFault,
  type Environment,
  loadEnvironment,
  type Rule,
  readSettings,
} from "./environment.ts";
export { EXIT_CODES, errorCode, errorMessage, Fault, type FaultDetails } from "./fault.ts";
export {
  fsyncFolderOf,
  isLocked,
  LOCK_MS_MAX,
  type LockedOut,
  lockFile,
  makeFolderAt,
  makePlaceOf,
  orOpeningFault,
} from "./file-lock.ts";
export {
  type BrokerCheck,
  createHealth,
  type Health,
  type HealthCheck,
  type HealthReport,
  type HttpServer,
  startHttpServer,
  watchBroker,
} from "./health.ts";
export { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
export { createLogger } from "./logger.ts";
export {
  didYouMean,
  type FileFormat,
  type Path,
  type Problem,
  wordsForUnknownKey,
} from "./problems.ts";
export {
  listenForStopRequest,
  NODE_ARGUMENTS,
  NODE_ENVIRONMENT,
  type StopRequest,
} from "./process.ts";
export {
  type Option,
  runService,
  type Service,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";
export {
  choice,
  integer,
  optionalInteger,
  optionalText,
  renderEnvExample,
  renderHelp,
  type Setting,
  type Settings,
  type SettingValues,
  section,
  text,
} from "./setting.ts";
export {
  httpPortSetting,
  type LogFormat,
  type LogLevel,
  type ProcessConfig,
  processConfig,
  processSettings,
  staleAfterSeconds,
  statisticsSettings,
  storeSettings,
  topicSettings,
  topicsDifferRule,
} from "./shared-settings.ts";
export { dataFor, print, printData, type Screen, visible, visibleLines } from "./terminal.ts";
export {
  type Bounds,
  bytesOf,
  duration,
  millisecondsOf,
  parseDuration,
  size,
} from "./units.ts";
