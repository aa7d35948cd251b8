import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Hook } from '@waggle/domain'
import { manifestLimits } from '../limits.ts'
import { formatIssue } from '../manifest-issue.ts'
import type { StagePlan } from '../plan/plan-stages.ts'
import { sizeIssue } from '../yaml/read-documents.ts'

export interface ThreadQuestion {
  readonly text: string
  readonly hook: Hook
  readonly repo: { readonly slug: string; readonly throttle: number }
}

export interface ThreadAnswer {
  readonly plan: StagePlan
  /** See `readsPaths`. */
  readonly readsPaths: boolean
  /** Why the file was not read to its end; `null`: it was, and may be read elsewhere too. */
  readonly refusal: string | null
}

export interface ThreadLimits {
  /** Processor time for one file. */
  readonly cpuMs: number
  /** Time for one file on a machine where the thread hardly runs. */
  readonly wallMs: number
  readonly heapMb: number
  /** Of the text; never more than the language allows. */
  readonly textBytes: number
}

/** The largest files within the limits of the language take a tenth of this. */
const defaultLimits: ThreadLimits = {
  cpuMs: 1_000,
  wallMs: 15_000,
  heapMb: 256,
  textBytes: manifestLimits.textBytes,
}

const checkEveryMs = 100

interface Waiting {
  readonly question: ThreadQuestion
  resolve(answer: ThreadAnswer): void
}

/** Parses and plans files of strangers in a thread of its own, one after the other: a file that costs too much ends
 *  the thread, not the server, and its build is in error (threats.md T-41). The thread begins with the
 *  first file, for it takes some 20 MB, and is kept; of the environment it sees where compiled code is stored, no more.
 *  Answers are plans, which are small: to hand a whole tree over would cost as much as to read it. */
export class ManifestThread {
  readonly #limits: ThreadLimits
  readonly #program: URL
  readonly #waiting: Waiting[] = []
  #worker: Worker | null = null
  #running: Waiting | null = null
  #check: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(limits: Partial<ThreadLimits> = {}, program?: URL) {
    this.#limits = { ...defaultLimits, ...limits }
    this.#program = program ?? new URL('./manifest-thread-main.ts', import.meta.url)
  }

  /** Never rejects: what the thread cannot do is a plan of kind `error`. */
  plan(question: ThreadQuestion): Promise<ThreadAnswer> {
    const issue = sizeIssue(question.text, this.#limits.textBytes)
    if (issue !== null) {
      const message = formatIssue(issue)
      const plan = { kind: 'error', message } as const
      return Promise.resolve({ plan, readsPaths: false, refusal: message })
    }
    return new Promise((resolve) => {
      this.#waiting.push({ question, resolve })
      this.#next()
    })
  }

  /** Ends the thread; whatever waits is answered with an error. */
  async close(): Promise<void> {
    this.#isClosed = true
    const worker = this.#worker
    for (const waiting of this.#waiting.splice(0))
      waiting.resolve(refused('the server is stopping'))
    this.#end('the server is stopping')
    await worker?.terminate()
  }

  #next(): void {
    if (this.#running !== null) return
    const next = this.#waiting.shift()
    if (next === undefined) return
    if (this.#isClosed) {
      next.resolve(refused('the server is stopping'))
      return
    }
    this.#running = next
    this.#worker ??= this.#start()
    const worker = this.#worker
    worker.ref()
    this.#watch(worker)
    worker.postMessage(next.question)
  }

  #start(): Worker {
    const worker = new Worker(this.#program, {
      name: 'manifest',
      env: storedCode(),
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.heapMb },
    })
    worker.on('message', (answer: ThreadAnswer) => {
      if (worker === this.#worker) this.#answer(answer)
    })
    let reason = 'its reader ended'
    worker.on('error', (error) => {
      const isMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
      reason = isMemory ? 'it takes more memory than a file may' : 'its reader failed'
    })
    worker.on('exit', () => {
      if (worker === this.#worker) this.#end(reason)
    })
    return worker
  }

  /** Ends the thread when the file took too much. Processor time counts, so that a busy machine refuses nothing; it is
   *  asked for only of files that are not done at the first look. */
  #watch(worker: Worker): void {
    const startedAt = performance.now()
    let before: NodeJS.CpuUsage | undefined
    // A thread that is deaf for a while answers several questions at once: asked one at a time, or the second would
    // take all that the thread ever used for this file's.
    let isAsking = false
    const look = async (): Promise<void> => {
      if (performance.now() - startedAt > this.#limits.wallMs) {
        this.#stop(worker, check)
        return
      }
      if (isAsking) return
      isAsking = true
      const used = await worker.cpuUsage(before).catch(() => undefined)
      isAsking = false
      if (before === undefined) before = used
      else if (used && (used.user + used.system) / 1_000 > this.#limits.cpuMs)
        this.#stop(worker, check)
    }
    const check = setInterval(() => void look(), checkEveryMs)
    this.#check = check
  }

  #stop(worker: Worker, check: NodeJS.Timeout): void {
    if (worker !== this.#worker || check !== this.#check) return
    this.#end('it takes more time than a file may')
    void worker.terminate()
  }

  #answer(answer: ThreadAnswer): void {
    clearInterval(this.#check)
    this.#check = undefined
    const running = this.#running
    this.#running = null
    this.#worker?.unref()
    running?.resolve(answer)
    this.#next()
  }

  /** Without the thread; the next file starts another. */
  #end(reason: string): void {
    this.#worker = null
    this.#answer(refused(reason))
  }
}

/** The folder of the process's compile cache, in the one way that reaches a thread before its first module: without it
 *  the thread brings a type stripper of its own, 29 MB and 0.3 s of processor time more for the first build. */
const storedCode = (): Readonly<Record<string, string>> => {
  const folder = getCompileCacheDir()
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: dirname(folder) }
}

const refused = (reason: string): ThreadAnswer => {
  const refusal = `the file cannot be read: ${reason}`
  return { plan: { kind: 'error', message: refusal }, readsPaths: false, refusal }
}
