import { describe, expect, it } from 'vitest'
import { durationsOf, nthEnd, remainingOf, startsIn, type WaitQuestion } from './estimate.ts'
import { sayReason, within } from './say-reason.ts'

const span = (lowMs: number, highMs = lowMs) => ({ lowMs, highMs })

describe('durations', () => {
  it('gives the middle four fifths and the median, in any order', () => {
    const durations = [10, 1, 3, 2, 4, 9, 5, 8, 6, 7, 0]
    expect(durationsOf(durations)).toEqual({ lowMs: 1, medianMs: 5, highMs: 9, samples: 11 })
    expect(durationsOf([7])).toEqual({ lowMs: 7, medianMs: 7, highMs: 7, samples: 1 })
    expect(durationsOf([])).toBeNull()
  })

  it('tells what is left by those that took longer, and nothing where none did', () => {
    expect(remainingOf([10, 20, 30], 15)).toEqual({ lowMs: 6, highMs: 14 })
    expect(remainingOf([10, 20, 30], 30)).toBeNull()
    expect(remainingOf([], 0)).toBeNull()
  })

  it('tells when so many of several are over, if all are known', () => {
    expect(nthEnd([span(5, 9), span(1, 20)], 1)).toEqual(span(1, 9))
    expect(nthEnd([span(5, 9), span(1, 20)], 2)).toEqual(span(5, 20))
    expect(nthEnd([span(5), null], 1)).toBeNull()
    expect(nthEnd([span(5)], 2)).toBeNull()
  })
})

describe('when a slot is there', () => {
  const question: WaitQuestion = {
    ...{ slots: 2, busy: 2, ahead: 0 },
    running: [span(10, 20), span(30, 40)],
    turn: span(100, 200),
  }
  it.each<[string, Partial<WaitQuestion>, ReturnType<typeof span> | null]>([
    ['no worker', { slots: 0 }, null],
    ['a slot is free', { busy: 1, running: [span(10)] }, span(0)],
    ['next in line', {}, span(10, 20)],
    ['one ahead', { ahead: 1 }, span(30, 40)],
    ['two ahead: the second wave', { ahead: 2 }, span(110, 220)],
    ['five ahead', { ahead: 5 }, span(230, 440)],
    ['free slots go to those ahead', { busy: 1, running: [span(10, 20)], ahead: 1 }, span(10, 20)],
    ['then those end', { busy: 1, running: [span(10, 20)], ahead: 2 }, span(100, 200)],
    ['half of what runs unknown: a turn', { running: [span(10), null], ahead: 1 }, span(100, 200)],
    ['most unknown: an even rate', { running: [null, null], ahead: 3 }, span(200, 400)],
    ['nothing known', { running: [null, null], turn: null }, null],
    ['no turn known, more ahead than run', { turn: null, ahead: 2 }, null],
    ['a sample of many', { slots: 100, busy: 100, ahead: 199 }, span(200, 400)],
  ])('%s', (_, more, expected) => {
    expect(startsIn({ ...question, ...more })).toEqual(expected)
  })
})

describe('sentences', () => {
  it('tells spans', () => {
    expect(within(null)).toBe('at a time nobody can tell')
    expect(within(span(0, 500))).toBe('now')
    expect(within(span(0, 90_000))).toBe('within 1 min 30 s')
    expect(within(span(60_000, 60_200))).toBe('in about 1 min')
    expect(within(span(60_000, 300_000))).toBe('in 1 min to 5 min')
  })

  it('stays one line of bounded length, whatever names it quotes', () => {
    const name = `a\u0000\n\u202e${'x'.repeat(10_000)}`
    const stage = {
      ...{ name, type: name, os: name, arch: name, variant: '', kernel: '' },
      labels: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${i}${name}`, name])),
    }
    const differs = [{ attribute: 'labels', worker: name, stage: name }] as const
    const nearest = [{ id: 'x', name, state: 'gone', differs }] as const
    const said = sayReason({ code: 'no_worker', known: 1, nearest }, { nowMs: 0, stage })
    expect(said.length).toBeLessThan(5_000)
    for (const sign of ['\u0000', '\n', '\u202e']) expect(said).not.toContain(sign)
  })
})
