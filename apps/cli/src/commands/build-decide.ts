import type { Client } from '../client.ts'
import type { CommandContext } from '../command-context.ts'
import { print } from '../print.ts'
import { showCreated } from './build-create.ts'
import type { StartFlags } from './build-flags.ts'

interface Numbered {
  readonly repo: string
  readonly number: number
}

/** Gives the exit code. */
export const restartBuild = async (
  client: Client,
  { repo, number }: Numbered,
  flags: StartFlags,
  context: CommandContext,
): Promise<number> => {
  const build = await client.startBuild(repo, `builds/${number}`, {
    ...flags.param,
    ...(flags.failed ? { failed: 'true' } : {}),
    ...(flags.debug ? { debug: 'true' } : {}),
  })
  return showCreated(client, repo, build, flags, context)
}

/** Gives the exit code. */
export const promoteBuild = async (
  client: Client,
  what: Numbered & { readonly event: 'promote' | 'rollback'; readonly target: string },
  flags: StartFlags,
  context: CommandContext,
): Promise<number> => {
  const { repo, number, event, target } = what
  const query = { ...flags.param, target }
  const build = await client.startBuild(repo, `builds/${number}/${event}`, query)
  return showCreated(client, repo, build, flags, context)
}

export const decideStage = async (
  client: Client,
  { repo, number, stage }: Numbered & { readonly stage: number | undefined },
  decision: 'approve' | 'decline',
): Promise<void> => {
  const which = stage === undefined ? '' : `/${stage}`
  await client.ask(repo, 'POST', `builds/${number}/${decision}${which}`)
  const what = stage === undefined ? `build ${number}` : `stage ${stage} of build ${number}`
  print(`${what} of ${repo} ${decision === 'approve' ? 'approved' : 'declined'}`)
}
