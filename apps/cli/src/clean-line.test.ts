import { describe, expect, it } from 'vitest'
import { cleanLine } from './clean-line.ts'

describe('cleanLine', () => {
  it.each([
    ['plain text', 'hello\tworld\n', ['hello\tworld']],
    ['a colour, ended at the end of the line', '\x1b[31mred\n', ['\x1b[31mred\x1b[0m']],
    ['the clipboard (OSC 52)', 'a\x1b]52;c;ZXZpbA==\x07b\n', ['ab']],
    ['the window title, ended by ST', 'a\x1b]0;title\x1b\\b', ['ab']],
    ['a title that never ends', 'a\x1b]0;title', ['a']],
    ['cursor moves and deletions', 'a\x1b[2J\x1b[1;1H\x1b[Kb', ['ab']],
    ['8-bit controls', 'a\u009b31mb\u009d0;x\u0007c', ['a31mb0;xc']],
    ['a device control string', 'a\x1bP1$r0m\x1b\\b', ['ab']],
    ['a reset of the terminal', 'a\x1bcb', ['ab']],
    ['character sets', 'a\x1b(0b', ['ab']],
    ['bells, backspaces and NUL', 'a\x07\x08\x00b', ['ab']],
    ['an escape at the end', 'ab\x1b', ['ab']],
    ['text turned around', 'a\u202eb\u2066c', ['abc']],
  ])('leaves of %s only what is harmless', (_, text, expected) => {
    expect(cleanLine(text)).toEqual(expected)
  })

  it('shows what a carriage return would hide', () => {
    expect(cleanLine('rm -rf /\rls       \n')).toEqual(['rm -rf /', 'ls       '])
    expect(cleanLine('dos\r\n')).toEqual(['dos'])
  })

  it('takes linear time on a long hostile line', () => {
    expect(cleanLine('\x1b]'.repeat(500_000)).join('')).toBe('')
  })
})
