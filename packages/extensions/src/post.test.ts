import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { post } from './post.ts'

/** A key and a certificate that it signed itself, made for this test alone. */
const pem = readFileSync(join(import.meta.dirname, '../testdata/self-signed.pem'))

describe('a service with a certificate that nobody vouches for', () => {
  const server = createServer({ key: pem, cert: pem }, (_, answer) => answer.end('hello'))
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  const ask = (skipVerify: boolean) => {
    const { port } = server.address() as AddressInfo
    const url = new URL(`https://localhost:${port}/`)
    const body = Buffer.from('{}')
    const limits = { timeoutMs: 5_000, limitBytes: 100, allowPrivate: true }
    return post({ name: 'it', url, headers: {}, body, skipVerify, ...limits })
  }

  it('is not trusted', async () => {
    await expect(ask(false)).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'it: no answer (DEPTH_ZERO_SELF_SIGNED_CERT)',
    })
  })

  it('is, where the operator says so', async () => {
    expect((await ask(true)).body.toString()).toBe('hello')
  })
})
