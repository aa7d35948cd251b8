import { createCipheriv, randomBytes } from 'node:crypto'
import { createServer } from 'node:net'
import type { Build, Repo, User } from '@waggle/domain'
import { answerJson, type OutsideService, startOutsideService } from '@waggle/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { createExtensions, type ExtensionSettings } from './create-extensions.ts'
import type { Endpoint } from './endpoint.ts'

const secret = 'an extension secret of 32 bytes!'
const facts = {
  repo: { id: 1, slug: 'acme/app' } as Repo,
  build: { after: 'a'.repeat(40), event: 'push', params: {} } as unknown as Build,
}
const shapes = {
  repo: ({ id, slug }: Repo) => ({ id, slug }),
  build: ({ event, after }: Build) => ({ event, after }),
  user: ({ login }: User) => ({ login }),
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

type Answer = Parameters<typeof startOutsideService>[1]

const serve = async (answer: Answer): Promise<OutsideService> => {
  const service = await startOutsideService(secret, answer)
  closers.push(() => service.close())
  return service
}

const at = (url: string, more: Partial<Endpoint> = {}): Endpoint => ({
  url,
  secret,
  skipVerify: false,
  timeoutMs: 5_000,
  ...more,
})

const open = (more: Partial<ExtensionSettings>) =>
  createExtensions({ shapes, allowPrivate: true, isEncrypted: false, ...more })

/** A config extension that answers so. */
const configOf = async (answer: Answer, more: Partial<Endpoint> = {}) => {
  const service = await serve(answer)
  return { service, ask: open({ config: at(service.url, more) }).config ?? fail() }
}

const fail = (): never => {
  throw new Error('the extension is absent')
}

const noBuild = expect.objectContaining({ id: 0, number: 0, status: '' }) as unknown

describe('what is sent', () => {
  it('is signed, says what it accepts, and never leaves out the build of the repository', async () => {
    const { service, ask } = await configOf(answerJson({ data: 'kind: pipeline' }))
    expect(await ask(facts)).toBe('kind: pipeline')
    const [call] = service.calls
    expect(call).toMatchObject({
      method: 'POST',
      signed: 'accept accept-encoding content-type date digest',
      body: {
        repo: { id: 1, slug: 'acme/app', build: noBuild },
        build: { event: 'push', after: 'a'.repeat(40) },
        token: { access: '', refresh: '' },
      },
      headers: {
        accept: 'application/vnd.drone.config.v1+json',
        'accept-encoding': 'identity',
        'content-type': 'application/json',
      },
    })
  })

  it('fails the check of a service that has another secret', async () => {
    const { service, ask } = await configOf(answerJson({ data: 'x' }), { secret: 'other' })
    await ask(facts)
    expect(service.calls[0]?.signed).toBeNull()
  })

  it.each([
    ['convert', 'application/vnd.drone.convert.v1+json'],
    ['validate', 'application/vnd.drone.validate.v1+json'],
    ['secret', 'application/vnd.drone.secret.v1+json'],
    ['registry', 'application/vnd.drone.registry.v1+json'],
    ['environment', 'application/vnd.drone.env.v2+json'],
    ['admission', 'application/vnd.drone.admission.v1+json'],
  ])('to the %s extension names its protocol', async (kind, accept) => {
    const service = await serve(answerJson(undefined, 204))
    const endpoint = { ...at(service.url), pathEnding: '', cacheSize: 0 }
    const extensions = open({ [kind]: endpoint })
    const answers = [
      await extensions.convert?.(facts, { path: '.drone.yml', text: 'a' }),
      await extensions.validate?.(facts, 'a'),
      await extensions.secret?.(facts, { path: 'p', name: 'n' }),
      await extensions.registry?.(facts),
      await extensions.environment?.(facts),
      await extensions.admit?.({ event: 'login', user: { login: 'ann' } as User }),
    ].filter((answer) => answer !== undefined)
    const none = {
      convert: null,
      validate: { kind: 'valid' },
      secret: null,
      registry: [],
      environment: [],
      admission: { kind: 'admitted', admin: null },
    }[kind]
    expect(answers).toEqual([none])
    expect(service.calls).toMatchObject([{ headers: { accept } }])
    expect(service.calls[0]?.signed).not.toBeNull()
  })
})

describe('what comes back', () => {
  it.each([
    ['204', answerJson(undefined, 204)],
    ['an empty text', answerJson({ data: '' })],
    ['nothing', answerJson(undefined)],
    ['null', answerJson(null)],
  ])('is no answer: %s', async (_, answer) => {
    const { ask } = await configOf(answer)
    expect(await ask(facts)).toBeNull()
  })

  it.each([
    [400, { message: 'no such team' }, 'invalid', 'config extension: no such team'],
    [403, 'not\u001b[31m you', 'invalid', 'config extension: "not\\u001b[31m you"'],
    [404, undefined, 'invalid', 'config extension: status 404 Not Found'],
    [503, undefined, 'unavailable', 'config extension: status 503 Service Unavailable'],
    [302, undefined, 'invalid', 'config extension: status 302 Found'],
  ])('of status %i is refused in the words of the service', async (status, body, kind, message) => {
    const { ask } = await configOf(answerJson(body, status))
    await expect(ask(facts)).rejects.toMatchObject({ kind, message })
  })

  it.each([
    ['no JSON', '<html>', 'not JSON'],
    ['a number', '{"data":1}', 'no text'],
    ['a bare text', '"kind: pipeline"', 'no JSON object'],
    ['a list', '[]', 'no JSON object'],
    ['a strange encoding', null, 'encoding that was not asked for'],
  ])('makes no sense: %s', async (_, text, message) => {
    const { ask } = await configOf((_call, answer) => {
      if (text === null) answer.setHeader('content-encoding', 'gzip')
      answer.end(text ?? 'x')
    })
    await expect(ask(facts)).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining(message) as string,
    })
  })

  it('takes nothing from a prototype', async () => {
    const { ask } = await configOf((_, answer) => answer.end('{"__proto__":{"data":"x"}}'))
    expect(await ask(facts)).toBeNull()
    expect(({} as Record<string, unknown>)['data']).toBeUndefined()
  })
})

describe('a hostile service', () => {
  const metadata = 'http://169.254.169.254/latest/meta-data'

  it('that redirects is not followed', async () => {
    const other = await serve(answerJson({ data: 'stolen' }))
    for (const location of [metadata, other.url]) {
      const { ask } = await configOf((_, answer) => {
        answer.writeHead(307, { location })
        answer.end()
      })
      await expect(ask(facts)).rejects.toMatchObject({ kind: 'invalid' })
    }
    expect(other.calls).toEqual([])
  })

  it.each([
    ['http://169.254.169.254', true],
    ['http://0xA9FEA9FE', true],
    ['http://2852039166', true],
    ['http://[::ffff:169.254.169.254]', true],
    ['http://[fe80::1]', true],
    ['http://[2002:a9fe:a9fe::]', true],
    ['http://0.0.0.0', true],
    ['http://127.0.0.1', false],
    ['http://017700000001', false],
    ['http://[::1]', false],
    ['http://localhost', false],
    ['http://10.0.0.1', false],
    ['http://[fd00::1]', false],
  ])('at %s is not spoken to', async (address, allowPrivate) => {
    const listener = await new Promise<{ port: number; seen: number[] }>((resolve) => {
      const seen: number[] = []
      const server = createServer(() => seen.push(1))
      server.listen(0, '127.0.0.1', () => {
        closers.push(() => new Promise((done) => server.close(() => done())))
        const bound = server.address()
        resolve({ port: typeof bound === 'object' && bound ? bound.port : 0, seen })
      })
    })
    const { config } = open({ allowPrivate, config: at(`${address}:${listener.port}/`) })
    await expect(config?.(facts)).rejects.toMatchObject({
      kind: 'unavailable',
      code: 'address_refused',
    })
    expect(listener.seen).toEqual([])
  })

  it('that answers without end is cut off', async () => {
    let sent = 0
    const { ask } = await configOf((_, answer) => {
      const part = Buffer.alloc(1_048_576, 'x')
      const more = (): void => {
        while (!answer.destroyed && sent < 10 * 1024 ** 3) {
          sent += part.length
          if (!answer.write(part)) return void answer.once('drain', more)
        }
      }
      more()
    })
    const before = process.memoryUsage().arrayBuffers
    await expect(ask(facts)).rejects.toMatchObject({ code: 'answer_too_long' })
    expect(sent).toBeLessThan(64 * 1_048_576)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1_048_576)
  })

  it('that hangs, or drips, gets no more than its time', async () => {
    const hanging = await configOf(() => undefined, { timeoutMs: 100 })
    await expect(hanging.ask(facts)).rejects.toMatchObject({
      kind: 'timeout',
      message: 'config extension: no answer within 0.1 seconds',
    })
    const dripping = await configOf(
      (_, answer) => {
        const timer = setInterval(() => answer.write(' '), 10)
        answer.once('close', () => clearInterval(timer))
      },
      { timeoutMs: 200 },
    )
    await expect(dripping.ask(facts)).rejects.toMatchObject({ kind: 'timeout' })
  })

  it('that breaks off, or is not there, is no answer; its address is not told', async () => {
    const { ask, service } = await configOf((_, answer) => {
      answer.write('{"data":')
      answer.destroy()
    })
    await expect(ask(facts)).rejects.toMatchObject({ kind: 'unavailable' })
    await service.close()
    const error = (await ask(facts).catch((cause: unknown) => cause)) as Error
    expect(error.message).toBe('config extension: no answer (ECONNREFUSED)')
  })

  it('ends with the caller', async () => {
    const { ask } = await configOf(() => undefined)
    const stop = new AbortController()
    const asking = ask(facts, stop.signal)
    stop.abort()
    await expect(asking).rejects.toMatchObject({ kind: 'cancelled' })
  })

  it('has to have an http address', () => {
    for (const url of ['file:///etc/passwd', 'nonsense', 'ftp://x', 'http://'])
      expect(() => open({ config: at(url) })).toThrow('config extension: the address')
  })
})

describe('conversion', () => {
  const convertOf = async (
    answer: Answer,
    more: { pathEnding?: string; cacheSize?: number } = {},
  ) => {
    const service = await serve(answer)
    const convert = { ...at(service.url), pathEnding: '', cacheSize: 10, ...more }
    return { service, ask: open({ convert }).convert ?? fail() }
  }
  const file = { path: '.drone.toml', text: 'a = 1' }

  it('sends the file, and is asked once for one and the same', async () => {
    const { service, ask } = await convertOf(answerJson({ data: 'kind: pipeline' }))
    expect(await ask(facts, file)).toBe('kind: pipeline')
    expect(await ask(facts, file)).toBe('kind: pipeline')
    expect(service.calls).toMatchObject([{ body: { config: { data: 'a = 1', kind: '' } } }])
    await ask(facts, { ...file, text: 'a = 2' })
    await ask({ ...facts, build: { ...facts.build, params: { a: 'b' } } }, file)
    await ask({ ...facts, build: { ...facts.build, deployTo: 'prod' } }, file)
    expect(service.calls).toHaveLength(4)
  })

  it('is asked again where nothing is kept, or the commit is not known', async () => {
    const { service, ask } = await convertOf(answerJson(undefined, 204), { cacheSize: 0 })
    expect([await ask(facts, file), await ask(facts, file)]).toEqual([null, null])
    const kept = await convertOf(answerJson({ data: 'x' }))
    const unknown = { ...facts, build: { ...facts.build, after: '' } }
    for (const _ of [1, 2]) await kept.ask(unknown, file)
    expect([service.calls.length, kept.service.calls.length]).toEqual([2, 2])
  })

  it('keeps no failure, and forgets the least used', async () => {
    let isBroken = true
    const { service, ask } = await convertOf(
      (call, answer) => answerJson({ data: 'x' }, isBroken ? 500 : 200)(call, answer),
      { cacheSize: 2 },
    )
    await expect(ask(facts, file)).rejects.toMatchObject({ kind: 'unavailable' })
    isBroken = false
    for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) await ask(facts, { ...file, text })
    expect(service.calls).toHaveLength(1 + 4)
  })

  it('is only for files with its ending', async () => {
    const { service, ask } = await convertOf(answerJson({ data: 'x' }), { pathEnding: '.star' })
    expect(await ask(facts, file)).toBeNull()
    expect(await ask(facts, { ...file, path: 'a/.drone.star' })).toBe('x')
    expect(service.calls).toHaveLength(1)
  })
})

describe('validation', () => {
  it.each([
    [200, undefined, { kind: 'valid' }],
    [299, 'whatever', { kind: 'valid' }],
    [498, { message: 'not today' }, { kind: 'skip', reason: 'not today' }],
    [499, undefined, { kind: 'block' }],
    [
      400,
      { code: 400, message: 'no privileged steps' },
      { kind: 'error', message: 'no privileged steps' },
    ],
    [500, undefined, { kind: 'error', message: 'status 500 Internal Server Error' }],
    [301, undefined, { kind: 'error', message: 'status 301 Moved Permanently' }],
  ])('%i means what it means', async (status, body, expected) => {
    const service = await serve(answerJson(body, status))
    const { validate } = open({ validate: at(service.url) })
    expect(await validate?.(facts, 'kind: pipeline')).toEqual(expected)
    expect(service.calls).toMatchObject([{ body: { config: { data: 'kind: pipeline' } } }])
  })
})

describe('secrets, registries, variables', () => {
  it('reads a secret with who may have it', async () => {
    const service = await serve((call, answer) =>
      answerJson({ name: 'n', data: `of ${String(call.body['path'])}`, pull: true })(call, answer),
    )
    const { secret: ask } = open({ secret: at(service.url) })
    expect(await ask?.(facts, { path: 'ci/db', name: 'password' })).toEqual({
      value: 'of ci/db',
      pullRequest: true,
      forks: false,
    })
    expect(service.calls[0]?.body).toMatchObject({ path: 'ci/db', name: 'password' })
  })

  it('reads registries, and leaves out what has no address', async () => {
    const entries = [{ address: 'r.example', username: 'u', password: 'p' }, { username: 'x' }, 7]
    const service = await serve(answerJson(entries))
    const { registry } = open({ registry: at(service.url) })
    expect(await registry?.(facts)).toEqual([entries[0]])
  })

  it.each([
    [
      [
        { name: 'A', data: '1', mask: true },
        { name: 'B', data: '' },
        { name: 'not one', data: 'x' },
        { name: '__proto__', data: 'x' },
        { name: 'C', data: 5 },
      ],
      [
        { name: 'A', value: '1', isMasked: true },
        { name: 'B', value: '', isMasked: false },
      ],
    ],
    [{ A: '1', B: 2 }, [{ name: 'A', value: '1', isMasked: false }]],
  ])('reads variables, as a list and as a map', async (body, expected) => {
    const service = await serve(answerJson(body))
    expect(await open({ environment: at(service.url) }).environment?.(facts)).toEqual(expected)
  })

  it.each([[{ a: 1 }], ['x'], [Array.from({ length: 1_001 }, () => ({}))]])(
    'refuses a list of registries that is none, or has no end',
    async (body) => {
      const service = await serve(answerJson(body))
      const { registry } = open({ registry: at(service.url) })
      await expect(registry?.(facts)).rejects.toMatchObject({ code: 'extension_answer' })
    },
  )
})

describe('encrypted answers', () => {
  const seal = (key: string, text: string): Buffer => {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', Buffer.from(key).subarray(0, 32), nonce)
    return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()])
  }
  const answering =
    (body: Buffer): Answer =>
    (_, answer) => {
      answer.writeHead(200, {
        'content-type': 'application/octet-stream',
        'content-encoding': 'aesgcm',
      })
      answer.end(body)
    }
  const text = JSON.stringify({ data: 'password' })
  const askSecret = async (answer: Answer, isEncrypted: boolean, key = secret) => {
    const service = await serve(answer)
    const asked = open({ isEncrypted, secret: at(service.url, { secret: key }) })
    return { service, value: () => asked.secret?.(facts, { path: 'p', name: '' }) }
  }

  it('open, whether they were asked for or not', async () => {
    for (const isEncrypted of [true, false]) {
      const { service, value } = await askSecret(answering(seal(secret, text)), isEncrypted)
      expect(await value()).toMatchObject({ value: 'password' })
      const wanted = isEncrypted ? 'aesgcm' : 'identity'
      expect(service.calls[0]?.headers['accept-encoding']).toBe(wanted)
      expect(service.calls[0]?.signed).not.toBeNull()
    }
  })

  it('do not open when changed, short, or of another key', async () => {
    const changed = seal(secret, text)
    changed[20] = (changed[20] ?? 0) ^ 1
    for (const body of [changed, Buffer.alloc(0), Buffer.alloc(20), seal('x'.repeat(32), text)]) {
      const { value } = await askSecret(answering(body), false)
      await expect(value()).rejects.toThrow('secret extension: the encrypted answer does not open')
    }
    const { value } = await askSecret(answering(seal(secret, text)), false, 'short')
    await expect(value()).rejects.toThrow('needs a secret of at least 32 bytes')
  })

  it('are the only ones taken where the setting asks for them', async () => {
    const plain = await askSecret(answerJson({ data: 'password' }), true)
    await expect(plain.value()).rejects.toThrow('the answer is not encrypted')
    const none = await askSecret(answerJson(undefined, 204), true)
    expect(await none.value()).toBeNull()
  })
})

describe('admission', () => {
  const admitOf = async (answer: Answer) => {
    const service = await serve(answer)
    return open({ admission: at(service.url) }).admit ?? fail()
  }
  const question = { event: 'register', user: { login: 'ann' } as User } as const

  it.each([
    [{ login: 'ann', admin: true }, 200, { kind: 'admitted', admin: true }],
    [{ login: 'ann' }, 200, { kind: 'admitted', admin: false }],
    [undefined, 204, { kind: 'admitted', admin: null }],
    [{ message: 'who are you' }, 403, { kind: 'refused', message: 'who are you' }],
  ])('answers %j with %i', async (body, status, expected) => {
    const admit = await admitOf(answerJson(body, status))
    expect(await admit(question)).toEqual(expected)
  })
})
