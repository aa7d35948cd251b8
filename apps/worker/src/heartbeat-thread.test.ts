import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { heartbeatRequest } from '@waggle/contract'
import { silentLogger, systemClock } from '@waggle/domain'
import { waitUntil } from '@waggle/testkit'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { HeartbeatThread } from './heartbeat-thread.ts'

const everyMs = 50

let server: Server
let thread: HeartbeatThread
/** What the thread sent: credential and stages. */
let beats: { credential: string | undefined; stages: readonly number[] }[]
let status: number

beforeEach(async () => {
  beats = []
  status = 200
  server = createServer((request, response) => {
    void note(request).then(() => response.writeHead(status).end('{}'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  await thread.stop()
  server.closeAllConnections()
  server.close()
})

const note = async (request: IncomingMessage): Promise<void> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const { attempts } = heartbeatRequest.parse(JSON.parse(Buffer.concat(parts).toString('utf8')))
  beats.push({
    credential: request.headers.authorization,
    stages: attempts.map(({ stageId }) => stageId),
  })
}

const open = (wedgedMs: number, beatMs = everyMs) => {
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/rpc/worker/v1/heartbeat`
  thread = new HeartbeatThread({
    url,
    everyMs: beatMs,
    wedgedMs,
    log: silentLogger,
  })
}

const say = (...stages: number[]) =>
  thread.say(
    `token-${stages.length}`,
    stages.map((stageId) => ({ stageId, attempt: 1 })),
  )

it('speaks for a main loop that is silent, again and again, with what it said last', async () => {
  open(3_600_000)
  say(1)
  say(1, 2)
  await waitUntil('the third beat', () => beats.length >= 3)
  expect(beats.slice(0, 3)).toEqual(
    new Array(3).fill({ credential: 'Bearer token-2', stages: [1, 2] }),
  )
})

it('says nothing while the main loop speaks for itself', async () => {
  // Two seconds of silence: more than a busy machine takes from this process.
  open(3_600_000, 1_000)
  const speaking = setInterval(() => say(1), 50)
  await systemClock.sleep(3_000)
  clearInterval(speaking)
  const before = beats.length
  await waitUntil('a beat once it is silent', () => beats.length > before)
  expect(before).toBe(0)
})

it('is silent for a main loop that does not come back, and speaks again when it does', async () => {
  open(10 * everyMs)
  // Said again until it is heard in time: the thread may need longer than that to begin.
  const until = (stage: number, isThere: () => boolean) =>
    waitUntil(
      'a beat',
      () => {
        if (isThere()) return true
        say(stage)
        return false
      },
      60_000,
      6 * everyMs,
    )
  await until(1, () => beats.length > 0)
  await waitUntil('silence', async () => {
    const before = beats.length
    await systemClock.sleep(10 * everyMs)
    return beats.length === before
  })
  const before = beats.length
  await until(2, () => beats.length > before)
  expect(beats.at(-1)?.stages).toEqual([2])
})

it('waits for the next word where the API does not know the boot', async () => {
  status = 401
  open(3_600_000)
  say(1)
  await waitUntil('a beat', () => beats.length > 0)
  await systemClock.sleep(10 * everyMs)
  expect(beats).toHaveLength(1)
  status = 200
  say(1, 2)
  await waitUntil('a beat with the new credential', () => beats.length > 1)
  expect(beats[1]?.credential).toBe('Bearer token-2')
})

it('begins with the first stage', async () => {
  open(3_600_000)
  say()
  await systemClock.sleep(10 * everyMs)
  expect(beats).toEqual([])
  say(1)
  await waitUntil('a beat', () => beats.length > 0)
  expect(beats[0]?.stages).toEqual([1])
})
