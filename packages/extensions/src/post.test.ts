import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endpointUrl } from './endpoint.ts'
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

describe('an address that the server may not connect to (threats.md T-54)', () => {
  let connections = 0
  const server = createTcpServer((socket) => {
    connections++
    socket.destroy()
  })
  // On IPv6 too where there is any: `::` takes both.
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, resolve)))
  afterAll(() => new Promise((resolve) => server.close(resolve)))

  const ask = (address: string, allowPrivate: boolean) =>
    post({
      name: 'it',
      url: endpointUrl(address, 'it'),
      ...{ headers: {}, body: Buffer.from('{}'), skipVerify: true, allowPrivate },
      ...{ timeoutMs: 5_000, limitBytes: 100 },
    })
  const refused = { kind: 'unavailable', code: 'address_refused' }

  it.each([
    ...['127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '2130706433', '0x7f000001'],
    ...['0x7f.1', '0177.0.0.1', '017700000001', '0x7f.0x0.0x0.0x1', '127.0.0.1.', 'localhost'],
    ...[
      'LOCALHOST',
      'user:pass@127.0.0.1',
      '127.0.0.1%2f@127.0.0.1',
      '１２７.0.0.1',
      '127。0。0。1',
    ],
    ...['0.0.0.0', '0', '[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]'],
    ...['[::ffff:7f00:1]', '[0:0:0:0:0:ffff:127.0.0.1]', '[64:ff9b::127.0.0.1]', '[::127.0.0.1]'],
    ...['10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.0.1', '100.64.0.1', '100.127.0.1'],
    ...['[fc00::1]', '[fd12:3456::1]', '224.0.0.1', '[ff02::1]', '255.255.255.255'],
    ...['169.254.169.254', '[fe80::1]', '[::ffff:169.254.169.254]', '2852039166'],
  ])('is %s where private networks are closed', async (host) => {
    const { port } = server.address() as AddressInfo
    for (const scheme of ['http', 'https'])
      await expect(ask(`${scheme}://${host}:${port}/`, false)).rejects.toMatchObject(refused)
    expect(connections).toBe(0)
  })

  it.each([
    ...['169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.1.1'],
    ...[
      '[fe80::1]',
      '[::ffff:169.254.169.254]',
      '[::ffff:a9fe:a9fe]',
      '[64:ff9b::169.254.169.254]',
    ],
  ])('is %s even where they are open', async (host) => {
    await expect(ask(`http://${host}/`, true)).rejects.toMatchObject(refused)
  })

  it.each([
    'file:///etc/passwd',
    'ftp://127.0.0.1/',
    'gopher://127.0.0.1/',
    'http:',
    '//127.0.0.1',
  ])('%s is no endpoint', (address) => {
    expect(() => endpointUrl(address, 'it')).toThrow('has to begin with http')
  })
})
