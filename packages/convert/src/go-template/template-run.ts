import { manifestLimits } from '@waggle/pipeline'
import { isList, isMap, type Value } from '../yaml-value.ts'
import { isTrue } from './compare.ts'
import { typeName } from './function-call.ts'
import { PipeValues, type Scope, stepCost, type Variable } from './pipe-values.ts'
import { byCodePoint } from './print-value.ts'
import { TemplateError } from './template-error.ts'
import type { ParsedTemplate, Pipe, TemplateNode } from './template-node.ts'

const deepestCall = 50

type Flow = 'on' | 'break' | 'continue'

/** One run of one template over its data. */
export class TemplateRun {
  readonly #template: ParsedTemplate
  readonly #data: Value
  readonly #values: PipeValues
  readonly #printed: string[] = []
  #printedLength = 0
  #calls = 0

  constructor(template: ParsedTemplate, data: Value, nowMs: number) {
    this.#template = template
    this.#data = data
    this.#values = new PipeValues(nowMs)
  }

  run(): string {
    this.#walk(this.#template.body, rootScope(this.#data))
    return this.#printed.join('')
  }

  #walk(nodes: readonly TemplateNode[], scope: Scope): Flow {
    const outer = scope.variables.length
    try {
      for (const node of nodes) {
        const flow = this.#node(node, scope)
        if (flow !== 'on') return flow
      }
      return 'on'
    } finally {
      scope.variables.length = outer
    }
  }

  #node(node: TemplateNode, scope: Scope): Flow {
    switch (node.kind) {
      case 'text':
        this.#print(node.text, 0)
        return 'on'
      case 'print': {
        const value = this.#values.of(node.pipe, scope)
        if (node.pipe.variables.length === 0)
          this.#print(this.#values.text(value, node.pipe.at), node.pipe.at)
        return 'on'
      }
      case 'if':
      case 'with':
        return this.#choose(node, scope)
      case 'range':
        return this.#range(node, scope)
      case 'template':
        this.#call(node, scope)
        return 'on'
      case 'break':
      case 'continue':
        return node.kind
      default:
        return node satisfies never
    }
  }

  #choose(
    node: Extract<TemplateNode, { kind: 'if' | 'with' | 'range' }>,
    { dot, variables }: Scope,
  ): Flow {
    const outer = variables.length
    const value = this.#values.of(node.pipe, { dot, variables })
    const flow = isTrue(value)
      ? this.#walk(node.body, { dot: node.kind === 'with' ? value : dot, variables })
      : this.#walk(node.otherwise, { dot, variables })
    variables.length = outer
    return flow
  }

  #range(
    node: Extract<TemplateNode, { kind: 'if' | 'with' | 'range' }>,
    { dot, variables }: Scope,
  ): Flow {
    const outer = variables.length
    const { pipe } = node
    const bare = { ...pipe, variables: [] }
    const pairs = elementsOf(this.#values.of(bare, { dot, variables }), pipe.at)
    this.#values.spend(pairs.length * stepCost, pipe.at)
    for (const [key, value] of pairs) {
      this.#bindElement(pipe, variables, key, value)
      const flow = this.#walk(node.body, { dot: value, variables })
      variables.length = pipe.isAssignment ? variables.length : outer
      if (flow === 'break') break
    }
    const flow =
      pairs.length === 0 ? this.#walk(node.otherwise, { dot, variables }) : ('on' as const)
    variables.length = outer
    return flow
  }

  #bindElement(pipe: Pipe, variables: Variable[], key: Value, value: Value): void {
    const [first, second] = pipe.variables
    if (first === undefined) return
    const named: [string, Value][] =
      second === undefined
        ? [[first, value]]
        : [
            [first, key],
            [second, value],
          ]
    for (const [name, one] of named) this.#values.bind(pipe, variables, name, one)
  }

  #call(node: Extract<TemplateNode, { kind: 'template' }>, scope: Scope): void {
    const body = this.#template.defined.get(node.name)
    if (body === undefined)
      throw new TemplateError(`template ${JSON.stringify(node.name)} is not defined`, node.at)
    const dot = node.pipe === null ? null : this.#values.of(node.pipe, scope)
    this.#calls += 1
    if (this.#calls > deepestCall)
      throw new TemplateError(`templates call each other deeper than ${deepestCall}`, node.at)
    this.#walk(body, rootScope(dot))
    this.#calls -= 1
  }

  #print(text: string, at: number): void {
    this.#printedLength += text.length
    this.#values.spend(1, at)
    if (this.#printedLength > manifestLimits.textBytes)
      throw new TemplateError(
        `the result exceeds the limit of ${manifestLimits.textBytes} bytes`,
        at,
      )
    this.#printed.push(text)
  }
}

const rootScope = (dot: Value): Scope => ({ dot, variables: [{ name: '', value: dot }] })

const elementsOf = (value: Value, at: number): readonly (readonly [Value, Value])[] => {
  if (value === null) return []
  if (isList(value)) return value.map((item, index) => [BigInt(index), item] as const)
  if (isMap(value)) return [...value].sort(([a], [b]) => byCodePoint(a, b))
  throw new TemplateError(`range cannot go over ${typeName(value)}`, at)
}
