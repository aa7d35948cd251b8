import { type Command, Option } from 'commander'
import { type CommandContext, clientOf, withServer } from '../command-context.ts'
import { wholeNumber } from '../option-types.ts'
import type { DeliveryFlags, DeliveryListFlags } from './delivery-flags.ts'

const outcomes = ['working', 'built', 'repeated', 'skipped', 'ignored', 'refused', 'failed']

/** `delivery ls|info|redeliver`: webhooks and calls, and what became of them. */
export const addDeliveryCommands = (program: Command, context: CommandContext): void => {
  const delivery = program
    .command('delivery')
    .description('list webhooks and calls with what became of them, and evaluate one again')
    .addHelpText('after', '\nExample:\n  waggle delivery ls me/app --outcome skipped')

  withServer(delivery.command('ls'))
    .description('list deliveries, newest first')
    .argument('<repo>', 'repository, OWNER/NAME')
    .addOption(new Option('--outcome <word>', 'only those with this outcome').choices(outcomes))
    .option('--page <number>', 'page', wholeNumber(1), 1)
    .option('--limit <number>', 'deliveries of a page', wholeNumber(1, 100), 25)
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle delivery ls me/app --limit 5')
    .action(async (repo: string, flags: DeliveryListFlags) => {
      const { listDeliveries } = await import('./delivery-show.ts')
      await listDeliveries(clientOf(flags), repo, flags)
    })

  for (const name of ['info', 'redeliver'] as const)
    withServer(delivery.command(name))
      .description(
        name === 'info'
          ? 'show a delivery with the reason of its end'
          : 'evaluate a delivery again, with the repository as it is now',
      )
      .argument('<repo>', 'repository, OWNER/NAME')
      .argument('<id>', 'id of the delivery', wholeNumber(1))
      .option('--json', 'print as JSON')
      .addHelpText('after', `\nExample:\n  waggle delivery ${name} me/app 42`)
      .action(async (repo: string, id: number, flags: DeliveryFlags) => {
        const { redeliver, showDelivery } = await import('./delivery-show.ts')
        const run = name === 'info' ? showDelivery : redeliver
        context.finish(await run(clientOf(flags), repo, id, flags))
      })
}
