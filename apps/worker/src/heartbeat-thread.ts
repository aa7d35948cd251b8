import { Worker } from 'node:worker_threads'
import type { AttemptRef, Logger } from '@waggle/domain'
import { HeartbeatWord } from './heartbeat-word.ts'
import { storedCode } from './stored-code.ts'

export interface HeartbeatThreadDeps {
  /** Where heartbeats go. */
  readonly url: string
  readonly everyMs: number
  /** Silence of the main loop after which nothing is renewed for it any more. */
  readonly wedgedMs: number
  readonly log: Logger
}

/** What the thread is made with. */
export type HeartbeatThreadData = Pick<HeartbeatThreadDeps, 'url' | 'everyMs' | 'wedgedMs'> & {
  /** Opens calls of this boot; each further one comes as a message. */
  readonly credential: string
  /** Of the `HeartbeatWord`. */
  readonly memory: SharedArrayBuffer
}

/** Enough for node:http; the rest of its memory is the isolate itself. */
const resourceLimits = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 2 }

/** A thread that sends the heartbeat while the main loop is busy, so that work of its own costs a worker no lease
 *  (reliability.md W18). It speaks when nothing was heard of the main loop for two heartbeats, and is silent from
 *  `wedgedMs` on: a loop that will not come back must not hold its leases for ever. What the API answers it leaves to
 *  the main loop's next heartbeat, which hears the same. It takes some 20 MB, so it begins with the first stage; it is
 *  kept, for its end would give back a fifth of that (docs/decisions/0010). */
export class HeartbeatThread {
  readonly #deps: HeartbeatThreadDeps
  readonly #word = new HeartbeatWord()
  #worker: Worker | null = null
  /** The one that the thread knows. */
  #credential = ''
  #isStopped = false

  constructor(deps: HeartbeatThreadDeps) {
    this.#deps = deps
  }

  /** The main loop lives, and holds these: at every heartbeat of its own, and when what it holds changes. */
  say(credential: string, attempts: readonly AttemptRef[]): void {
    this.#word.say(attempts)
    const worker = this.#worker
    if (worker === null) {
      if (attempts.length > 0 && !this.#isStopped) this.#worker = this.#start(credential)
    } else if (credential !== this.#credential) worker.postMessage(credential)
    this.#credential = credential
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    const worker = this.#worker
    this.#worker = null
    await worker?.terminate()
  }

  #start(credential: string): Worker {
    const { memory } = this.#word
    const { url, everyMs, wedgedMs, log } = this.#deps
    const worker = new Worker(new URL('./heartbeat-thread-main.ts', import.meta.url), {
      name: 'heartbeat',
      workerData: { url, everyMs, wedgedMs, credential, memory } satisfies HeartbeatThreadData,
      env: storedCode(),
      execArgv: [],
      resourceLimits,
    })
    worker.unref()
    // The next word starts another.
    worker.on('error', (err) => log.error('the heartbeat thread failed', { err }))
    worker.on('exit', () => {
      if (worker === this.#worker) this.#worker = null
    })
    return worker
  }
}
