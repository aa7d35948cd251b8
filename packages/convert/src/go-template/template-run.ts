import { manifestLimits } from '@waggle/pipeline'
import { isList, isMap, type Value } from '../yaml-value.ts'
import { builtinFunctions } from './builtin-functions.ts'
import { isTrue } from './compare.ts'
import { typeName } from './function-call.ts'
import { byCodePoint, printValue } from './print-value.ts'
import { TemplateBudget } from './template-budget.ts'
import { TemplateError } from './template-error.ts'
import type { Command, Operand, ParsedTemplate, Pipe, TemplateNode } from './template-node.ts'
import { textFunctions } from './text-functions.ts'

const workLimit = 8 * 1024 * 1024
// A step costs as much as handling a few characters: all of the work is a third of a second.
const stepCost = 8
const deepestCall = 50

interface Variable {
  readonly name: string
  value: Value
}

/** What `.` is, and the variables in sight, the newest last. */
interface Scope {
  readonly dot: Value
  readonly variables: Variable[]
}

type Flow = 'on' | 'break' | 'continue'

/** One run of one template over its data. */
export class TemplateRun {
  readonly #template: ParsedTemplate
  readonly #data: Value
  readonly #nowMs: number
  readonly #budget = new TemplateBudget(workLimit)
  readonly #printed: string[] = []
  #printedLength = 0
  #calls = 0

  constructor(template: ParsedTemplate, data: Value, nowMs: number) {
    this.#template = template
    this.#data = data
    this.#nowMs = nowMs
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
        const value = this.#pipe(node.pipe, scope)
        if (node.pipe.variables.length === 0)
          this.#print(this.#textOf(value, node.pipe.at), node.pipe.at)
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
    const value = this.#pipe(node.pipe, { dot, variables })
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
    const pairs = elementsOf(this.#pipe(bare, { dot, variables }), pipe.at)
    this.#spend(pairs.length * stepCost, pipe.at)
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
    for (const [name, one] of named) this.#bind(pipe, variables, name, one)
  }

  #bind(pipe: Pipe, variables: Variable[], name: string, value: Value): void {
    if (!pipe.isAssignment) {
      variables.push({ name, value })
      return
    }
    const known = variables.findLast((variable) => variable.name === name)
    if (!known) throw new TemplateError(`undefined variable "$${name}"`, pipe.at)
    known.value = value
  }

  #call(node: Extract<TemplateNode, { kind: 'template' }>, scope: Scope): void {
    const body = this.#template.defined.get(node.name)
    if (body === undefined)
      throw new TemplateError(`template ${JSON.stringify(node.name)} is not defined`, node.at)
    const dot = node.pipe === null ? null : this.#pipe(node.pipe, scope)
    this.#calls += 1
    if (this.#calls > deepestCall)
      throw new TemplateError(`templates call each other deeper than ${deepestCall}`, node.at)
    this.#walk(body, rootScope(dot))
    this.#calls -= 1
  }

  #pipe(pipe: Pipe, scope: Scope): Value {
    let piped: Value | undefined
    for (const command of pipe.commands) piped = this.#command(command, scope, piped)
    const value = piped ?? null
    for (const name of pipe.variables) this.#bind(pipe, scope.variables, name, value)
    return value
  }

  #command(command: Command, scope: Scope, piped: Value | undefined): Value {
    const [first, ...rest] = command
    if (first === undefined) return null
    this.#spend(stepCost, first.at)
    if (first.kind === 'function') {
      const value = this.#function(first, rest, scope, piped)
      return this.#fields(value, first)
    }
    if (rest.length > 0 || piped !== undefined)
      throw new TemplateError('only a function takes arguments', first.at)
    return this.#operand(first, scope)
  }

  #operand(operand: Operand, scope: Scope): Value {
    switch (operand.kind) {
      case 'dot':
        return this.#fields(scope.dot, operand)
      case 'constant':
        return this.#fields(operand.value, operand)
      case 'variable': {
        const { name, at } = operand
        const known = scope.variables.findLast((variable) => variable.name === name)
        if (!known) throw new TemplateError(`undefined variable "$${name}"`, at)
        return this.#fields(known.value, operand)
      }
      case 'function':
        return this.#fields(this.#function(operand, [], scope, undefined), operand)
      case 'pipe':
        return this.#fields(this.#pipe(operand.pipe, { ...scope }), operand)
      default:
        return operand satisfies never
    }
  }

  #fields(value: Value, { fields, at }: Operand): Value {
    let reached = value
    for (const [depth, field] of fields.entries()) {
      this.#spend(stepCost, at)
      if (isMap(reached)) reached = reached.get(field) ?? null
      else if (reached === null && depth === 0) return null
      else throw new TemplateError(`${typeName(reached)} has no field .${field}`, at)
    }
    return reached
  }

  #function(
    { name, at }: Extract<Operand, { kind: 'function' }>,
    operands: readonly Operand[],
    scope: Scope,
    piped: Value | undefined,
  ): Value {
    if (name === 'and' || name === 'or') return this.#logic(name, at, operands, scope, piped)
    const known = builtinFunctions.get(name) ?? textFunctions.get(name)
    if (known === undefined) throw new TemplateError(`function "${name}" is not defined`, at)
    const values = operands.map((operand) => this.#operand(operand, scope))
    if (piped !== undefined) values.push(piped)
    const [fewest, most, call] = known
    if (values.length < fewest || values.length > most)
      throw new TemplateError(`${name} takes ${countOf(fewest, most)}, not ${values.length}`, at)
    this.#spend(sizeOf(values), at)
    try {
      const value = call({ name, values, budget: this.#budget, nowMs: this.#nowMs })
      this.#spend(sizeOf([value]), at)
      return value
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError)
        throw new TemplateError(error.message, at)
      throw error
    }
  }

  /** The first argument that decides, the others unread. */
  #logic(
    name: 'and' | 'or',
    at: number,
    operands: readonly Operand[],
    scope: Scope,
    piped: Value | undefined,
  ): Value {
    if (operands.length === 0 && piped === undefined)
      throw new TemplateError(`${name} takes at least 1 argument`, at)
    let value: Value = null
    for (const operand of operands) {
      value = this.#operand(operand, scope)
      if (isTrue(value) === (name === 'or')) return value
    }
    return piped === undefined ? value : piped
  }

  #textOf(value: Value, at: number): string {
    this.#spend(sizeOf([value]), at)
    return printValue(value, '<no value>')
  }

  #print(text: string, at: number): void {
    this.#printedLength += text.length
    this.#spend(1, at)
    if (this.#printedLength > manifestLimits.textBytes)
      throw new TemplateError(
        `the result exceeds the limit of ${manifestLimits.textBytes} bytes`,
        at,
      )
    this.#printed.push(text)
  }

  #spend(cost: number, at: number): void {
    try {
      this.#budget.spend(cost)
    } catch (error) {
      throw new TemplateError((error as RangeError).message, at)
    }
  }
}

const rootScope = (dot: Value): Scope => ({ dot, variables: [{ name: '', value: dot }] })

const elementsOf = (value: Value, at: number): readonly (readonly [Value, Value])[] => {
  if (value === null) return []
  if (isList(value)) return value.map((item, index) => [BigInt(index), item] as const)
  if (isMap(value)) return [...value].sort(([a], [b]) => byCodePoint(a, b))
  throw new TemplateError(`range cannot go over ${typeName(value)}`, at)
}

const countOf = (fewest: number, most: number): string => {
  const count = fewest === most ? `${fewest}` : `${fewest} to ${most}`
  return `${count} argument${count === '1' ? '' : 's'}`
}

/** Characters and elements, all the way down: what printing or scanning would handle. */
const sizeOf = (values: readonly Value[]): number => {
  let size = 0
  for (const value of values) {
    size += 1
    if (typeof value === 'string') size += value.length
    else if (isList(value)) size += sizeOf(value)
    else if (isMap(value)) for (const [key, item] of value) size += key.length + sizeOf([item])
  }
  return size
}
