export type { Logger } from "pino";
export { Counter, Gauge, Histogram, Registry } from "prom-client";
export {
  type BrokerConfig,
  brokerAddress,
  brokerConfig,
  brokerSettings,
  credentialFile,
  namesBroker,
  readCredential,
  tlsConfig,
  tlsProblems,
  toolEnvironment,
  toolSettings,
} from "./broker.ts";
export { type Clock, systemClock, watchSteadiness } from "./clock.ts";
export { CLOCK_REMEDY, clockProblems, timeText } from "./clock-problems.ts";
export { type ConfigFile, checkContent, readConfigFile } from "./config-file.ts";
export {
  type DatabaseFormat,
  newerFormat,
  readDatabaseFormat,
  sqliteVersion,
} from "./database-format.ts";
export { loadEnvironment, nameWarnings } from "./environment.ts";
export {
  ConfigurationFault,
  EXIT_CODES,
  errorCode,
  errorMessage,
  Fault,
  readingProblem,
} from "./fault.ts";
export { entriesOf } from "./folder-entries.ts";
export {
  type BrokerCheck,
  Health,
  type HealthCheck,
  startHttpServer,
  watchBroker,
} from "./health.ts";
export {
  createLogger,
  dataFor,
  print,
  printData,
  type Screen,
  visible,
  visibleLines,
} from "./output.ts";
export {
  didYouMean,
  type FileFormat,
  formProblems,
  issueWords,
  type JsonSchema,
  jsonSchemaOf,
  type Path,
  type Problem,
  valueAt,
  wordsForUnknownKey,
} from "./problems.ts";
export {
  collectGarbage,
  listenForStopRequest,
  NODE_ARGUMENTS,
  NODE_ENVIRONMENT,
} from "./process.ts";
export { type Answer, RequestFault, type RequestProblem, type Route, Routes } from "./routes.ts";
export { RoutesClient, type RoutesClientOptions } from "./routes-client.ts";
export {
  type Option,
  runService,
  type Service,
  type ServiceContext,
  type ServiceDefinition,
} from "./service.ts";
export {
  loggerAddress,
  loggerAddressSettings,
  loggerTokenFile,
  workflowsAddress,
  workflowsAddressSettings,
  workflowsTokenFile,
} from "./service-addresses.ts";
export { openServiceDatabase } from "./service-database.ts";
export {
  CheckedSettings,
  choice,
  type Environment,
  integer,
  optionalInteger,
  optionalText,
  type Rule,
  readSettings,
  renderEnvExample,
  renderHelp,
  type Settings,
  type SettingValues,
  section,
  text,
} from "./settings.ts";
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
export { readTokenFile, tokenIn } from "./token-file.ts";
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
  nearestFolder,
  orOpeningFault,
} from "./writable-file.ts";
export { parseYaml, readTextFile, readYamlFile } from "./yaml-file.ts";
