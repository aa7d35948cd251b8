import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Timers } from '@waggle/domain'
import type { RedisAddress } from '@waggle/redis'
import type { Replica } from './replica.ts'

/** What a process needs to be one more of an installation. */
export interface ReplicaAddress {
  readonly databaseUrl: string
  readonly redis: RedisAddress
  readonly timers: Timers
  readonly sealKey: string
  readonly folder: string
}

export interface Question {
  readonly id: number
  readonly name: keyof Replica
  readonly given: readonly unknown[]
}

export interface Answer {
  readonly id: number
  readonly value?: unknown
  /** What it threw. */
  readonly failure?: string
}

/** Starts a replica as a process. What is asked for in one turn goes in one message, so that it starts together. */
export const forkReplica = async (
  address: ReplicaAddress,
): Promise<{ readonly replica: Replica; close(): Promise<void> }> => {
  const child = fork(
    fileURLToPath(new URL('./replica-main.ts', import.meta.url)),
    [JSON.stringify(address)],
    { serialization: 'advanced', execArgv: [] },
  )
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const ready = Promise.withResolvers<unknown>()
  waiting.set(0, ready)
  child.on('message', ({ id, value, failure }: Answer) => {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (failure === undefined) asked?.resolve(value)
    else asked?.reject(new Error(failure))
  })
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const { reject } of waiting.values())
        reject(new Error(`the replica ended with ${signal ?? code}`))
      resolve()
    })
  })

  let ids = 0
  let unsent: Question[] = []
  const ask = (name: keyof Replica, given: readonly unknown[]): Promise<unknown> => {
    const id = ++ids
    const asked = Promise.withResolvers<unknown>()
    waiting.set(id, asked)
    if (unsent.length === 0)
      queueMicrotask(() => {
        child.send(unsent)
        unsent = []
      })
    unsent.push({ id, name, given })
    return asked.promise
  }
  const names = (await ready.promise) as readonly (keyof Replica)[]
  const calls = names.map(
    (name) => [name, (...given: readonly unknown[]) => ask(name, given)] as const,
  )
  return {
    replica: Object.fromEntries(calls) as unknown as Replica,
    close: async () => {
      child.disconnect()
      await exited
    },
  }
}
