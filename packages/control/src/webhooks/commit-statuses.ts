import {
  type AtEnd,
  type Database,
  internal,
  type StatusAnswer,
  type StatusHost,
  type Stores,
  type WebhookCall,
} from '@waggle/domain'
import { commitStatusOf, contextOf } from './commit-status.ts'

export interface CommitStatusesDeps {
  readonly database: Pick<Database, 'repos' | 'builds' | 'stages' | 'webhookCalls'>
  readonly host: StatusHost
  /** Context of all statuses, without what is added for the event. */
  readonly name: string
  /** Address of this server. */
  readonly link: string
}

const prefix = 'status:'

/** Each repository is a line of its own: one that its host refuses holds up no other. */
const lineOf = (repoId: number): string => `${prefix}${repoId}`

export const isStatusLine = (receiver: string): boolean => receiver.startsWith(prefix)

/** How many newer builds of a commit are looked at. */
const mostNewer = 100

/** Promises to tell the host how the build stands, in the transaction that changes it (rule G8). What it is told is read
 *  when it is sent, so it never hears of an older state after a newer one (reliability.md I10). */
export const promiseStatus = async (
  { webhooks }: { readonly webhooks?: { readonly statuses?: unknown } | undefined },
  stores: Pick<Stores, 'webhookCalls'>,
  { repoId, buildId }: { readonly repoId: number; readonly buildId: number },
  atEnd?: AtEnd,
): Promise<void> => {
  if (webhooks?.statuses === undefined) return
  const place = { receiver: lineOf(repoId), repoId, buildId }
  const add = stores.webhookCalls.add([{ ...place, event: 'status', action: 'updated', body: '' }])
  if (atEnd === undefined) await add
  else atEnd(add)
}

/** What a host is told of commits, and telling it. */
export class CommitStatuses {
  readonly url: string
  readonly #deps: CommitStatusesDeps

  constructor(deps: CommitStatusesDeps) {
    this.#deps = deps
    this.url = deps.host.url
  }

  /** How the build stands now. `null` = nothing is to be told: the build is gone, its repository is not at the host, the
   *  host was told the same before, or a newer build speaks for the same check of the same commit. */
  async bodyOf({ receiver, repoId, buildId }: WebhookCall): Promise<string | null> {
    const { database, host, name, link } = this.#deps
    const [repo, build] = await Promise.all([
      database.repos.find(repoId),
      database.builds.find(buildId),
    ])
    if (repo === null || build === null) return null
    const slug = host.slugOf(repo.gitHttpUrl)
    // A build of another source must not speak for this repository's commits.
    if (slug === null || build.cloneUrl !== repo.gitHttpUrl) return null
    const isBlocked =
      build.status === 'pending' &&
      (await database.stages.listByBuild(build.id)).some((stage) => stage.status === 'blocked')
    const status = commitStatusOf(build, { slug: repo.slug, link, name, isBlocked })
    if (status === null || !host.takes(status)) return null
    const newer = await database.builds.listNewerOf(build, mostNewer)
    if (status.deployId === 0 && newer.some((one) => isSameCheck(name, one, status.context)))
      return null
    const body = JSON.stringify({ slug, status } satisfies Told)
    return (await database.webhookCalls.lastTold(receiver, buildId)) === body ? null : body
  }

  send(body: string, signal: AbortSignal): Promise<StatusAnswer> {
    const { slug, status } = JSON.parse(body) as Told
    if (typeof slug !== 'string')
      throw internal('bad_status', 'a commit status names no repository')
    return this.#deps.host.send(slug, status, signal)
  }
}

interface Told {
  readonly slug: string
  readonly status: NonNullable<ReturnType<typeof commitStatusOf>>
}

const isSameCheck = (
  name: string,
  newer: Parameters<typeof contextOf>[1] & { readonly deployId: number },
  context: string,
): boolean => newer.event !== 'cron' && newer.deployId === 0 && contextOf(name, newer) === context
