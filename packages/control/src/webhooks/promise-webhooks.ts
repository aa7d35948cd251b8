import type { AtEnd, Build, Repo, Stores, WebhookEvent, WebhookReceiver } from '@waggle/domain'
import { type CommitStatuses, promiseStatus } from './commit-statuses.ts'

/** Who is told of what changes, and who tells them after the commit. */
export interface OutgoingWebhooks {
  readonly receivers: readonly WebhookReceiver[]
  /** The code host that is told of commits; absent = none is. */
  readonly statuses?: Pick<CommitStatuses, 'url'>
  /** What is told of a build that is just being made: later it would be in another state. */
  readonly bodyOfNew: (repo: Repo, build: Build) => string
  /** Something was committed: send it soon. Returns at once. */
  kick(): void
  /** Goes on with what was left: a timer of every process, won by one. */
  tick(): Promise<void>
}

/** What happened. `body`: what is sent, where the thing will not be there any more; else it is read when it is sent. */
export interface HappenedEvent extends WebhookEvent {
  readonly repoId?: number
  readonly buildId?: number
  readonly body?: string
}

/** Promises to tell each receiver that wants to know, in the transaction that changes the thing: committed together or
 *  not at all (rule G8). `atEnd`: the row is sent with the COMMIT. Without receivers nothing is written. */
export const promiseWebhooks = async (
  { webhooks }: { readonly webhooks?: OutgoingWebhooks | undefined },
  stores: Pick<Stores, 'webhookCalls'>,
  { event, action, repoId = 0, buildId = 0, body = '' }: HappenedEvent,
  atEnd?: AtEnd,
): Promise<void> => {
  const told = (webhooks?.receivers ?? []).filter((receiver) => receiver.wants({ event, action }))
  if (told.length === 0) return
  const add = stores.webhookCalls.add(
    told.map(({ key }) => ({ receiver: key, event, action, repoId, buildId, body })),
  )
  if (atEnd === undefined || told.length > 1) await add
  else atEnd(add)
}

/** A step of the build started or ended (scheduling.md §6, §8). */
export const promiseStepUpdate = (
  deps: { readonly webhooks?: OutgoingWebhooks | undefined },
  stores: Pick<Stores, 'webhookCalls'>,
  build: { readonly repoId: number; readonly buildId: number },
  atEnd?: AtEnd,
): Promise<void> =>
  promiseWebhooks(deps, stores, { event: 'build', action: 'updated', ...build }, atEnd)

/** The build started or ended, or something of it did: receivers hear of it, and its host of the commit. */
export const promiseBuildUpdate = async (
  deps: { readonly webhooks?: OutgoingWebhooks | undefined },
  stores: Pick<Stores, 'webhookCalls'>,
  build: { readonly repoId: number; readonly buildId: number },
  atEnd?: AtEnd,
): Promise<void> => {
  await promiseStepUpdate(deps, stores, build, atEnd)
  await promiseStatus(deps, stores, build, atEnd)
}
