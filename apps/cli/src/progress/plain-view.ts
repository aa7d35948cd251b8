import { cleanLine } from '../clean-line.ts'
import type { ProgressOptions, ProgressStage, ProgressView } from './progress-view.ts'
import { duration, statusMark } from './status-mark.ts'

/** One line for each change and each line of output: for files, pipes and other programs. */
export class PlainView implements ProgressView {
  readonly #out: NodeJS.WritableStream
  readonly #isRaw: boolean
  readonly #shown = new Map<string, string>()
  #isSingle = true

  constructor(out: NodeJS.WritableStream, options: ProgressOptions) {
    this.#out = out
    this.#isRaw = options.raw === true
  }

  update(stages: readonly ProgressStage[]): void {
    this.#isSingle = stages.length <= 1
    for (const stage of stages) {
      for (const step of stage.steps) {
        if (step.status === 'pending') continue
        const code = step.exitCode === 0 ? '' : ` (exit ${step.exitCode})`
        const time = step.status === 'running' ? '' : ` ${duration(step.seconds)}`
        const error = step.error === '' ? '' : `: ${step.error}`
        this.#change(`${stage.name}/${step.name}`, step.status, `${code}${time}${error}`)
      }
      if (stage.status === 'pending' || stage.status === 'waiting_on_dependencies') continue
      this.#change(stage.name, stage.status, stage.error === '' ? '' : `: ${stage.error}`)
    }
  }

  line(stage: string, step: string, text: string): void {
    const prefix = `[${this.#isSingle ? step : `${stage}/${step}`}] `
    const lines = this.#isRaw ? [text.replace(/\n$/, '')] : cleanLine(text)
    for (const line of lines) this.#out.write(`${prefix}${line}\n`)
  }

  note(text: string): void {
    this.#out.write(`${text}\n`)
  }

  close(): void {
    this.#shown.clear()
  }

  #change(name: string, status: string, more: string): void {
    if (this.#shown.get(name) === status) return
    this.#shown.set(name, status)
    const text = cleanLine(`${name} ${status}${more}`).join(' ')
    this.#out.write(`${statusMark(status, this.#out)} ${text}\n`)
  }
}
