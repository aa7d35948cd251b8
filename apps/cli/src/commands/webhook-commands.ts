import { type Command, Option } from 'commander'
import { clientOf, type JsonFlags, withServer } from '../command-context.ts'
import { wholeNumber } from '../option-types.ts'
import type { WebhookListFlags } from './webhook-flags.ts'

/** `webhook ls|calls|retry`: what a server tells others, and what became of it. */
export const addWebhookCommands = (program: Command): void => {
  const webhook = program
    .command('webhook')
    .description('list outgoing webhooks with what became of them, and send one again')
    .addHelpText('after', '\nExample:\n  waggle webhook calls --state failed')

  withServer(webhook.command('ls'))
    .description('list the receivers with what waits for each, failed and was sent')
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle webhook ls')
    .action(async (flags: JsonFlags) => {
      const { listReceivers } = await import('./webhook-show.ts')
      await listReceivers(clientOf(flags), flags)
    })

  withServer(webhook.command('calls'))
    .description('list calls, newest first, with tries, last status and error')
    .addOption(
      new Option('--state <word>', 'only those').choices(['waiting', 'sent', 'failed'] as const),
    )
    .option('--receiver <key>', 'only those to this receiver of `webhook ls`')
    .option('--page <number>', 'page', wholeNumber(1), 1)
    .option('--limit <number>', 'calls of a page', wholeNumber(1, 100), 25)
    .option('--json', 'print as JSON')
    .addHelpText('after', '\nExample:\n  waggle webhook calls --state failed')
    .action(async (flags: WebhookListFlags) => {
      const { listWebhookCalls } = await import('./webhook-show.ts')
      await listWebhookCalls(clientOf(flags), flags)
    })

  withServer(webhook.command('retry'))
    .description('send a failed call again')
    .argument('<id>', 'number of the call', wholeNumber(1))
    .option('--json', 'print the call as JSON')
    .addHelpText('after', '\nExample:\n  waggle webhook retry 42')
    .action(async (id: number, flags: JsonFlags) => {
      const { retryWebhookCall } = await import('./webhook-show.ts')
      await retryWebhookCall(clientOf(flags), id, flags)
    })
}
