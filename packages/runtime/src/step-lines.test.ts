import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MaskSet, maskText } from './mask-set.ts'
import { recordBytes, StepLines } from './step-lines.ts'

/** The records that the chunks give, as strings of one character a byte. */
const records = (chunks: readonly Buffer[], masks: readonly string[] = []): string[] => {
  const found: string[] = []
  const lines = new StepLines(new MaskSet(masks), (record) => found.push(record.toString('latin1')))
  for (const chunk of chunks) {
    lines.write(chunk)
    // The chunk is the caller's again.
    chunk.fill(0x2e)
  }
  lines.end()
  return found
}

/** Cuts bytes at these places. */
const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((from, i) => Buffer.from(bytes.subarray(from, at[i] ?? bytes.length)))
}

/** The rule of pipeline.md §15.3, word for word. */
const maskNaively = (text: string, masks: readonly string[]): string => {
  const longestFirst = [...masks].sort((a, b) => b.length - a.length)
  let masked = ''
  for (let at = 0; at < text.length; ) {
    const mask = longestFirst.find((one) => text.startsWith(one, at))
    masked += mask ? '******' : text[at]
    at += mask?.length ?? 1
  }
  return masked
}

const letters = (text: string) =>
  fc.string({ unit: fc.constantFrom(...text.split('')), maxLength: 200 })
const mask = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 2, maxLength: 7 })
const places = fc.array(fc.nat(), { maxLength: 20 })

describe('F62 records', () => {
  it('end at a line feed, and keep it', () => {
    expect(records([Buffer.from('a\n\nb\r\nc')])).toEqual(['a\n', '\n', 'b\r\n', 'c'])
  })

  it('end after 64 KiB without a line feed', () => {
    const sizes = (bytes: number, end: string) =>
      records([Buffer.from('x'.repeat(bytes) + end)]).map((record) => record.length)
    expect(sizes(recordBytes - 1, '\n')).toEqual([recordBytes])
    expect(sizes(recordBytes, '\n')).toEqual([recordBytes, 1])
    expect(sizes(2 * recordBytes + 5, '\ny')).toEqual([recordBytes, recordBytes, 6, 1])
  })

  it('keep bytes that are not UTF-8', () => {
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256))
    expect(records([Buffer.from(bytes)]).join('')).toBe(bytes.toString('latin1'))
  })

  it('do not depend on the chunks', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), places, (bytes, at) => {
        const text = Buffer.from(bytes)
        expect(records(cut(text, at))).toEqual(records([Buffer.from(text)]))
      }),
      { numRuns: 300 },
    )
  })

  it('do not depend on the chunks around 64 KiB, nor with a mask there', () => {
    const size = fc.integer({ min: recordBytes - 12, max: recordBytes + 4 })
    fc.assert(
      fc.property(size, places, (bytes, at) => {
        const text = Buffer.from(`${'x'.repeat(bytes)}hunter2\n${'y'.repeat(bytes)}`)
        const whole = records([Buffer.from(text)], ['hunter2'])
        expect(records(cut(text, at), ['hunter2'])).toEqual(whole)
        expect(whole.join('')).toBe(text.toString().replace('hunter2', '******'))
      }),
      { numRuns: 50 },
    )
  })
})

describe('F63 masks', () => {
  it('are replaced wherever the chunks are cut, the longest first', () => {
    fc.assert(
      fc.property(letters('abc\n'), fc.array(mask, { maxLength: 6 }), places, (text, masks, at) => {
        const found = records(cut(Buffer.from(text), at), masks).join('')
        expect(found).toBe(maskNaively(text, masks))
      }),
      { numRuns: 500 },
    )
  })

  it('are replaced by the same rule when they are many', () => {
    const many = fc.array(mask, { minLength: 9, maxLength: 40 })
    fc.assert(
      fc.property(letters('abc\nx'), many, places, (text, masks, at) => {
        const found = records(cut(Buffer.from(text), at), masks).join('')
        expect(found).toBe(maskNaively(text, masks))
      }),
      { numRuns: 500 },
    )
  })

  it('may be bytes of any value and any length', () => {
    const long = 'long'.repeat(400)
    const masks = [
      long,
      'schlüssel',
      '鍵鍵',
      ...Array.from({ length: 20 }, (_, i) => `token-${i}-`),
    ]
    const text = `a${long}b schlüssel 鍵鍵鍵 token-7- token-x\n`
    const found = records(
      [...Buffer.from(text)].map((byte) => Buffer.from([byte])),
      masks,
    ).join('')
    expect(Buffer.from(found, 'latin1').toString()).toBe(
      'a******b ****** ******鍵 ****** token-x\n',
    )
  })

  it('count line by line when they hold line feeds, from 2 bytes', () => {
    expect(maskText('key1\nx\nkey2', ['key1\nx\nkey2'])).toBe('******\nx\n******')
  })

  it('cost time in proportion to the text when everything nearly matches', () => {
    const masks = Array.from({ length: 30 }, (_, i) => `${'a'.repeat(200 + i)}b`)
    const text = Buffer.from(`${'a'.repeat(2 * 1024 * 1024)}\n`)
    expect(records([text], masks).join('')).toHaveLength(text.length)
  })
})

describe('the preview of an unfinished line', () => {
  const preview = (text: string, masks: readonly string[]): string => {
    const lines = new StepLines(new MaskSet(masks), () => undefined)
    lines.write(Buffer.from(text))
    return lines.preview().toString()
  }

  it('shows what there is', () => {
    expect(preview('done\nPassword: ', ['hunter2'])).toBe('Password: ')
  })

  it('shows no beginning of a mask', () => {
    expect(preview('token hunt', ['hunter2'])).toBe('token ')
    expect(preview('token hunter2', ['hunter2', 'hunter2-and-more'])).toBe('token ')
  })

  it('shows no beginning of a mask that another mask runs into', () => {
    expect(preview('x secretAAAA', ['secretAAAA', 'AAAAfoo'])).toBe('x ******')
  })
})
