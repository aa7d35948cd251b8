import { stripVTControlCharacters } from 'node:util'
import { cleanLine, cleanText } from '../clean-line.ts'
import { style } from '../print.ts'
import type { ProgressOptions, ProgressStage, ProgressView } from './progress-view.ts'
import { duration, statusMark } from './status-mark.ts'

const frameMs = 80
const hideCursor = '\x1b[?25l'
const showCursor = '\x1b[?25h'
const spinner = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'

/** Lines of output run through above a block with the state of every step, which is drawn anew a dozen times a second. */
export class LiveView implements ProgressView {
  readonly #out: NodeJS.WriteStream
  readonly #isRaw: boolean
  readonly #timer: NodeJS.Timeout
  #stages: readonly ProgressStage[] = []
  #at = performance.now()
  #pending: string[] = []
  #notes: string[] = []
  /** Rows of the block that is on the screen. */
  #drawn = 0
  #frame = 0

  readonly #restore = (): void => {
    this.#out.write(showCursor)
  }

  constructor(out: NodeJS.WriteStream, options: ProgressOptions) {
    this.#out = out
    this.#isRaw = options.raw === true
    this.#timer = setInterval(() => this.#draw(), frameMs)
    this.#timer.unref()
    out.write(hideCursor)
    // Also where a second Ctrl-C ends the process at once.
    process.once('exit', this.#restore)
  }

  update(stages: readonly ProgressStage[]): void {
    this.#stages = stages
    this.#at = performance.now()
  }

  line(stage: string, step: string, text: string): void {
    const name = this.#stages.length > 1 ? `${stage}/${step}` : step
    const prefix = style('dim', `${cleanText(name)} │ `, this.#out)
    const lines = this.#isRaw ? [text.replace(/\n$/, '')] : cleanLine(text)
    for (const line of lines) this.#pending.push(prefix + line)
    // A flood is drawn at once: it must not pile up here.
    if (this.#pending.length > 1_000) this.#draw()
  }

  /** Notes stand below the block, at the end. */
  note(text: string): void {
    this.#notes.push(text)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#draw()
    for (const note of this.#notes) this.#out.write(`${note}\n`)
    process.off('exit', this.#restore)
    this.#restore()
  }

  #draw(): void {
    this.#frame++
    const block = this.#block()
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}F\x1b[0J` : ''
    const lines = this.#pending.map((line) => `${line}\n`).join('')
    this.#pending = []
    this.#out.write(`${up}${lines}${block.map((line) => `${line}\n`).join('')}`)
    this.#drawn = block.length
  }

  #block(): string[] {
    const rows: string[] = []
    const passed = (performance.now() - this.#at) / 1000
    for (const stage of this.#stages) {
      const where =
        stage.machine === '' ? '' : style('dim', ` on ${cleanText(stage.machine)}`, this.#out)
      const error = stage.error === '' ? '' : style('red', ` ${cleanText(stage.error)}`, this.#out)
      rows.push(`${this.#mark(stage.status)} ${cleanText(stage.name)}${where}${error}`)
      for (const step of stage.steps) {
        const seconds = step.status === 'running' ? step.seconds + passed : step.seconds
        const time = step.seconds > 0 || step.status === 'running' ? ` ${duration(seconds)}` : ''
        const code = step.exitCode === 0 ? '' : ` exit ${step.exitCode}`
        const failure =
          step.error === '' ? '' : style('red', ` ${cleanText(step.error)}`, this.#out)
        rows.push(
          `  ${this.#mark(step.status)} ${cleanText(step.name)}${style('dim', `${time}${code}`, this.#out)}${failure}`,
        )
      }
    }
    return this.#fit(rows)
  }

  /** A block higher than the screen could not be drawn over: what runs is near its end. */
  #fit(rows: readonly string[]): string[] {
    const most = Math.max(1, (this.#out.rows || 24) - 2)
    const columns = Math.max(10, (this.#out.columns || 80) - 1)
    const shown = rows.length > most ? ['…', ...rows.slice(rows.length - most + 1)] : rows
    return shown.map((row) => {
      const text = stripVTControlCharacters(row)
      return text.length <= columns ? row : `${text.slice(0, columns - 1)}…`
    })
  }

  #mark(status: string): string {
    if (status !== 'running') return statusMark(status, this.#out)
    return style('cyan', spinner[this.#frame % spinner.length] ?? '●', this.#out)
  }
}
