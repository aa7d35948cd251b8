import { isList, isMap, type Value } from '../yaml-value.ts'
import { builtinFunctions } from './builtin-functions.ts'
import { isTrue } from './compare.ts'
import { typeName } from './function-call.ts'
import { printValue } from './print-value.ts'
import { TemplateBudget } from './template-budget.ts'
import { TemplateError } from './template-error.ts'
import type { Command, Operand, Pipe } from './template-node.ts'
import { textFunctions } from './text-functions.ts'

const workLimit = 8 * 1024 * 1024
// A step costs as much as handling a few characters: all of the work is a third of a second.
export const stepCost = 8

export interface Variable {
  readonly name: string
  value: Value
}

/** What `.` is, and the variables in sight, the newest last. */
export interface Scope {
  readonly dot: Value
  readonly variables: Variable[]
}

/** Gives the pipes of one run their values, within what the run may cost. */
export class PipeValues {
  readonly #nowMs: number
  readonly #budget = new TemplateBudget(workLimit)

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  of(pipe: Pipe, scope: Scope): Value {
    let piped: Value | undefined
    for (const command of pipe.commands) piped = this.#command(command, scope, piped)
    const value = piped ?? null
    for (const name of pipe.variables) this.bind(pipe, scope.variables, name, value)
    return value
  }

  /** Declares the variable, or gives one in sight another value, as the pipe says. */
  bind(pipe: Pipe, variables: Variable[], name: string, value: Value): void {
    if (!pipe.isAssignment) {
      variables.push({ name, value })
      return
    }
    const known = variables.findLast((variable) => variable.name === name)
    if (!known) throw new TemplateError(`undefined variable "$${name}"`, pipe.at)
    known.value = value
  }

  #command(command: Command, scope: Scope, piped: Value | undefined): Value {
    const [first, ...rest] = command
    if (first === undefined) return null
    this.spend(stepCost, first.at)
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
        return this.#fields(this.of(operand.pipe, { ...scope }), operand)
      default:
        return operand satisfies never
    }
  }

  #fields(value: Value, { fields, at }: Operand): Value {
    let reached = value
    for (const [depth, field] of fields.entries()) {
      this.spend(stepCost, at)
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
    this.spend(sizeOf(values), at)
    try {
      const value = call({ name, values, budget: this.#budget, nowMs: this.#nowMs })
      this.spend(sizeOf([value]), at)
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

  /** The value as it is printed. */
  text(value: Value, at: number): string {
    this.spend(sizeOf([value]), at)
    return printValue(value, '<no value>')
  }

  /** Throws where the template has done too much. */
  spend(cost: number, at: number): void {
    try {
      this.#budget.spend(cost)
    } catch (error) {
      throw new TemplateError((error as RangeError).message, at)
    }
  }
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
