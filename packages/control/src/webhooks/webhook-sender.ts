import { randomUUID } from 'node:crypto'
import {
  type Database,
  isWaggleError,
  type Logger,
  type Timers,
  type WebhookCall,
  type WebhookReceiver,
} from '@waggle/domain'
import { type CommitStatuses, isStatusLine } from './commit-statuses.ts'
import { HeldLease } from './held-lease.ts'
import { giveUpAfterMs, judgeAnswer } from './judge-answer.ts'
import type { OutgoingWebhooks } from './promise-webhooks.ts'

export interface WebhookSenderDeps {
  readonly database: Database
  readonly log: Logger
  readonly receivers: readonly WebhookReceiver[]
  readonly bodyOfNew: OutgoingWebhooks['bodyOfNew']
  /** What is sent for a call whose content is read when it is sent; `null` = the thing is gone. */
  readonly bodyOf: (call: WebhookCall) => Promise<string | null>
  /** The code host that is told of commits; absent = none is. */
  readonly statuses?: CommitStatuses
  readonly timers: Pick<Timers, 'webhookLeaseMs'>
}

/** A commit is followed by others: one look for all of them. */
const kickMs = 30
/** A build's `updated` that waits longer speaks for those behind it. */
const gatherAfterMs = 10_000
const hourMs = 3_600_000
const sentKeptMs = 24 * hourMs
const failedKeptMs = 7 * 24 * hourMs

/** A host that is back is told within half a minute (reliability.md I10). */
const longestStatusWaitMs = 20_000
/** Repositories whose commits are told of at once: a host counts its callers' connections. */
const mostStatusLines = 8

/** `why` empty: there is nothing to tell. */
type Body =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'none'; readonly why: string }

/** Whom a line leads to. */
interface Target {
  readonly key: string
  readonly url: string
  readonly longestWaitMs?: number
  send(
    call: WebhookCall,
    body: string,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly retryAfterMs: number; readonly reason?: string }>
}

/** Sends what transactions promised: each receiver its own line, oldest first, by one process at a time, which holds a
 *  lease of the receiver. A process that dies leaves its lease to run out and its call to be sent again: a receiver may
 *  hear the same twice, and never hears of an older state of a build after a newer one. */
export class WebhookSender implements OutgoingWebhooks {
  readonly receivers: readonly WebhookReceiver[]
  readonly bodyOfNew: OutgoingWebhooks['bodyOfNew']
  readonly statuses?: CommitStatuses
  readonly #deps: WebhookSenderDeps
  readonly #holder = randomUUID()
  readonly #stopping = new AbortController()
  readonly #lines = new Map<string, Promise<void>>()
  #kicked: NodeJS.Timeout | null = null
  #purgedAt = 0
  /** Lines of statuses were left for later: too many were open. */
  #isMoreDue = false

  constructor(deps: WebhookSenderDeps) {
    this.#deps = deps
    this.receivers = deps.receivers
    this.bodyOfNew = deps.bodyOfNew
    if (deps.statuses) this.statuses = deps.statuses
  }

  kick(): void {
    if (this.receivers.length === 0 && this.statuses === undefined) return
    if (this.#kicked || this.#stopping.signal.aborted) return
    this.#kicked = setTimeout(() => {
      this.#kicked = null
      for (const receiver of this.receivers) this.#open(targetOf(receiver))
      if (this.statuses) void this.#openStatuses()
    }, kickMs)
    this.#kicked.unref()
  }

  /** What other processes left, and what may be tried again. Does not wait for the sending. */
  async tick(): Promise<void> {
    const { database } = this.#deps
    const due = new Set(await database.webhookCalls.listDue())
    for (const receiver of this.receivers) if (due.has(receiver.key)) this.#open(targetOf(receiver))
    this.#openLines([...due])
    const now = await database.now()
    if (now - this.#purgedAt < hourMs) return
    this.#purgedAt = now
    await database.webhookCalls.purge({
      sentBefore: now - sentKeptMs,
      failedBefore: now - failedKeptMs,
      waitingBefore: now - giveUpAfterMs,
      receivers: this.receivers.map(({ key }) => key),
    })
  }

  /** Breaks off what is being sent; it is sent again by the next process. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    if (this.#kicked) clearTimeout(this.#kicked)
    await Promise.all(this.#lines.values())
  }

  async #openStatuses(): Promise<void> {
    try {
      this.#openLines(await this.#deps.database.webhookCalls.listDue())
    } catch (err) {
      this.#deps.log.warn('commit statuses cannot be sent', { err })
    }
  }

  /** The lines of statuses among them, as many as may be open. */
  #openLines(due: readonly string[]): void {
    const { statuses } = this
    if (!statuses) return
    const open = [...this.#lines.keys()].filter(isStatusLine).length
    const more = due.filter((key) => isStatusLine(key) && !this.#lines.has(key))
    for (const key of more.slice(0, Math.max(0, mostStatusLines - open)))
      this.#open({
        key,
        url: statuses.url,
        longestWaitMs: longestStatusWaitMs,
        send: (_, body, signal) => statuses.send(body, signal),
      })
    this.#isMoreDue = more.length > mostStatusLines - open
  }

  /** Works off a receiver's line, unless that is being done. */
  #open(receiver: Target): void {
    if (this.#lines.has(receiver.key) || this.#stopping.signal.aborted) return
    const { log } = this.#deps
    const working = this.#work(receiver)
      .catch((err: unknown) => log.warn('webhooks cannot be sent', { url: receiver.url, err }))
      .finally(() => {
        this.#lines.delete(receiver.key)
        if (this.#isMoreDue) this.kick()
      })
    this.#lines.set(receiver.key, working)
  }

  async #work(receiver: Target): Promise<void> {
    const { webhookCalls } = this.#deps.database
    // What was added between the last look and the release was left to us by whoever added it: so look again.
    while (!this.#stopping.signal.aborted && (await webhookCalls.next(receiver.key)) !== null) {
      const held = await this.#take(receiver)
      if (held === null) return
      let waitMs = 0
      try {
        waitMs = await this.#sendAll(receiver, held)
      } finally {
        held.end()
        await webhookCalls.release(receiver.key, this.#holder, waitMs)
      }
      if (waitMs > 0) return
    }
  }

  #take({ key }: Target): Promise<HeldLease | null> {
    const { webhookCalls } = this.#deps.database
    const { webhookLeaseMs } = this.#deps.timers
    const claim = () => webhookCalls.claim(key, this.#holder, webhookLeaseMs)
    return HeldLease.take(claim, webhookLeaseMs)
  }

  /** Gives how long to wait before the next try; 0 = the line is empty, or somebody else's. */
  async #sendAll(receiver: Target, held: HeldLease): Promise<number> {
    const broken = AbortSignal.any([held.lost, this.#stopping.signal])
    for (;;) {
      const call = await this.#deps.database.webhookCalls.next(receiver.key)
      if (call === null || !held.isHeld || broken.aborted) return 0
      const waitMs = await this.#sendOne(receiver, call, broken)
      if (waitMs > 0) return waitMs
    }
  }

  async #sendOne(receiver: Target, call: WebhookCall, broken: AbortSignal): Promise<number> {
    const { database, log } = this.#deps
    const { webhookCalls } = database
    const ageMs = (await database.now()) - call.createdAt
    const isStatus = call.event === 'status'
    const isUpdate = call.event === 'build' && call.action === 'updated'
    // First forget, then read: what is read is newer than all that is forgotten.
    if (isStatus || (isUpdate && ageMs > gatherAfterMs)) await webhookCalls.dropUpdates(call)
    const body = await this.#bodyOf(call)
    if (body.kind === 'none' && body.why === '') {
      await webhookCalls.forget(call.id)
      return 0
    }
    if (body.kind === 'none') {
      await webhookCalls.settle(call.id, { state: 'failed', status: 0, error: body.why })
      return 0
    }
    const { status, retryAfterMs, error } = await this.#try(receiver, call, body.text, broken)
    if (broken.aborted && status === 0) return 0
    const { longestWaitMs } = receiver
    const tried = { status, retryAfterMs, tries: call.tries, ageMs }
    const end = judgeAnswer(longestWaitMs === undefined ? tried : { ...tried, longestWaitMs })
    const fields = { url: receiver.url, name: `${call.event}:${call.action}`, reason: error }
    switch (end.kind) {
      case 'sent':
        await webhookCalls.settle(call.id, {
          ...{ state: 'sent', status, error: '' },
          ...(isStatus ? { body: body.text } : {}),
        })
        return 0
      case 'failed':
        log.warn('webhook was given up', fields)
        await webhookCalls.settle(call.id, { state: 'failed', status, error })
        return 0
      case 'again':
        if (call.tries === 0) log.warn('webhook will be tried again', fields)
        await webhookCalls.noteTry(call.id, status, error)
        return end.waitMs
      default:
        return end satisfies never
    }
  }

  /** What cannot be read must not hold up what is behind it (threats.md T-47). */
  async #bodyOf(call: WebhookCall): Promise<Body> {
    if (call.body !== '') return { kind: 'text', text: call.body }
    try {
      if (call.event === 'status') {
        const status = await this.statuses?.bodyOf(call)
        return status ? { kind: 'text', text: status } : { kind: 'none', why: '' }
      }
      const text = await this.#deps.bodyOf(call)
      return text === null
        ? { kind: 'none', why: 'what it tells of was deleted' }
        : { kind: 'text', text }
    } catch (err) {
      if (isWaggleError(err, 'unavailable')) throw err
      this.#deps.log.error('webhook cannot be made', { 'build.id': call.buildId, err })
      return { kind: 'none', why: 'what it tells of cannot be read' }
    }
  }

  async #try(receiver: Target, call: WebhookCall, body: string, broken: AbortSignal) {
    try {
      const { status, retryAfterMs, reason = '' } = await receiver.send(call, body, broken)
      const words = reason === '' ? '' : `: ${reason}`
      const error = status < 300 ? '' : `the receiver answered ${status}${words}`
      return { status, retryAfterMs, error }
    } catch (error) {
      if (!isWaggleError(error)) throw error
      return { status: 0, retryAfterMs: 0, error: error.message.slice(0, 500) }
    }
  }
}

const targetOf = (receiver: WebhookReceiver): Target => ({
  key: receiver.key,
  url: receiver.url,
  send: ({ event }, body, signal) => receiver.send(event, body, signal),
})
