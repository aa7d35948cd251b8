import { makeHook } from '@waggle/domain'
import { afterEach, describe, expect, it } from 'vitest'
import { ManifestThread } from './manifest-thread.ts'

const hook = makeHook({ event: 'push', target: 'main', ref: 'refs/heads/main' })
const ask = (text: string) => ({ text, hook, repo: { slug: 'acme/app', throttle: 0 } })

let thread: ManifestThread
afterEach(() => thread.close())

describe('ManifestThread', () => {
  it('plans files one after the other, with the mistakes of each', async () => {
    thread = new ManifestThread()
    const answers = await Promise.all([
      thread.plan(ask('kind: pipeline\nsteps: [{name: a, image: b}]')),
      thread.plan(ask('kind: pipeline\nname: [a]')),
      thread.plan(ask('kind: pipeline\ntrigger: {paths: [docs/**]}')),
    ])
    expect(answers).toMatchObject([
      { plan: { kind: 'stages', stages: [{ name: 'default' }] }, readsPaths: false, refusal: null },
      { plan: { kind: 'error' }, refusal: null },
      { readsPaths: true, refusal: null },
    ])
  })

  const strange = () =>
    new ManifestThread(
      { cpuMs: 200, heapMb: 24 },
      new URL('../../testdata/threads/endless.mjs', import.meta.url),
    )

  it.each([
    ['endless', 'the file cannot be read: it takes more time than a file may'],
    ['greedy', 'the file cannot be read: it takes more memory than a file may'],
    ['broken', 'the file cannot be read: its reader failed'],
  ])('refuses a file that is %s, and reads the next one', async (text, refusal) => {
    thread = strange()
    const [refused, next] = await Promise.all([thread.plan(ask(text)), thread.plan(ask('next'))])
    expect(refused).toMatchObject({ plan: { kind: 'error', message: refusal }, refusal })
    expect(next).toMatchObject({ plan: { message: 'next' }, refusal: null })
  })

  it('counts what each file takes, not what all have taken, also while the thread does not say', async () => {
    thread = new ManifestThread(
      { cpuMs: 1_000 },
      new URL('../../testdata/threads/endless.mjs', import.meta.url),
    )
    const answers = []
    for (let file = 0; file < 6; file++) answers.push(await thread.plan(ask('deaf')))
    expect(answers.map(({ refusal }) => refusal)).toEqual(Array(6).fill(null))
  })

  it('refuses a file that is larger than the server allows, and reads those that are not', async () => {
    thread = new ManifestThread({ textBytes: 40 })
    const text = 'kind: pipeline\nname: ä\n'
    const message =
      'document 1, line 1, column 1: the file has 41 bytes and exceeds the limit of 40 bytes'
    expect(await thread.plan(ask(`${text}#${'x'.repeat(16)}`))).toMatchObject({
      plan: { kind: 'error', message },
      refusal: message,
    })
    expect(await thread.plan(ask(`${text}#${'x'.repeat(15)}`))).toMatchObject({
      plan: { kind: 'stages', stages: [{ name: 'ä' }] },
      refusal: null,
    })
  })

  it('answers what waits when it is closed', async () => {
    thread = strange()
    const answers = Promise.all([thread.plan(ask('endless')), thread.plan(ask('next'))])
    await thread.close()
    const refusal = 'the file cannot be read: the server is stopping'
    expect(await answers).toMatchObject([{ refusal }, { refusal }])
    expect(await thread.plan(ask('late'))).toMatchObject({ refusal })
  })
})
