import { type Command, Option } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { names, pairs, wholeNumber } from '../option-types.ts'

/** Flags of `exec` and `compile`. */
export interface LocalFlags {
  readonly pipeline?: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly secretFile?: string
  readonly envFile?: string
  readonly param?: Readonly<Record<string, string>>
  readonly trusted?: boolean
  readonly clone?: boolean
  readonly event: string
  readonly branch?: string
}

export interface ExecFlags extends LocalFlags {
  readonly timeout: number
  readonly raw?: boolean
  readonly socket?: string
}

/** `exec` and `compile`: a pipeline file without a server. */
export const addLocalCommands = (program: Command, context: CommandContext): void => {
  withFlags(program.command('exec'))
    .description('run a pipeline file here, on the folder you are in, without a server')
    .option('--timeout <minutes>', 'end it after this time', wholeNumber(1, 100_000), 60)
    .option('--socket <path>', 'socket of the container engine (WAGGLE_DOCKER_SOCKET)')
    .option('--raw', 'lines as they are, with all escape sequences')
    .addHelpText(
      'after',
      '\nExample:\n  waggle exec .drone.yml --include test --secret-file secrets.env',
    )
    .action(async (file: string | undefined, flags: ExecFlags) => {
      const { execFile } = await import('../local/exec-file.ts')
      context.finish(await execFile(file ?? '.drone.yml', flags, context))
    })

  withFlags(program.command('compile'))
    .description('print, as JSON, what a worker would run; secrets are shown')
    .addHelpText('after', '\nExample:\n  waggle compile .drone.yml --pipeline default')
    .action(async (file: string | undefined, flags: LocalFlags) => {
      const { compileFile } = await import('../local/compile-file.ts')
      await compileFile(file ?? '.drone.yml', flags)
    })
}

const withFlags = (command: Command): Command =>
  command
    .argument('[file]', 'pipeline file (- for standard input); default: .drone.yml')
    .option('--pipeline <name>', 'which pipeline of the file; needed where it has several')
    .option('--include <steps>', 'only these steps, by comma; may be repeated', names)
    .option('--exclude <steps>', 'all but these steps', names)
    .option('--secret-file <path>', 'secrets, NAME=VALUE a line')
    .option('--env-file <path>', 'variables of every step, NAME=VALUE a line')
    .option('--param <name=value>', 'parameter of the build; may be repeated', pairs)
    .option('--trusted', 'as in a trusted repository: host volumes, privileged steps')
    .option('--clone', 'clone the commit instead of using the folder as it is')
    .addOption(
      new Option('--event <event>', 'event of the build')
        .choices(['push', 'pull_request', 'tag', 'promote', 'rollback', 'cron', 'custom'])
        .default('push'),
    )
    .option('--branch <name>', "branch of the build; default: the folder's")
