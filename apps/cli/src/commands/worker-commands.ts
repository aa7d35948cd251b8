import type { Command } from 'commander'
import { clientOf, type JsonFlags, withServer } from '../command-context.ts'

/** `worker ls|info|drain|resume|rm`: the registry of a server's workers. */
export const addWorkerCommands = (worker: Command): void => {
  withServer(worker.command('ls'))
    .description('list the workers of a server')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle worker ls')
    .action(async (flags: JsonFlags) => {
      const { listWorkers } = await import('./worker-show.ts')
      await listWorkers(clientOf(flags), flags)
    })

  withServer(worker.command('info'))
    .description('show a worker and what it runs')
    .argument('<worker>', 'name or id')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle worker info bee')
    .action(async (name: string, flags: JsonFlags) => {
      const { showWorker } = await import('./worker-show.ts')
      await showWorker(clientOf(flags), name, flags)
    })

  withServer(worker.command('drain'))
    .description('let a worker take nothing new, also after its restart; what it runs goes on')
    .argument('<worker>', 'name or id')
    .option('--json', 'print the worker as JSON')
    .addHelpText('after', '\nExample:\n  waggle worker drain bee')
    .action(async (name: string, flags: JsonFlags) => {
      const { changeWorker } = await import('./worker-show.ts')
      await changeWorker(clientOf(flags), name, 'drain', flags)
    })

  withServer(worker.command('resume'))
    .description('let a drained worker take stages again')
    .argument('<worker>', 'name or id')
    .option('--json', 'print the worker as JSON')
    .addHelpText('after', '\nExample:\n  waggle worker resume bee')
    .action(async (name: string, flags: JsonFlags) => {
      const { changeWorker } = await import('./worker-show.ts')
      await changeWorker(clientOf(flags), name, 'resume', flags)
    })

  withServer(worker.command('rm'))
    .description('forget a worker that is gone')
    .argument('<worker>', 'name or id')
    .addHelpText('after', '\nExample:\n  waggle worker rm bee')
    .action(async (name: string, flags: JsonFlags) => {
      const { removeWorker } = await import('./worker-show.ts')
      await removeWorker(clientOf(flags), name)
    })
}
