export { apiSettings } from './api-settings.ts'
export { cliSettings } from './cli-settings.ts'
export { hostVariables } from './host-variables.ts'
export { processEnvironment } from './process-environment.ts'
export {
  readSettings,
  type Setting,
  type SettingGroup,
  SettingsError,
  type SettingValues,
  setting,
  types,
} from './setting.ts'
export { sharedSettings } from './shared-settings.ts'
export { workerSettings } from './worker-settings.ts'
