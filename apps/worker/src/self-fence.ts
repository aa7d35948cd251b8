import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { type AttemptRef, type Clock, type Engine, type Logger, unavailable } from '@waggle/domain'
import { type FencedAttempt, isExpired, readFences, writeFence } from './fence-file.ts'
import type { Lease } from './lease.ts'
import type { GuardOptions } from './run-guard.ts'
import { storedCode } from './stored-code.ts'

export interface SelfFenceDeps {
  readonly guard: GuardOptions
  readonly bootId: string
  readonly engine: Pick<Engine, 'remove'>
  readonly everyMs: number
  readonly clock: Clock
  readonly log: Logger
}

/** Ends the stages that may be run again elsewhere when this worker cannot renew their leases for `selfFenceMs`: they
 *  are killed before the server gives them to another (reliability.md §0.2). Where this process hangs or dies, its
 *  guard does it: a small process in a session of its own, which is started with the first such stage. */
export class SelfFence {
  readonly #deps: SelfFenceDeps
  readonly #fenced = new Map<string, { lease: Lease; attempt: FencedAttempt }>()
  readonly #stopping = new AbortController()
  readonly #watching: Promise<void>
  #guard: Promise<ChildProcess> | null = null

  constructor(deps: SelfFenceDeps) {
    this.#deps = deps
    this.#watching = this.#watch()
    // What an earlier boot left may still run: its guard may have died with it.
    if (readFences(deps.guard.folder).size > 0)
      this.#ensureGuard().catch((err: unknown) => deps.log.error('guard not started', { err }))
  }

  /** Before anything of the stage runs. `askedAt`: when its accept was sent. Throws `unavailable` where there is no
   *  guard: then the stage must not run here. */
  async add(lease: Lease, askedAt: number): Promise<void> {
    this.#fenced.set(keyOf(lease.ref), { lease, attempt: { ...lease.ref, renewedAt: askedAt } })
    this.#write()
    try {
      await this.#ensureGuard()
    } catch (error) {
      this.delete(lease.ref)
      throw error
    }
  }

  /** A heartbeat that was sent at that time, and named these, was answered: all but the lost ones are this worker's. */
  renewed(refs: readonly AttemptRef[], lost: readonly AttemptRef[], sentAt: number): void {
    if (this.#fenced.size === 0) return
    const taken = new Set(lost.map(keyOf))
    for (const ref of refs) {
      const fenced = taken.has(keyOf(ref)) ? undefined : this.#fenced.get(keyOf(ref))
      if (fenced && fenced.attempt.renewedAt < sentAt)
        fenced.attempt = { ...fenced.attempt, renewedAt: sentAt }
    }
    this.#write()
  }

  /** Nothing of it runs any more. */
  delete(ref: AttemptRef): void {
    if (this.#fenced.delete(keyOf(ref))) this.#write()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#watching
  }

  async #watch(): Promise<void> {
    const { clock, everyMs, guard, log } = this.#deps
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(everyMs, this.#stopping.signal).catch(() => undefined)
      for (const { lease, attempt } of [...this.#fenced.values()]) {
        if (!isExpired(attempt, guard.selfFenceMs)) continue
        const { stageId } = attempt
        log.warn('cut off from the API: the stage may be run again elsewhere, so it ends here', {
          'stage.id': stageId,
          attempt: attempt.attempt,
        })
        lease.lose()
        await this.#end(lease.ref)
      }
    }
  }

  /** Without a grace: the time for one is over. */
  async #end(ref: AttemptRef): Promise<void> {
    const { engine, guard, log } = this.#deps
    await engine.remove(guard.installation, ref).then(
      () => this.delete(ref),
      // The guard tries it as well, and the next round.
      (err: unknown) => log.warn('fenced stage not ended', { 'stage.id': ref.stageId, err }),
    )
  }

  #write(): void {
    const { guard, bootId } = this.#deps
    const attempts = [...this.#fenced.values()].map(({ attempt }) => attempt)
    writeFence(guard.folder, bootId, attempts)
  }

  #ensureGuard(): Promise<ChildProcess> {
    this.#guard ??= startGuard(this.#deps.guard).then(
      (child) => {
        child.once('exit', () => {
          this.#guard = null
          const isNeeded = this.#fenced.size > 0 && !this.#stopping.signal.aborted
          if (isNeeded) this.#ensureGuard().catch(() => undefined)
        })
        return child
      },
      (error: unknown) => {
        this.#guard = null
        throw error
      },
    )
    return this.#guard
  }
}

const keyOf = (ref: AttemptRef): string => `${ref.stageId}-${ref.attempt}`

const readyMs = 30_000

/** Resolves when it watches. It outlives this process. */
const startGuard = (options: GuardOptions): Promise<ChildProcess> =>
  new Promise((resolve, reject) => {
    const main = join(import.meta.dirname, 'guard-main.ts')
    const child = spawn(process.execPath, [main, JSON.stringify(options)], {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: storedCode(),
    })
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(unavailable('guard_late', 'the guard of this worker did not start in time'))
    }, readyMs)
    const end = () => clearTimeout(timer)
    child.once('error', (cause) => {
      end()
      reject(unavailable('guard_not_started', 'the guard of this worker did not start', { cause }))
    })
    child.once('exit', () => {
      end()
      reject(unavailable('guard_ended', 'the guard of this worker ended at its start'))
    })
    child.stdout?.once('data', () => {
      end()
      child.stdout?.destroy()
      child.unref()
      resolve(child)
    })
  })
