import { setting, types } from './setting.ts'
import { workerSettings } from './worker-settings.ts'

/** Settings of the command line; each has a flag that wins. */
export const cliSettings = {
  server: setting('WAGGLE_SERVER_URL', types.text('http://127.0.0.1:8080'), 'Address of the API.', {
    fallback: '`http://127.0.0.1:8080`',
    aliases: ['DRONE_SERVER'],
  }),
  token: setting('WAGGLE_TOKEN', types.optionalText(), "The caller's token.", {
    fallback: 'calls are made without one',
    aliases: ['DRONE_TOKEN'],
    isSecret: true,
  }),
  dockerSocket: workerSettings.dockerSocket,
  dockerSubnets: workerSettings.dockerSubnets,
  pidsLimit: workerSettings.pidsLimit,
  cloneImage: workerSettings.cloneImage,
  execPath: workerSettings.execPath,
}
