export {
  type BrokerConfig,
  brokerConfig,
  brokerSettings,
  namesBroker,
  toolEnvironment,
  toolSettings,
} from "./broker-settings.ts";
export { type CredentialKind, readCredential } from "./credential.ts";
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
export { type TlsConfig, tlsConfig, tlsProblems } from "./tls.ts";
