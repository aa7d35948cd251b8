import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { freePort, tempFolder, waitUntil } from '@waggle/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

let temp: Awaited<ReturnType<typeof tempFolder>>
beforeAll(async () => {
  temp = await tempFolder('worker-main')
})
afterAll(() => temp?.remove())

/** Two defects that a signal sets off. */
const preload = `data:text/javascript,${encodeURIComponent(`
  process.on('SIGUSR2', () => void Promise.reject(new Error('forgotten')))
  process.on('SIGWINCH', () => { throw new Error('uncaught') })
`)}`

it('logs a rejection that nobody handled and goes on, and ends after an exception that nobody caught', async () => {
  const port = await freePort()
  const child = spawn(
    process.execPath,
    ['--import', preload, join(import.meta.dirname, 'main.ts')],
    {
      env: {
        PATH: '/usr/local/bin:/usr/bin:/bin',
        // Nobody is there: the worker waits for its API.
        WAGGLE_SERVER_URL: `http://127.0.0.1:${port}`,
        WAGGLE_WORKER_SECRET: 'worker-secret-of-this-test',
        WAGGLE_WORKER_DATA_FOLDER: temp.path,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString('utf8')
    })
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  try {
    await waitUntil('the worker to ask', () => output.includes('does not answer'))
    child.kill('SIGUSR2')
    await waitUntil('the rejection', () => output.includes('a rejection was not handled'))
    expect(output).toContain('forgotten')
    child.kill('SIGWINCH')
    expect(await exited).toBe(1)
    expect(output).toContain('an exception was not caught, the process ends')
    expect(output).toContain('uncaught')
  } finally {
    child.kill('SIGKILL')
    await exited
  }
})
