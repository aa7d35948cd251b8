import { cliSettings, readSettings } from '@waggle/config'
import type { Command } from 'commander'
import { type Client, createClient } from './client.ts'
import { interruptSignal } from './interrupt.ts'

/** What every command is given. */
export interface CommandContext {
  /** Ends the process; only for a second Ctrl-C. */
  readonly exitNow: (code: number) => void
  /** Tells how the command ended. */
  readonly finish: (code: number) => void
}

export const openInterrupt = (context: CommandContext): AbortSignal =>
  interruptSignal(context.exitNow)

export interface ServerOptions {
  readonly server?: string
  readonly token?: string
}

export interface JsonFlags extends ServerOptions {
  readonly json?: boolean
}

/** Flags of every command that talks to the server. */
export const withServer = (command: Command): Command =>
  command
    .option('--server <url>', 'address of the API (WAGGLE_SERVER_URL, DRONE_SERVER)')
    .option('--token <token>', 'your token (WAGGLE_TOKEN, DRONE_TOKEN)')

export const clientOf = (options: ServerOptions): Client => {
  const settings = readSettings(cliSettings)
  return createClient({
    server: options.server ?? settings.server,
    token: options.token ?? settings.token,
  })
}
