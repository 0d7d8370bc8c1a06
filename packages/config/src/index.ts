export {
  ConfigurationFault,
  type Environment,
  loadEnvironment,
  type Rule,
  readSettings,
  readTogether,
} from "./environment.ts";
export { renderEnvExample, renderHelp } from "./render.ts";
export {
  choice,
  integer,
  optionalInteger,
  optionalText,
  type Setting,
  type Settings,
  type SettingValues,
  section,
  text,
} from "./setting.ts";
export {
  type BrokerConfig,
  brokerConfig,
  brokerSettings,
  httpPortSetting,
  type LogFormat,
  type LogLevel,
  namesBroker,
  type ProcessConfig,
  processConfig,
  processSettings,
  staleAfterSeconds,
  statisticsSettings,
  storeSettings,
  topicSettings,
  topicsDifferRule,
} from "./shared-settings.ts";
