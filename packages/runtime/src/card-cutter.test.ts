import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { CardCutter } from './card-cutter.ts'
import { MaskSet } from './mask-set.ts'

const block = (text: string): string => `\x1b]1338;${Buffer.from(text).toString('base64')}\x1b]0m`
const cardText = (data: unknown, schema = 'https://schemas.example/a.json') =>
  JSON.stringify({ schema, data })

/** What is left of the output, given in chunks of so many bytes, and the card. */
const cut = (output: string, chunkBytes = 1_000_000, masks: readonly string[] = []) => {
  const bytes = Buffer.from(output)
  const left: Buffer[] = []
  const cutter = new CardCutter((part) => left.push(Buffer.from(part)))
  for (let at = 0; at < bytes.length; at += chunkBytes)
    cutter.write(bytes.subarray(at, at + chunkBytes))
  cutter.end()
  return { left: Buffer.concat(left).toString(), card: cutter.card(new MaskSet(masks)) }
}

describe('F64 a card', () => {
  it('is taken out of the output, wherever the chunks are cut', () => {
    const output = `before\n${block(cardText({ passed: 12, names: ['a', 'ü'] }))}\nafter \x1b[31mred\x1b[0m\n`
    const expected = {
      left: 'before\n\nafter \x1b[31mred\x1b[0m\n',
      card: {
        schema: 'https://schemas.example/a.json',
        data: '{"passed":12,"names":["a","ü"]}',
      },
    }
    for (let size = 1; size <= output.length; size++) expect(cut(output, size)).toEqual(expected)
  })

  it('may be wrapped like the output of base64', () => {
    const encoded = Buffer.from(cardText('x'.repeat(500))).toString('base64')
    const wrapped = encoded.replace(/.{76}/g, '$&\r\n')
    expect(cut(`\x1b]1338;${wrapped}\n\x1b]0m`)).toMatchObject({
      left: '',
      card: { data: `"${'x'.repeat(500)}"` },
    })
  })

  it('may come in several blocks, so that only one works', () => {
    const encoded = Buffer.from(cardText(1)).toString('base64')
    const halves = `\x1b]1338;${encoded.slice(0, 9)}\x1b]0m-\x1b]1338;${encoded.slice(9)}\x1b]0m`
    expect(cut(halves)).toMatchObject({ left: '-', card: { data: '1' } })
    const twice = block(`${cardText(1)} `) + block(cardText(2))
    expect(cut(twice)).toEqual({ left: '', card: null })
  })

  it.each([
    ['no base64', '\x1b]1338;====\x1b]0m'],
    ['no JSON', block('{')],
    ['no object', block('7')],
    ['no schema', block('{"data":1}')],
    ['a schema that is no text', block('{"schema":7,"data":1}')],
    ['a schema without end', block(cardText(1, 'x'.repeat(2_001)))],
    [
      'a depth without end',
      block(`{"schema":"x","data":${'['.repeat(9_000)}${']'.repeat(9_000)}}`),
    ],
    ['more than a card holds', block(cardText('ä'.repeat(530_000)))],
  ])('that is %s is dropped silently', (_what, output) => {
    expect(cut(`a${output}b`)).toEqual({ left: 'ab', card: null })
  })

  it.each([
    ['breaks off', '\x1b]1338;abcd'],
    ['begins like one', '\x1b]1337;abcd\x1b]0m'],
    ['holds other bytes', '\x1b]1338;ab cd\x1b]0m'],
    ['ends another way', '\x1b]1338;abcd\x1b[0m'],
    ['ends half', '\x1b]1338;abcd\x1b]0'],
    ['is only an escape', '\x1b'],
    ['begins again inside', '\x1b]1338;ab\x1b]1338;cd\x1b]'],
    ['is longer than any card', `\x1b]1338;${'A'.repeat(1_600_000)}\x1b]0m`],
  ])('that %s is left in the log', (_what, output) => {
    for (const size of [1_000_000, 65_536, 7, 1])
      expect(cut(`x\n${output}`, size)).toEqual({ left: `x\n${output}`, card: null })
  })

  it('that begins inside a broken one is found', () => {
    const broken = `\x1b]1338;ab\x1b${block(cardText(5))}`
    expect(cut(broken, 1)).toMatchObject({ left: '\x1b]1338;ab\x1b', card: { data: '5' } })
  })

  it('is masked like the lines', () => {
    const output = block(cardText({ hunter2: ['my hunter2', 3] }, 'https://x/hunter2'))
    expect(cut(output, 10, ['hunter2']).card).toEqual({
      schema: 'https://x/******',
      data: '{"******":["my ******",3]}',
    })
  })

  it('cannot reach a prototype', () => {
    const { card } = cut(block('{"schema":"x","data":{"__proto__":{"polluted":1}}}'))
    expect(card?.data).toBe('{"__proto__":{"polluted":1}}')
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})
