import { evaluate, type Values } from './substitute.ts'
import type { Expression, Template } from './substitution-syntax.ts'

export type Shell = 'posix' | 'powershell'

/** A value that was kept out of a command's text. */
export interface HeldValue {
  readonly variable: string
  readonly source: string
}

/** Substitutes in shell commands. A benign value is inserted. One with shell metacharacters becomes a reference to
 *  a variable of the step, so that a branch or commit message cannot run as code (threats.md T-48): the variable of
 *  that name where the step cannot have another value under it, else one made for it. */
export class CommandValues {
  /** Variables made here; every step with commands or a health check gets them. */
  readonly made = new Map<string, string>()
  readonly #names = new Map<string, string>()
  readonly #shell: Shell
  readonly #values: Values
  /** Variables that a step always sees with the value that substitution has. */
  readonly #isStable: (name: string) => boolean

  constructor(shell: Shell, values: Values, isStable: (name: string) => boolean) {
    this.#shell = shell
    this.#values = values
    this.#isStable = isStable
  }

  substitute(command: Template, held: (value: HeldValue) => void): string {
    const quotes = new QuoteState(this.#shell)
    let result = ''
    for (const part of command) {
      let text = part
      if (typeof text !== 'string') {
        const value = evaluate(text, this.#values)
        if (isBenign(value)) text = value
        else {
          const variable = this.#variableFor(text, value)
          held({ variable, source: text.source })
          // Inside single quotes nothing expands: close them, expand inside double quotes, open them again.
          const reference = this.#reference(variable)
          result += quotes.isSingle ? `'"${reference}"'` : reference
          continue
        }
      }
      quotes.read(text)
      result += text
    }
    return result
  }

  #reference(variable: string): string {
    return this.#shell === 'posix' ? `\${${variable}}` : `\${Env:${variable}}`
  }

  #variableFor({ name, operation }: Expression, value: string): string {
    if (operation.type === 'value' && this.#isStable(name)) return name
    const known = this.#names.get(value)
    if (known !== undefined) return known
    const variable = `WAGGLE_VALUE_${this.made.size + 1}`
    this.made.set(variable, value)
    this.#names.set(value, variable)
    return variable
  }
}

/** Letters and digits of any script, spaces, and signs that no shell reads as more than themselves. */
const isBenign = (value: string): boolean => /^[\p{L}\p{N} _./:@%+=,-]*$/u.test(value)

/** Follows whether the text so far has left a single quote open. */
class QuoteState {
  #open: '' | "'" | '"' = ''
  #isComment = false
  #before = ' '
  readonly #escape: string

  constructor(shell: Shell) {
    this.#escape = shell === 'posix' ? '\\' : '`'
  }

  get isSingle(): boolean {
    return this.#open === "'"
  }

  read(text: string): void {
    for (let at = 0; at < text.length; at += 1) {
      const char = text[at]!
      if (this.#isComment) this.#isComment = char !== '\n'
      else if (char === this.#escape && this.#open !== "'") at += 1
      else if (this.#open !== '') this.#open = char === this.#open ? '' : this.#open
      else if (char === "'" || char === '"') this.#open = char
      else if (char === '#' && /\s/.test(this.#before)) this.#isComment = true
      this.#before = char
    }
  }
}
