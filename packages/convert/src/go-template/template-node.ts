import type { Value } from '../yaml-value.ts'

/** A parsed template. `at` is an offset of the text. */
export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipe: Pipe }
  | {
      readonly kind: 'if' | 'with' | 'range'
      readonly pipe: Pipe
      readonly body: readonly TemplateNode[]
      readonly otherwise: readonly TemplateNode[]
    }
  | { readonly kind: 'break' | 'continue' }
  | {
      readonly kind: 'template'
      readonly name: string
      readonly pipe: Pipe | null
      readonly at: number
    }

/** `$a, $b := command | command` */
export interface Pipe {
  readonly variables: readonly string[]
  readonly isAssignment: boolean
  readonly commands: readonly Command[]
  readonly at: number
}

/** The first is called with the others where it is a function. */
export type Command = readonly Operand[]

export type Operand = { readonly fields: readonly string[]; readonly at: number } & (
  | { readonly kind: 'dot' }
  | { readonly kind: 'constant'; readonly value: Value }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'pipe'; readonly pipe: Pipe }
)

export interface ParsedTemplate {
  readonly body: readonly TemplateNode[]
  /** By name, of `define` and `block`. */
  readonly defined: ReadonlyMap<string, readonly TemplateNode[]>
}
