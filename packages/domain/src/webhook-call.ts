import type { Page } from './repo.ts'

/** What outside parties are told of (scheduling.md §14.2); `status`: the code host, of a commit (§14.1). */
export interface WebhookEvent {
  readonly event: 'user' | 'repo' | 'build' | 'status'
  readonly action: 'created' | 'updated' | 'deleted' | 'enabled' | 'disabled'
}

/** waiting: still to be sent · sent: the receiver took it · failed: given up, or refused by the receiver. */
export const webhookStates = ['waiting', 'sent', 'failed'] as const
export type WebhookState = (typeof webhookStates)[number]

/** One event that one receiver is to be told of: a row of the transaction that changed the thing. */
export interface WebhookCall extends WebhookEvent {
  readonly id: number
  /** Key of the receiver. */
  readonly receiver: string
  readonly repoId: number
  readonly buildId: number
  /** What is sent, where it has to be kept since the thing may be gone by then; empty = read when it is sent. Of a status
   *  that was sent: what the host was told. */
  readonly body: string
  readonly state: WebhookState
  readonly tries: number
  /** HTTP status of the last try; 0 = no answer. */
  readonly status: number
  /** Why the last try failed. */
  readonly error: string
  readonly createdAt: number
  readonly endedAt: number
}

export type NewWebhookCall = WebhookEvent &
  Pick<WebhookCall, 'receiver' | 'repoId' | 'buildId' | 'body'>

/** What waits for a receiver, and what became of the rest. */
export interface WebhookLine {
  readonly receiver: string
  readonly waiting: number
  readonly failed: number
  readonly sent: number
  /** When the oldest that waits was made; 0 = none waits. */
  readonly oldestAt: number
}

export interface WebhookCallStore {
  add(calls: readonly NewWebhookCall[]): Promise<void>
  /** The oldest that waits for the receiver. */
  next(receiver: string): Promise<WebhookCall | null>
  /** Receivers that something waits for, that nobody sends to, and that may be tried again. */
  listDue(): Promise<readonly string[]>
  /** Makes the holder the only one who sends to this receiver, until `leaseMs` from now; again renews it. `false`:
   *  somebody else is, or it is too early for another try. */
  claim(receiver: string, holder: string, leaseMs: number): Promise<boolean>
  /** Lets go of the receiver; nobody tries it for `waitMs`. */
  release(receiver: string, holder: string, waitMs: number): Promise<void>
  /** A try that failed; the call waits on. */
  noteTry(id: number, status: number, error: string): Promise<void>
  /** Ends a call that waits. */
  settle(
    id: number,
    end: {
      readonly state: 'sent' | 'failed'
      readonly status: number
      readonly error: string
      /** What the receiver was told, where that is asked for later. */
      readonly body?: string
    },
  ): Promise<void>
  /** Forgets a call that waits: there is nothing to tell. */
  forget(id: number): Promise<void>
  /** Forgets the later `updated` of a build: the one before tells its newest state. Gives how many. */
  dropUpdates(call: Pick<WebhookCall, 'id' | 'receiver' | 'event' | 'buildId'>): Promise<number>
  /** What the receiver was last told of a build, where that was kept; empty = nothing. */
  lastTold(receiver: string, buildId: number): Promise<string>
  /** Puts a failed call at the end of its receiver's line again. */
  resend(id: number): Promise<WebhookCall | null>
  /** Newest first. */
  list(
    filter: { readonly state?: WebhookState; readonly receiver?: string },
    page: Page,
  ): Promise<readonly WebhookCall[]>
  /** By receiver; those whose keys begin with `status:` together, as `status`. */
  lines(): Promise<readonly WebhookLine[]>
  /** Deletes ended ones that ended before these times, and what waits since before `waitingBefore` for receivers that are
   *  not among these: another process may know receivers that this one does not. */
  purge(limits: {
    readonly sentBefore: number
    readonly failedBefore: number
    readonly waitingBefore: number
    readonly receivers: readonly string[]
  }): Promise<number>
}

/** Somebody who is told (a system webhook of the operator). */
export interface WebhookReceiver {
  /** Stands for the address in the database, for addresses may hold credentials. */
  readonly key: string
  /** The address without what may be secret in it. */
  readonly url: string
  wants(event: WebhookEvent): boolean
  /** Gives the HTTP status, whatever it is, and how long the receiver asks to wait (0 = it does not say). Throws
   *  `unavailable` or `timeout` where there is no answer. */
  send(
    event: WebhookEvent['event'],
    body: string,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly retryAfterMs: number }>
}
