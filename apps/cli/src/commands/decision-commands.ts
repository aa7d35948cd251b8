import type { Command } from 'commander'
import {
  type CommandContext,
  clientOf,
  type ServerOptions,
  withServer,
} from '../command-context.ts'
import { pairs, wholeNumber } from '../option-types.ts'
import type { StartFlags } from './build-flags.ts'

const repoArgument = ['<repo>', 'repository, OWNER/NAME'] as const

/** `build restart|promote|rollback|approve|decline`: what people decide about builds that are there. */
export const addDecisionCommands = (build: Command, context: CommandContext): void => {
  startable(build, 'restart')
    .description('build the same event and commit again')
    .option('--failed', 'run only what did not pass, and what depends on it')
    .option('--debug', 'set the debug flag')
    .addHelpText('after', '\nExample:\n  waggle build restart me/app 12 --failed --follow')
    .action(async (repo: string, number: number, flags: StartFlags) => {
      const { restartBuild } = await import('./build-decide.ts')
      context.finish(await restartBuild(clientOf(flags), { repo, number }, flags, context))
    })

  for (const event of ['promote', 'rollback'] as const)
    startable(build, event)
      .argument('<target>', 'environment, such as production')
      .description(
        event === 'promote' ? 'deploy the commit of a build' : 'put a target back to a build',
      )
      .addHelpText('after', `\nExample:\n  waggle build ${event} me/app 12 production`)
      .action(async (repo: string, number: number, target: string, flags: StartFlags) => {
        const { promoteBuild } = await import('./build-decide.ts')
        const what = { repo, number, event, target }
        context.finish(await promoteBuild(clientOf(flags), what, flags, context))
      })

  withServer(build.command('approve'))
    .description('let a blocked stage go on')
    .argument(...repoArgument)
    .argument('<number>', 'number of the build', wholeNumber(1))
    .argument('<stage>', 'number of the stage', wholeNumber(1))
    .addHelpText('after', '\nExample:\n  waggle build approve me/app 12 1')
    .action(async (repo: string, number: number, stage: number, flags: ServerOptions) => {
      const { decideStage } = await import('./build-decide.ts')
      await decideStage(clientOf(flags), { repo, number, stage }, 'approve')
    })

  withServer(build.command('decline'))
    .description('refuse a blocked stage, and with it the build')
    .argument(...repoArgument)
    .argument('<number>', 'number of the build', wholeNumber(1))
    .argument('[stage]', 'number of the stage; without it all of them', wholeNumber(1))
    .addHelpText('after', '\nExample:\n  waggle build decline me/app 12')
    .action(
      async (repo: string, number: number, stage: number | undefined, flags: ServerOptions) => {
        const { decideStage } = await import('./build-decide.ts')
        await decideStage(clientOf(flags), { repo, number, stage }, 'decline')
      },
    )
}

/** A command that makes a new build of an old one. */
const startable = (build: Command, name: string): Command =>
  withServer(build.command(name))
    .argument(...repoArgument)
    .argument('<number>', 'number of the build', wholeNumber(1))
    .option('--param <name=value>', 'parameter of the new build; may be repeated', pairs)
    .option('-f, --follow', 'show it live until it is over; the exit code tells how it went')
    .option('--raw', 'with --follow: lines as they are, with all escape sequences')
    .option('--json', 'print the build as JSON')
