import { Writable } from 'node:stream'
import { conflict } from '@waggle/domain'
import { describe, expect, test } from 'vitest'
import { createLogger } from './create-logger.ts'

const capture = (format: 'json' | 'text' = 'json', level: 'info' | 'debug' = 'info') => {
  const lines: string[] = []
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString())
      done()
    },
  })
  const log = createLogger({ level, format, destination })
  return { log, lines, entry: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> }
}

class Hidden {
  readonly #text: string
  readonly shown: string
  constructor(text: string) {
    this.#text = text
    this.shown = text
  }
  toJSON() {
    return this.#text
  }
}

describe('the log', () => {
  test('writes one JSON object a line with the fields of the child', () => {
    const { log, lines, entry } = capture()
    log.child({ 'build.id': 7 }).info('stage leased', { attempt: 2 })
    expect(lines[0]).toMatch(/^\{.*\}\r?\n$/)
    expect(entry()).toMatchObject({
      level: 'info',
      message: 'stage leased',
      'build.id': 7,
      attempt: 2,
    })
  })

  test('keeps name, message, code, stack and cause of an error', () => {
    const { log, entry } = capture()
    log.error('failed', { err: conflict('repo_exists', 'taken', { cause: new Error('inner') }) })
    expect(entry()['err']).toMatchObject({
      name: 'WaggleError',
      message: 'taken',
      code: 'repo_exists',
      kind: 'conflict',
      stack: expect.stringContaining('taken'),
      cause: { name: 'Error', message: 'inner' },
    })
  })

  test('shows nothing of an object whose class is not plain data', () => {
    const { log, lines } = capture()
    log.info('values', { err: { token: new Hidden('hunter2'), bytes: Buffer.from('hunter2') } })
    expect(lines[0]).toContain('[Hidden]')
    expect(lines[0]).not.toContain('hunter2')
  })

  test('cuts long texts, deep values and long lists', () => {
    const { log, lines } = capture()
    let deep: unknown = 'end'
    for (let i = 0; i < 100; i++) deep = { deep }
    const wide = Array.from({ length: 10_000 }, (_, i) => i)
    log.info('big', { reason: 'x'.repeat(1_000_000), err: { deep, wide } })
    expect(lines[0]?.length).toBeLessThan(20_000)
  })

  test('survives values that throw when they are read', () => {
    const { log, entry } = capture()
    const trap = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    })
    log.info('trap', { err: trap })
    expect(entry()['err']).toBe('[unprintable]')
  })

  test('leaves out what is below its level', () => {
    const { log, lines } = capture()
    log.debug('quiet')
    expect(lines).toEqual([])
  })

  test('keeps an entry on one line as text, whatever it holds', () => {
    const { log, lines } = capture('text')
    log.warn('odd', { reason: 'two\nlines' })
    expect(lines.join('').trimEnd().split('\n')).toHaveLength(1)
  })
})
