import type { Command } from 'commander'
import {
  type CommandContext,
  clientOf,
  type JsonFlags,
  type ServerOptions,
  withServer,
} from '../command-context.ts'
import type { AddCronFlags, RunCronFlags, UpdateCronFlags } from './cron-flags.ts'

const repoArgument = ['<repo>', 'repository, OWNER/NAME'] as const
const nameArgument = ['<name>', 'name of the cron job'] as const

/** `cron ls|info|add|update|rm|exec`: schedules by which branches are built. */
export const addCronCommands = (program: Command, context: CommandContext): void => {
  const cron = program
    .command('cron')
    .description('build branches by a schedule')
    .addHelpText('after', '\nExample:\n  waggle cron add me/app nightly "0 0 4 * * *"')

  withServer(cron.command('ls'))
    .description('list the cron jobs of a repository')
    .argument(...repoArgument)
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle cron ls me/app')
    .action(async (repo: string, flags: JsonFlags) => {
      const { listCrons } = await import('./cron-show.ts')
      await listCrons(clientOf(flags), repo, flags)
    })

  withServer(cron.command('info'))
    .description('show a cron job, when it is due and what its last run made')
    .argument(...repoArgument)
    .argument(...nameArgument)
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle cron info me/app nightly')
    .action(async (repo: string, name: string, flags: JsonFlags) => {
      const { showCron } = await import('./cron-show.ts')
      await showCron(clientOf(flags), repo, name, flags)
    })

  changing(cron.command('add'))
    .description('make a cron job')
    .argument(...repoArgument)
    .argument(...nameArgument)
    .argument('<expr>', 'six fields (second minute hour day month weekday), @daily, @every 1h30m')
    .option('--branch <branch>', 'branch to build', 'main')
    .option('--disabled', 'do not run it yet')
    .addHelpText(
      'after',
      '\nExample:\n  waggle cron add me/app nightly "0 0 4 * * *" --timezone Europe/Berlin',
    )
    .action(async (repo: string, name: string, expr: string, flags: AddCronFlags) => {
      const { addCron } = await import('./cron-show.ts')
      await addCron(clientOf(flags), repo, { name, expr }, flags)
    })

  changing(cron.command('update'))
    .description('change a cron job')
    .argument(...repoArgument)
    .argument(...nameArgument)
    .option('--branch <branch>', 'branch to build')
    .option('--expr <expr>', 'schedule')
    .option('--enable', 'run it by its schedule')
    .option('--disable', 'do not run it any more')
    .addHelpText('after', '\nExample:\n  waggle cron update me/app nightly --disable')
    .action(async (repo: string, name: string, flags: UpdateCronFlags) => {
      const { updateCron } = await import('./cron-show.ts')
      await updateCron(clientOf(flags), repo, name, flags)
    })

  withServer(cron.command('rm'))
    .description('remove a cron job; the builds that it made stay')
    .argument(...repoArgument)
    .argument(...nameArgument)
    .addHelpText('after', '\nExample:\n  waggle cron rm me/app nightly')
    .action(async (repo: string, name: string, flags: ServerOptions) => {
      const { removeCron } = await import('./cron-show.ts')
      await removeCron(clientOf(flags), repo, name)
    })

  withServer(cron.command('exec'))
    .description('run a cron job now, whatever its schedule says')
    .argument(...repoArgument)
    .argument(...nameArgument)
    .option('-f, --follow', 'show it live until it is over; the exit code tells how it went')
    .option('--raw', 'with --follow: lines as they are, with all escape sequences')
    .option('--json', 'print the build as JSON')
    .addHelpText('after', '\nExample:\n  waggle cron exec me/app nightly --follow')
    .action(async (repo: string, name: string, flags: RunCronFlags) => {
      const { runCron } = await import('./cron-show.ts')
      context.finish(await runCron(clientOf(flags), repo, name, flags, context))
    })
}

const changing = (command: Command): Command =>
  withServer(command)
    .option('--timezone <name>', 'time zone of the schedule, such as Europe/Berlin')
    .option('--target <target>', 'target')
    .option('--json', 'print the cron job as JSON')
