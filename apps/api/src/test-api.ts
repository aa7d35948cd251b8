import { createHmac } from 'node:crypto'
import { readSettings } from '@waggle/config'
import { allApiSettings, type RunningApi, runApi } from './run-api.ts'

export const adminToken = 'admin-token-of-the-tests'
export const workerSecret = 'worker-secret-of-the-tests'

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look at members of bodies that they expect.
  readonly json: any
}

interface OwnRedis {
  readonly url: string
  stop(): Promise<void>
}

interface OwnFolder {
  readonly path: string
  remove(): Promise<void>
}

/** The API in this process, on SQLite in a folder of its own and a real Redis. */
export interface TestApi {
  readonly url: string
  readonly folder: string
  readonly redis: OwnRedis
  readonly api: RunningApi
  /** Calls with the admin's token unless another authorization is given. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>
  stop(): Promise<void>
}

/** Both are of the test's own, and go with the API. */
export const startTestApi = async (redis: OwnRedis, temp: OwnFolder): Promise<TestApi> => {
  const settings = readSettings(allApiSettings, {
    WAGGLE_API_PORT: '0',
    WAGGLE_DATA_FOLDER: temp.path,
    WAGGLE_REDIS_URL: redis.url,
    WAGGLE_ADMIN_TOKEN: adminToken,
    WAGGLE_WORKER_SECRET: workerSecret,
    WAGGLE_GIT_LOCAL_FOLDERS: temp.path,
    WAGGLE_LOG_LEVEL: 'error',
  })
  const api = await runApi(settings, new AbortController().signal)
  const url = `http://127.0.0.1:${api.port}`
  return {
    url,
    api,
    folder: temp.path,
    redis,
    call: async (method, path, body, headers = {}) => {
      const isRaw = typeof body === 'string' || body instanceof Uint8Array
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${adminToken}`, ...headers },
        ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) }),
      })
      const text = await answer.text()
      const isJson = answer.headers.get('content-type')?.startsWith('application/json')
      const json: unknown = isJson ? JSON.parse(text) : undefined
      return { status: answer.status, headers: answer.headers, text, json }
    },
    stop: async () => {
      await api.stop()
      await redis.stop()
      await temp.remove()
    },
  }
}

export const signature = (key: string, body: string): Record<string, string> => ({
  'x-waggle-signature-256': `sha256=${createHmac('sha256', key).update(body).digest('hex')}`,
})
