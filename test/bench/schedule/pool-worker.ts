import { type OfferOutcome, scaledTimers, silentLogger } from '@waggle/domain'
import { openConsumer, type QueueConsumer } from '@waggle/queue'
import { plainProfile } from '@waggle/testkit'
import { groupOf } from './fill-stages.ts'

/** A number of workers in one process, each with a consumer of its own; what they accept is asked of the parent and
 *  ends at once. They take nothing until they are told to go. */
export interface PoolQuestion {
  readonly id: number
  readonly worker: number
  readonly stageId: number
  readonly attempt: number
}

export type PoolOrder =
  | { readonly kind: 'go' | 'hold' }
  | { readonly kind: 'answer'; readonly id: number; readonly isAnswered: boolean }

const number = (name: string): number => Number(process.env[name])

let isOpen = false
let asked = 0
const waiting = new Map<number, (isAnswered: boolean) => void>()
const consumers: QueueConsumer[] = []

const ask = async (worker: number, offer: { stageId: number; attempt: number }) => {
  const id = ++asked
  const answer = new Promise<boolean>((resolve) => waiting.set(id, resolve))
  const { stageId, attempt } = offer
  process.send?.({ id, worker, stageId, attempt } satisfies PoolQuestion)
  const outcome: OfferOutcome = (await answer)
    ? { kind: 'settled', done: Promise.resolve() }
    : { kind: 'unanswered' }
  return outcome
}

process.on('message', (order: PoolOrder) => {
  if (order.kind === 'answer') {
    waiting.get(order.id)?.(order.isAnswered)
    waiting.delete(order.id)
    return
  }
  isOpen = order.kind === 'go'
  if (isOpen) for (const consumer of consumers) consumer.wake()
})
process.once('disconnect', () => process.exit(0))
// As in a worker's process: one forgotten rejection must not end 250 workers.
let forgotten = 0
process.on('unhandledRejection', (error) => {
  if (forgotten++ === 0)
    process.stderr.write(`not handled, and no more of them are told: ${String(error)}\n`)
})

const first = number('FIRST')
for (let worker = first; worker < first + number('COUNT'); worker++) {
  const consumer = openConsumer({
    redis: { url: process.env['REDIS_URL'] ?? '', prefix: process.env['REDIS_PREFIX'] ?? '' },
    log: silentLogger,
    timers: scaledTimers(),
    workerId: `w${worker}`,
    profile: plainProfile({ group: groupOf(worker) }),
    slots: 1,
    isReady: () => isOpen,
    onOffer: (offer) => ask(worker, offer),
  })
  consumers.push(consumer)
  await consumer.start()
}
process.send?.('ready')
