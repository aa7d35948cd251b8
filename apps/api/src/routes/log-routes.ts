import type { ServerResponse } from 'node:http'
import { setImmediate as breathe } from 'node:timers/promises'
import { type Database, isDone, type LogKey, readLineBlock } from '@waggle/domain'
import type { ApiDeps } from '../api-deps.ts'
import { empty, stream } from '../http/reply.ts'
import { type Route, route } from '../http/route.ts'
import { HttpError, missing } from '../http/status-of.ts'
import { lineShape } from '../shapes/line-shape.ts'
import { findStep, logOf } from '../step-log.ts'

const path = '/api/repos/:owner/:name/builds/:build/logs/:stage/:step' as const

/** Stored logs (rest-api.md §7.2). */
export const logRoutes = ({ control }: ApiDeps): readonly Route[] => {
  const { database } = control
  return [
    route.read(`GET ${path}`, async (call) => {
      const { stage, step } = await findStep(database, call)
      const key = await logOf(database, stage, step)
      const seal = key ? await database.logs.findSeal(key) : null
      if (key === null || seal === null) throw missing()
      return stream(async (response, signal) => {
        response.writeHead(200, {
          'content-type': 'application/json',
          'x-waggle-log-lines': String(seal.lines),
          // Empty: complete. Else where the log is known not to hold everything.
          'x-waggle-log-gap': encodeURIComponent(seal.gap),
        })
        await writeLog(database, key, response, signal)
      })
    }),
    route.admin(`DELETE ${path}`, async (call) => {
      const { step } = await findStep(database, call)
      if (!isDone(step.status)) throw new HttpError(409, 'The step is still running')
      await database.logs.deleteByStep(step.id)
      return empty()
    }),
  ]
}

const chunkCharacters = 64 * 1024
const stallMs = 30_000

/** A JSON array, one segment in memory at a time, however long the log is. */
const writeLog = async (
  database: Pick<Database, 'logs'>,
  key: LogKey,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> => {
  let chunk = '['
  let isFirst = true
  for await (const segment of database.logs.read(key, 0))
    for (const line of readLineBlock(segment)) {
      chunk += `${isFirst ? '' : ','}${JSON.stringify(lineShape(line))}`
      isFirst = false
      if (chunk.length < chunkCharacters) continue
      await written(response, chunk, signal)
      if (signal.aborted) return
      chunk = ''
    }
  response.end(`${chunk}]\n`)
}

const written = async (
  response: ServerResponse,
  chunk: string,
  signal: AbortSignal,
): Promise<void> => {
  // Others get their turn between two chunks, also where the reader is as fast as we are.
  if (response.write(chunk)) return breathe()
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(stalled)
      response.off('drain', end)
      response.off('close', end)
      signal.removeEventListener('abort', end)
      resolve()
    }
    // A segment is held meanwhile: who reads nothing for that long is cut off.
    const stalled = setTimeout(() => response.destroy(), stallMs)
    response.once('drain', end)
    response.once('close', end)
    signal.addEventListener('abort', end, { once: true })
  })
}
