import { describe, expect, it } from 'vitest'
import { readDocuments } from './read-documents.ts'

const text = (name: string) => `kind: pipeline\nname: ${name}\nsteps: []\n`

describe('readDocuments', () => {
  it('reads a file that it read last only once', () => {
    expect(readDocuments(text('a'))).toBe(readDocuments(text('a')))
  })

  it('tells files apart and forgets those that were not asked for lately', () => {
    const first = readDocuments(text('first'))
    for (let i = 0; i < 20; i++) readDocuments(text(`other-${i}`))
    const again = readDocuments(text('first'))
    expect(again).not.toBe(first)
    expect(again).toEqual(first)
  })

  it('remembers as much text as one file may have, however large the files are', () => {
    const large = (name: string) => `${text(name)}${`# ${'-'.repeat(98)}\n`.repeat(4_000)}`
    const [first, second] = [readDocuments(large('first')), readDocuments(large('second'))]
    expect(readDocuments(large('first'))).toBe(first)
    readDocuments(large('third'))
    expect(readDocuments(large('first'))).toBe(first)
    expect(readDocuments(large('second'))).not.toBe(second)
  })
})
