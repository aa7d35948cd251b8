import { Command } from 'commander'
import packageFile from '../package.json' with { type: 'json' }
import type { CommandContext } from './command-context.ts'
import { addBuildCommands } from './commands/build-commands.ts'
import { addCronCommands } from './commands/cron-commands.ts'
import { addDeliveryCommands } from './commands/delivery-commands.ts'
import { addLocalCommands } from './commands/local-commands.ts'
import { addQueueCommands } from './commands/queue-commands.ts'
import { addSystemCommands } from './commands/system-commands.ts'
import { addUserCommands } from './commands/user-commands.ts'
import { addWebhookCommands } from './commands/webhook-commands.ts'
import { exitCodeHelp } from './exit-code.ts'

/** The whole command line. Commands are only declared here; each loads what it needs when it runs. */
export const createProgram = (context: CommandContext): Command => {
  const program = new Command('waggle')
    .description('Self-hosted CI: nothing is lost, and it scales by adding processes.')
    .version(packageFile.version)
    .showHelpAfterError('(see --help)')
    .exitOverride()
    .enablePositionalOptions()
    .addHelpText('after', `\nExample:\n  waggle up\n\n${exitCodeHelp}`)
  addSystemCommands(program, context)
  addBuildCommands(program, context)
  addCronCommands(program, context)
  addDeliveryCommands(program, context)
  addQueueCommands(program)
  addWebhookCommands(program)
  addUserCommands(program)
  addLocalCommands(program, context)
  return program
}
