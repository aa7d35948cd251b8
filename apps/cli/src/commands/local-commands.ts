import { type Command, Option } from 'commander'
import {
  type CommandContext,
  clientOf,
  type ServerOptions,
  withServer,
} from '../command-context.ts'
import type { ExecFlags, LintFlags, LocalFlags, PlanFlags } from '../local/local-flags.ts'
import { duration, mounts, names, pairs } from '../option-types.ts'
import { type HookFlags, withHook } from './hook-flags.ts'

interface SignFlags extends ServerOptions {
  readonly save?: boolean
}

const defaultFile = '.drone.yml'

/** `lint`, `plan`, `convert`, `compile` and `exec`: a pipeline file without a server; `sign` asks one. */
export const addLocalCommands = (program: Command, context: CommandContext): void => {
  addLint(program, context)
  addPlan(program, context)
  addConvert(program)
  addSign(program)
  withLocal(withFile(program.command('compile')))
    .description('print, as JSON, what a worker would run; secrets are shown')
    .addHelpText('after', '\nExample:\n  waggle compile .drone.yml --stage default --event tag')
    .action(async (file: string | undefined, flags: LocalFlags) => {
      const { compileFile } = await import('../local/compile-file.ts')
      await compileFile(file ?? defaultFile, flags)
    })
  withLocal(withFile(program.command('exec')))
    .description('run a pipeline file here, on the folder you are in, without a server')
    .addOption(
      new Option('--timeout <time>', 'end a stage after: 90s, 10m, 2h; minutes without a unit')
        .argParser(duration)
        .default(3_600_000, '60m'),
    )
    .option('--socket <path>', 'socket of the container engine (WAGGLE_DOCKER_SOCKET)')
    .option('--raw', 'lines as they are, with all escape sequences')
    .addHelpText(
      'after',
      `
All pipelines that the event would start run one after the other, by their dependencies; --pipeline names one,
whatever its trigger.

Example:
  waggle exec .drone.yml --include test --secret-file secrets.env`,
    )
    .action(async (file: string | undefined, flags: ExecFlags) => {
      const { execFile } = await import('../local/exec-file.ts')
      context.finish(await execFile(file ?? defaultFile, flags, context))
    })
}

const addLint = (program: Command, context: CommandContext): void => {
  withHook(withFile(program.command('lint')))
    .description('every mistake of a pipeline file, with its place')
    .option('--json', 'the issues as JSON')
    .addHelpText(
      'after',
      '\nExits with 0 where nothing is wrong, with 2 where something is; warnings do not count.' +
        '\nThe event matters to files that are programs or templates only.' +
        '\n\nExample:\n  waggle lint .drone.yml',
    )
    .action(async (file: string | undefined, flags: LintFlags) => {
      const { lintFile } = await import('../local/lint-file.ts')
      context.finish(await lintFile(file ?? defaultFile, flags))
    })
}

const addPlan = (program: Command, context: CommandContext): void => {
  withHook(withFile(program.command('plan')))
    .description(
      'which stages and steps a build would have, what is skipped and why, who gets which secret',
    )
    .option(
      '--secret-file <path>',
      'the secrets there are, NAME=VALUE a line; values are not shown',
    )
    .option('--protected', 'as in a protected repository')
    .option('--json', 'the plan as JSON')
    .addHelpText(
      'after',
      '\nExits with 2 where the file has a mistake.' +
        '\n\nExample:\n  waggle plan .drone.yml --event pull_request --fork stranger/app',
    )
    .action(async (file: string | undefined, flags: PlanFlags) => {
      const { planFile } = await import('../local/plan-file.ts')
      context.finish(await planFile(file ?? defaultFile, flags))
    })
}

const addConvert = (program: Command): void => {
  withHook(withFile(program.command('convert')))
    .description('print the pipeline file that a Jsonnet program, a template or an old file gives')
    .addHelpText('after', '\nExample:\n  waggle convert .drone.jsonnet --event tag --tag v1')
    .action(async (file: string | undefined, flags: HookFlags) => {
      const { convertFile } = await import('../local/convert-file.ts')
      await convertFile(file ?? defaultFile, flags)
    })
}

const addSign = (program: Command): void => {
  withServer(program.command('sign'))
    .description('sign a pipeline file with the key of its repository, which the server has')
    .argument('<repo>', 'repository, OWNER/NAME')
    .argument('[file]', `pipeline file; default: ${defaultFile}`)
    .option('--save', 'put the signature into the file instead of printing it')
    .addHelpText('after', '\nExample:\n  waggle sign me/app .drone.yml --save')
    .action(async (repo: string, file: string | undefined, flags: SignFlags) => {
      const { signFile } = await import('../local/sign-file.ts')
      await signFile(clientOf(flags), repo, file ?? defaultFile, flags)
    })
}

const withFile = (command: Command): Command =>
  command.argument('[file]', `pipeline file (- for standard input); default: ${defaultFile}`)

const withLocal = (command: Command): Command =>
  withHook(command)
    .option('--stage, --pipeline <name>', 'only this pipeline of the file')
    .option('--include <steps>', 'only these steps, by comma; may be repeated', names)
    .option('--exclude <steps>', 'all but these steps', names)
    .option('--resume-at <step>', 'only this step and those after it')
    .option('--secret-file <path>', 'secrets, NAME=VALUE a line')
    .option('--env-file <path>', 'variables of every step, NAME=VALUE a line')
    .option('--env <name=value>', 'variable of every step; may be repeated', pairs)
    .option('--clone', 'clone the commit instead of using the folder as it is')
    .option('--privileged <images>', 'plugins that run privileged, by comma', names)
    .option('--network <names>', 'networks that every step joins, by comma', names)
    .option('--volume <host:container>', 'folder for every step; :ro = to read only', mounts)
    .option('--netrc-machine <host>', 'host of git credentials')
    .option('--netrc-username <name>', 'their name')
    .option('--netrc-password <password>', 'their password')
