import { join } from 'node:path'
import type { SettingValues, workerSettings } from '@waggle/config'
import type { Engine, Given, Logger, Timers } from '@waggle/domain'
import type { CompileResult, CompileSettings } from '@waggle/pipeline'
import { compileSettings } from './compile-settings.ts'
import type { GuardEngine } from './run-guard.ts'

/** An engine with the compiler that speaks its specs. */
export interface OpenedEngine {
  readonly engine: Engine
  /** What to do while the engine does not answer: a sentence for whoever runs the worker. */
  readonly remedy: string
  readonly compile: (given: Given) => CompileResult
  /** How a guard of the worker reaches the engine; absent: there can be none. */
  readonly guard?: GuardEngine
}

/** Makes the engine of the worker's type. The container engine's client is loaded only where it is used: it costs an
 *  exec worker some 20 MB. */
export const openEngine = async (
  settings: SettingValues<typeof workerSettings>,
  folder: string,
  { timers, log }: { readonly timers: Timers; readonly log: Logger },
): Promise<OpenedEngine> => {
  const root = join(folder, 'exec')
  const compile = compileSettings(settings, settings.type === 'exec' ? root : '', log)
  switch (settings.type) {
    case 'docker': {
      const { compileDocker, createDockerEngine } = await import('@waggle/engine-docker')
      const engine = createDockerEngine({
        socketPath: settings.dockerSocket,
        log,
        timers,
        subnets: settings.dockerSubnets,
        streamPull: settings.dockerStreamPull,
        pidsLimit: settings.pidsLimit,
        isStrict: settings.strictContainers,
        hostPaths: settings.hostPaths,
        ...(settings.stepFirewall ? { denied: settings.deniedNetworks } : {}),
        copyImage: settings.cloneImage,
      })
      const remedy = `start the container engine at ${settings.dockerSocket}, or set WAGGLE_DOCKER_SOCKET`
      const guard = { type: 'docker', socketPath: settings.dockerSocket } as const
      return { engine, remedy, guard, compile: bind(compileDocker, compile) }
    }
    case 'exec': {
      const { compileExec, createExecEngine } = await import('@waggle/engine-exec')
      const remedy = `make the folder ${root} writable, or set WAGGLE_WORKER_DATA_FOLDER`
      return {
        engine: createExecEngine({ root, log }),
        remedy,
        guard: { type: 'exec', root },
        compile: bind(compileExec, compile),
      }
    }
    default:
      return settings.type satisfies never
  }
}

const bind =
  (
    compile: (given: Given, settings: CompileSettings) => CompileResult,
    settings: CompileSettings,
  ) =>
  (given: Given) =>
    compile(given, settings)
