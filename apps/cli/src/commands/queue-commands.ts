import type { Command } from 'commander'
import { clientOf, type JsonFlags, withServer } from '../command-context.ts'
import { print } from '../print.ts'

/** `queue`, `queue pause|resume`: what waits and runs on a server. */
export const addQueueCommands = (program: Command): void => {
  const queue = withServer(program.command('queue'))
    .description('list what waits and runs on a server, pause and resume it')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExamples:\n  waggle queue\n  waggle queue pause')
    .action(async (flags: JsonFlags) => {
      const { listQueue } = await import('./queue-show.ts')
      await listQueue(clientOf(flags), flags)
    })

  withServer(queue.command('ls'))
    .description('list what waits and runs')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle queue ls --json')
    .action(async (_: unknown, command: Command) => {
      const flags: JsonFlags = command.optsWithGlobals()
      const { listQueue } = await import('./queue-show.ts')
      await listQueue(clientOf(flags), flags)
    })

  withServer(queue.command('pause'))
    .description('start nothing new; what runs goes on')
    .addHelpText('after', '\nExample:\n  waggle queue pause')
    .action(async (_: unknown, command: Command) => {
      await clientOf(command.optsWithGlobals()).operate('/api/queue', 'DELETE')
      print('queue paused')
    })

  withServer(queue.command('resume'))
    .description('start what waits')
    .addHelpText('after', '\nExample:\n  waggle queue resume')
    .action(async (_: unknown, command: Command) => {
      await clientOf(command.optsWithGlobals()).operate('/api/queue', 'POST')
      print('queue resumed')
    })
}
