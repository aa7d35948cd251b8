import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { acceptStage } from '@waggle/control'
import { isWaggleError, type WorkerRecord } from '@waggle/domain'
import { Redis } from '@waggle/redis'
import { plainProfile, waitUntil } from '@waggle/testkit'
import type { BenchControl } from './bench-control.ts'
import { groupOf } from './fill-stages.ts'
import type { PoolOrder, PoolQuestion } from './pool-worker.ts'

const workerCount = 1_000
const processes = 4

export interface Round {
  /** Stages accepted a second. */
  readonly perSecond: number
  /** Milliseconds of processor time that this process took for each. */
  readonly cpuMs: number
}

/** 1,000 workers, one for each partition, in a few processes. This process is their API: each of their questions is an
 *  accept. */
export interface WorkerPool {
  /** Lets them take stages until `count` were accepted, and waits until those are answered that are under way. */
  round(count: number): Promise<Round>
  stop(): Promise<void>
}

export const registerWorkers = async ({ deps }: BenchControl): Promise<readonly WorkerRecord[]> => {
  const workers: WorkerRecord[] = []
  for (let i = 0; i < workerCount; i++)
    workers.push(
      await deps.database.workers.register({
        id: `w${i}`,
        bootId: 'bench',
        name: `worker-${i}`,
        version: 'bench',
        slots: 1,
        tokenHash: '',
        ...plainProfile({ group: groupOf(i) }),
      }),
    )
  return workers
}

export const startPool = async (
  { deps }: BenchControl,
  workers: readonly WorkerRecord[],
  redis: { readonly url: string; readonly prefix: string },
): Promise<WorkerPool> => {
  const counter = new Redis(redis.url)
  const before = await connectionsOf(counter)
  const children: ChildProcess[] = []
  let inFlight = 0
  let onAccepted: () => void = () => undefined

  const answer = async (child: ChildProcess, question: PoolQuestion): Promise<void> => {
    const worker = workers[question.worker]
    if (!worker) throw new Error('an unknown worker asks')
    inFlight++
    const { id, stageId, attempt } = question
    const isAnswered = await acceptStage(deps, worker, stageId, {
      attempt,
      requestId: randomUUID(),
    })
      .then(({ kind }) => {
        if (kind === 'accepted') onAccepted()
        return true
      })
      .catch((error: unknown) => {
        // As an API process: it answers 503, and the worker asks again.
        if (isWaggleError(error, 'unavailable')) return false
        throw error
      })
    inFlight--
    child.send({ kind: 'answer', id, isAnswered } satisfies PoolOrder)
  }
  const tell = (kind: 'go' | 'hold') => {
    for (const child of children) child.send({ kind } satisfies PoolOrder)
  }

  const perProcess = workerCount / processes
  for (let i = 0; i < processes; i++) {
    const child = fork(join(import.meta.dirname, 'pool-worker.ts'), {
      env: {
        ...process.env,
        REDIS_URL: redis.url,
        REDIS_PREFIX: redis.prefix,
        FIRST: String(i * perProcess),
        COUNT: String(perProcess),
      },
    })
    children.push(child)
    await once(child, 'message')
    child.on('message', (question: PoolQuestion) => void answer(child, question))
  }

  await allConnected(counter, before)
  return {
    round: async (count) => {
      let accepted = 0
      let firstAt = 0
      let lastAt = 0
      const reached = new Promise<void>((resolve) => {
        onAccepted = () => {
          accepted++
          const now = performance.now()
          if (accepted === 1) firstAt = now
          if (accepted === count) {
            lastAt = now
            resolve()
          }
        }
      })
      const cpuBefore = process.cpuUsage()
      const late = new AbortController()
      tell('go')
      await Promise.race([
        reached,
        delay(120_000, undefined, { signal: late.signal }).then(() => {
          throw new Error(`only ${accepted} of ${count} stages were accepted in 120 s`)
        }),
      ])
      late.abort()
      tell('hold')
      for (let quiet = 0; quiet < 3; quiet = inFlight === 0 ? quiet + 1 : 0) await delay(100)
      const cpu = process.cpuUsage(cpuBefore)
      return {
        perSecond: (count - 1) / ((lastAt - firstAt) / 1_000),
        cpuMs: (cpu.user + cpu.system) / 1_000 / accepted,
      }
    },
    stop: async () => {
      const ended = children.map((child) => once(child, 'exit'))
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(ended)
    },
  }
}

/** A consumer starts without waiting for its two connections: those are what a first round would measure. */
const allConnected = async (redis: Redis, before: number): Promise<void> => {
  const isThere = async () => (await connectionsOf(redis)) === before + 2 * workerCount
  await waitUntil('the connections of all workers', isThere, 120_000, 500)
  redis.disconnect()
}

const connectionsOf = async (redis: Redis): Promise<number> =>
  String(await redis.client('LIST'))
    .split('\n')
    .filter((line) => / name=waggle:w\d/.test(line)).length
