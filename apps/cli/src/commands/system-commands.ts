import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { cliSettings, readSettings } from '@waggle/config'
import { Argument, type Command, Option } from 'commander'
import { checkoutRoot } from '../checkout.ts'
import { type CommandContext, openInterrupt } from '../command-context.ts'
import { wholeNumber } from '../option-types.ts'
import { print, printPlainError } from '../print.ts'
import { addWorkerCommands } from './worker-commands.ts'

interface UpFlags {
  readonly data?: string
  readonly port: number
  readonly slots: number
  readonly engine: 'auto' | 'docker' | 'exec'
  readonly socket?: string
  readonly demo: boolean
  readonly once?: boolean
}

/** `up`, `api`, `worker`, `test` and `bench`: the processes of a system. */
export const addSystemCommands = (program: Command, context: CommandContext): void => {
  program
    .command('up')
    .description('start a whole system on this machine and build a demo on it')
    .option('--data <folder>', 'where everything is kept (default: .waggle in the checkout)')
    .option('--port <number>', 'port of the API', wholeNumber(1, 65_535), 8080)
    .option('--slots <number>', 'how many stages run at once', wholeNumber(1, 10_000), 2)
    .addOption(
      new Option('--engine <type>', 'what runs the steps: containers, or processes of this machine')
        .choices(['auto', 'docker', 'exec'] as const)
        .default('auto'),
    )
    .option('--socket <path>', 'socket of the container engine (WAGGLE_DOCKER_SOCKET)')
    .option('--no-demo', 'build no demo')
    .option('--once', 'stop after the demo')
    .addHelpText('after', '\nExample:\n  waggle up --port 9000 --slots 4')
    .action(async (flags: UpFlags) => {
      const root = checkoutRoot('apps/api/src/main.ts')
      const { up } = await import('../up/up.ts')
      const code = await up(
        {
          root,
          data: flags.data ?? join(root, '.waggle'),
          port: flags.port,
          slots: flags.slots,
          engine: flags.engine,
          socket: flags.socket ?? readSettings(cliSettings).dockerSocket,
          demo: flags.demo,
          once: flags.once === true,
          say: print,
        },
        openInterrupt(context),
      )
      context.finish(code)
    })

  program
    .command('api')
    .description('run an API process; its settings come from the environment')
    .addHelpText(
      'after',
      `
Main settings: WAGGLE_API_PORT, WAGGLE_DATABASE_URL, WAGGLE_REDIS_URL, WAGGLE_DATA_FOLDER,
WAGGLE_WORKER_SECRET; all are listed in docs/configuration.md.

Example:
  WAGGLE_WORKER_SECRET=... waggle api`,
    )
    .action(async () => {
      const { serveApi } = await import('@waggle/api')
      context.finish(await serveApi({ out: print, error: printPlainError }))
    })

  const worker = program
    .command('worker')
    .description('run a worker, with settings from the environment; list, drain and resume workers')
    .addHelpText(
      'after',
      `
Main settings: WAGGLE_SERVER_URL, WAGGLE_WORKER_SECRET, WAGGLE_REDIS_URL, WAGGLE_WORKER_TYPE,
WAGGLE_WORKER_SLOTS, WAGGLE_WORKER_LABELS; all are listed in docs/configuration.md.

Example:
  WAGGLE_SERVER_URL=https://ci.example.com WAGGLE_WORKER_SECRET=... waggle worker`,
    )
    .action(async () => {
      const { workerMain } = await import('@waggle/worker')
      context.finish(await workerMain(context.exitNow))
    })
  addWorkerCommands(worker)

  addScript(program, context, 'test', 'test/run.ts', 'install what the tests need and run them all')
  addScript(
    program,
    context,
    'bench',
    'test/bench/main.ts',
    'measure this system, as JSON and a table',
  )
}

/** A command that hands its arguments, `--help` too, to a script of the checkout. */
const addScript = (
  program: Command,
  context: CommandContext,
  name: string,
  path: string,
  description: string,
): void => {
  program
    .command(name)
    .description(description)
    .helpOption(false)
    .allowUnknownOption()
    .addArgument(new Argument('[args...]', 'see --help'))
    .action(async (args: readonly string[]) => {
      const script = join(checkoutRoot(path), path)
      const child = spawn(process.execPath, [script, ...args], { stdio: 'inherit' })
      // Ctrl-C reaches the child as well; it decides when to end.
      for (const signal of ['SIGINT', 'SIGTERM'] as const)
        process.on(signal, () => void child.kill(signal))
      const code = await new Promise<number>((resolve, reject) => {
        child.once('error', reject)
        child.once('exit', (exit, signal) => resolve(exit ?? (signal === 'SIGINT' ? 130 : 1)))
      })
      context.finish(code)
    })
}
