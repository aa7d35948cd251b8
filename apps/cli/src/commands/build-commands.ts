import type { Command } from 'commander'
import { type CommandContext, clientOf, type JsonFlags, withServer } from '../command-context.ts'
import { pairs, wholeNumber } from '../option-types.ts'
import type { CreateFlags, ListFlags, LogFlags, StopFlags } from './build-flags.ts'
import { addDecisionCommands } from './decision-commands.ts'

/** `build create|ls|info|logs|stop`: builds of a server, by its REST API. */
export const addBuildCommands = (program: Command, context: CommandContext): void => {
  const build = program
    .command('build')
    .description('create, list, show and stop builds')
    .addHelpText('after', '\nExample:\n  waggle build create me/app --file .drone.yml --follow')

  withServer(build.command('create'))
    .description('build a pipeline file, or a branch of a registered repository')
    .argument('<repo>', 'repository, OWNER/NAME')
    .option(
      '--file <path>',
      'pipeline file (- for standard input); without it the one in the repository',
    )
    .option('--git <url>', 'git repository to clone')
    .option('--ref <ref>', 'branch, tag or full ref; default: what the repository points at')
    .option('--commit <id>', 'commit to build')
    .option('--param <name=value>', 'parameter of the build; may be repeated', pairs)
    .option('--message <text>', 'message of the build')
    .option(
      '--priority <number>',
      'with --file: -10 to 10, higher is sooner; default: that of the repository',
      wholeNumber(-10, 10),
    )
    .option('-f, --follow', 'show it live until it is over; the exit code tells how it went')
    .option('--raw', 'with --follow: lines as they are, with all escape sequences')
    .option('--json', 'print the build as JSON')
    .addHelpText(
      'after',
      `
Examples:
  waggle build create me/app --file .drone.yml --git https://host/me/app.git --ref main --follow
  waggle build create me/app --ref main --param TARGET=staging`,
    )
    .action(async (repo: string, flags: CreateFlags) => {
      const { createBuild } = await import('./build-create.ts')
      context.finish(await createBuild(clientOf(flags), repo, flags, context))
    })

  withServer(build.command('ls'))
    .description('list builds, newest first')
    .argument('<repo>', 'repository, OWNER/NAME')
    .option('--page <number>', 'page', wholeNumber(1), 1)
    .option('--limit <number>', 'builds of a page', wholeNumber(1, 100), 25)
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle build ls me/app --limit 5')
    .action(async (repo: string, flags: ListFlags) => {
      const { listBuilds } = await import('./build-show.ts')
      await listBuilds(clientOf(flags), repo, flags)
    })

  withServer(build.command('info'))
    .description('show a build with its stages and steps')
    .argument('<repo>', 'repository, OWNER/NAME')
    .argument(
      '[number]',
      'number of the build; default: the latest of the default branch',
      wholeNumber(1),
    )
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle build info me/app 12')
    .action(async (repo: string, number: number | undefined, flags: JsonFlags) => {
      const { showBuild } = await import('./build-show.ts')
      await showBuild(clientOf(flags), repo, number ?? 'latest', flags)
    })

  withServer(build.command('logs'))
    .description('print the lines of a build, a stage or a step')
    .argument('<repo>', 'repository, OWNER/NAME')
    .argument('<number>', 'number of the build', wholeNumber(1))
    .argument('[stage]', 'number or name of the stage')
    .argument('[step]', 'number or name of the step')
    .option('-f, --follow', 'wait for more until the build, or the step, is over')
    .option('--raw', 'lines as they are, with all escape sequences')
    .option('--json', 'one JSON object a line')
    .addHelpText('after', '\nExample:\n  waggle build logs me/app 12 default test --follow')
    .action(
      async (
        repo: string,
        number: number,
        stage: string | undefined,
        step: string | undefined,
        flags: LogFlags,
      ) => {
        const { printLogs } = await import('./build-logs.ts')
        const code = await printLogs(clientOf(flags), { repo, number, stage, step }, flags, context)
        context.finish(code)
      },
    )

  withServer(build.command('why'))
    .description(
      'say why stages do not run: what holds them, where they stand, when they may start',
    )
    .argument('<repo>', 'repository, OWNER/NAME')
    .argument('<number>', 'number of the build', wholeNumber(1))
    .argument('[stage]', 'number or name of the stage; default: all that are not over')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle build why me/app 12')
    .action(async (repo: string, number: number, stage: string | undefined, flags: JsonFlags) => {
      const { explainBuild } = await import('./build-why.ts')
      await explainBuild(clientOf(flags), repo, number, stage, flags)
    })

  withServer(build.command('stop'))
    .description('cancel a build, or all that wait')
    .argument('<repo>', 'repository, OWNER/NAME')
    .argument('[number]', 'number of the build', wholeNumber(1))
    .option('--pending', 'all builds that wait')
    .option('--all', 'all builds that wait or run')
    .option('--before <number>', 'of these, only builds with a lower number', wholeNumber(1))
    .option('--branch <name>', 'of these, only builds of this branch')
    .option('--json', 'print what was cancelled as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  waggle build stop me/app 12\n  waggle build stop me/app --pending --before 12',
    )
    .action(async (repo: string, number: number | undefined, flags: StopFlags) => {
      const { stopBuilds } = await import('./build-show.ts')
      await stopBuilds(clientOf(flags), repo, number, flags)
    })

  addDecisionCommands(build, context)
}
