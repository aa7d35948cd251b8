import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { LiveView } from './live-view.ts'
import { PlainView } from './plain-view.ts'
import type { ProgressStage } from './progress-view.ts'

/** Collects what a view writes; as a terminal of this size where one is given. */
const screen = (size: { rows: number; columns: number } | null = null) => {
  const parts: string[] = []
  const stream = new Writable({
    write: (chunk, _, done) => {
      parts.push(String(chunk))
      done()
    },
  })
  const out = Object.assign(stream, size ?? {}, { isTTY: size !== null })
  return { out: out as unknown as NodeJS.WriteStream, text: () => parts.join('') }
}

const stage = (status: string, steps: readonly (readonly [string, string])[]): ProgressStage => ({
  name: 'default',
  status,
  error: '',
  machine: '',
  steps: steps.map(([name, stepStatus]) => ({
    name,
    status: stepStatus,
    exitCode: stepStatus === 'failure' ? 3 : 0,
    error: '',
    seconds: 2,
  })),
})

describe('PlainView', () => {
  it('writes each change once, and lines with their step', () => {
    const { out, text } = screen()
    const view = new PlainView(out, {})
    view.update([stage('running', [['test', 'running']])])
    view.update([stage('running', [['test', 'running']])])
    view.line('default', 'test', 'hello\n')
    view.update([stage('failure', [['test', 'failure']])])
    view.close()
    expect(text().split('\n')).toEqual([
      '● default/test running',
      '● default running',
      '[test] hello',
      '✖ default/test failure (exit 3) 2s',
      '✖ default failure',
      '',
    ])
  })

  it('lets no escape sequence through from a line or a name, unless asked for raw', () => {
    const { out, text } = screen()
    const view = new PlainView(out, {})
    view.update([stage('running', [['\x1b]0;evil\x07a', 'running']])])
    view.line('default', 'a', 'x\x1b]52;c;ZXZpbA==\x07\n')
    view.close()
    expect(text()).not.toContain('\x1b')
    const raw = screen()
    new PlainView(raw.out, { raw: true }).line('default', 'a', 'x\x1b[2J\n')
    expect(raw.text()).toBe('[a] x\x1b[2J\n')
  })
})

describe('LiveView', () => {
  it('draws a block that fits the screen, shows the lines, and gives the cursor back', () => {
    const { out, text } = screen({ rows: 10, columns: 40 })
    const view = new LiveView(out, {})
    const steps = Array.from({ length: 50 }, (_, i) => [`step-${i}`, 'success'] as const)
    view.update([stage('running', [...steps, [`last-${'x'.repeat(100)}`, 'running']])])
    view.line('default', 'last', 'hello\n')
    view.note('the end')
    view.close()
    expect(text()).toContain('hello')
    expect(text()).not.toContain('step-10')
    const rows = text().split('\n')
    expect(rows.filter((row) => row.includes('step-')).length).toBeLessThan(10)
    expect(rows.find((row) => row.includes('last-'))).toContain('…')
    expect(text().endsWith('the end\n\x1b[?25h')).toBe(true)
  })
})
