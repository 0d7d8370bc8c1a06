export type { Logger } from "pino";
export { Counter, Gauge, Histogram, Registry } from "prom-client";
export {
  type BrokerCheck,
  type BrokerConfig,
  brokerConfig,
  brokerSettings,
  namesBroker,
  toolEnvironment,
  toolSettings,
  watchBroker,
} from "./broker.ts";
export { type Clock, systemClock, watchSteadiness } from "./clock.ts";
export { type ConfigFile, checkContent, readConfigFile } from "./config-file.ts";
export { readCredential, tlsConfig, tlsProblems } from "./credentials.ts";
export {
  CheckedSettings,
  ConfigurationFault,
  type Environment,
  loadEnvironment,
  type Rule,
  readSettings,
} from "./environment.ts";
export { EXIT_CODES, errorCode, errorMessage, Fault } from "./fault.ts";
export { Health, type HealthCheck, startHttpServer } from "./health.ts";
export { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
export { createLogger } from "./logger.ts";
export {
  didYouMean,
  type FileFormat,
  formProblems,
  issueWords,
  type Path,
  type Problem,
  valueAt,
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
  type Settings,
  type SettingValues,
  section,
  text,
} from "./setting.ts";
export {
  httpPortSetting,
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
  DURATION_FORM,
  duration,
  millisecondsOf,
  parseDuration,
  size,
} from "./units.ts";
export {
  fsyncFolderOf,
  isLocked,
  LOCK_MS_MAX,
  lockFile,
  makeFolderAt,
  makePlaceOf,
  orOpeningFault,
} from "./writable-file.ts";
