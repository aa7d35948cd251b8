import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

const main = join(import.meta.dirname, '../main.ts')
const cron = {
  name: 'nightly',
  expr: '0 0 4 * * *',
  branch: 'main',
  next: 1_800_000_000,
  prev: 1_700_000_000,
  disabled: false,
  timezone: 'Europe/Berlin',
  error: 'git: no such branch\u001b[2J',
}

let server: Server
let asked: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (part) => (body += part))
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${body}`.trim())
      if (request.method === 'DELETE') response.writeHead(204).end()
      else response.end(JSON.stringify(request.url?.endsWith('/cron') && !body ? [cron] : cron))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.close()
})
beforeEach(() => {
  asked = []
})

const waggle = async (...args: readonly string[]): Promise<string> => {
  const { port } = server.address() as AddressInfo
  const where = ['--server', `http://127.0.0.1:${port}`, '--token', 'secret']
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args, ...where])
  return stdout
}

test('cron jobs are listed with what became of their last run', async () => {
  const out = await waggle('cron', 'ls', 'me/app')
  expect(asked).toEqual(['GET /api/repos/me/app/cron'])
  expect(out).toContain('nightly  0 0 4 * * *  main')
  expect(out).toContain('2027-01-15 08:00:00 UTC')
  expect(out).toContain('git: no such branch')
  expect(out).not.toContain('\u001b')
})

test('a cron job is made, changed and removed', async () => {
  const made = await waggle('cron', 'add', 'me/app', 'nightly', '0 0 4 * * *', '--timezone', 'UTC')
  expect(made).toContain('cron job nightly: 0 0 4 * * *')
  await waggle('cron', 'update', 'me/app', 'night/ly', '--disable')
  await waggle('cron', 'rm', 'me/app', 'nightly')
  expect(asked).toEqual([
    'POST /api/repos/me/app/cron {"name":"nightly","expr":"0 0 4 * * *","branch":"main","timezone":"UTC"}',
    'PATCH /api/repos/me/app/cron/night%2Fly {"disabled":true}',
    'DELETE /api/repos/me/app/cron/nightly',
  ])
})
