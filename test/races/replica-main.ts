import process from 'node:process'
import { silentLogger } from '@waggle/domain'
import { openPostgres } from '@waggle/store'
import { openDeps } from '../integration/open-deps.ts'
import type { Answer, Question, ReplicaAddress } from './fork-replica.ts'
import { replicaOf } from './replica.ts'

/** A replica as a process of its own: does what the test asks for over IPC. It ends with its test. */
const { databaseUrl, redis, timers, sealKey, folder } = JSON.parse(
  process.argv[2] ?? '',
) as ReplicaAddress
const database = await openPostgres({ url: databaseUrl, poolSize: 10, log: silentLogger })
const { deps } = await openDeps({ database, redis, timers, sealKey, folder })
const replica = replicaOf(deps)

const doAndAnswer = async (question: Question): Promise<void> => {
  process.send?.(await answerTo(question))
}

const answerTo = async ({ id, name, given }: Question): Promise<Answer> => {
  const call = replica[name] as (...given: readonly unknown[]) => Promise<unknown>
  try {
    return { id, value: await call(...given) }
  } catch (error) {
    return { id, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

process.on('message', (questions: readonly Question[]) => {
  // All of them start in this turn; each is answered when it is done.
  for (const question of questions) void doAndAnswer(question)
})
process.once('disconnect', () => process.exit(0))
process.send?.({ id: 0, value: Object.keys(replica) } satisfies Answer)
