import { badRequest } from './status-of.ts'

const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const recordLimit = 1_000

/** A JSON object as a request brought it. `null` is the same as absent, unknown members do not matter, names compare
 *  without case (rest-api.md §3.6). Every reading says what it wanted when the member is of another type. */
export class JsonBody {
  readonly #members = new Map<string, unknown>()

  constructor(value: object) {
    for (const [name, member] of Object.entries(value))
      if (member !== null) this.#members.set(name.toLowerCase(), member)
  }

  text(name: string, limit = 10_000): string | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    if (typeof value !== 'string') throw badRequest(`${name}: must be a string`)
    if (value.length > limit) throw badRequest(`${name}: longer than ${limit} characters`)
    return value
  }

  texts(
    name: string,
    limit: { readonly items: number; readonly characters: number },
  ): readonly string[] | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
      throw badRequest(`${name}: must be a list of strings`)
    if (value.length > limit.items) throw badRequest(`${name}: more than ${limit.items} items`)
    if (value.some((item) => item.length > limit.characters))
      throw badRequest(`${name}: an item is longer than ${limit.characters} characters`)
    return value
  }

  flag(name: string): boolean | undefined {
    const value = this.#get(name)
    if (value === undefined || typeof value === 'boolean') return value
    throw badRequest(`${name}: must be true or false`)
  }

  integer(name: string, limits: { min: number; max: number }): number | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    if (typeof value !== 'number' || !Number.isSafeInteger(value))
      throw badRequest(`${name}: must be a whole number`)
    if (value < limits.min || value > limits.max)
      throw badRequest(`${name}: must be from ${limits.min} to ${limits.max}`)
    return value
  }

  choice<const W extends readonly string[]>(name: string, words: W): W[number] | undefined {
    const value = this.text(name)
    if (value === undefined || words.includes(value)) return value
    throw badRequest(`${name}: must be one of ${words.join(', ')}`)
  }

  object(name: string): JsonBody | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw badRequest(`${name}: must be an object`)
    return new JsonBody(value)
  }

  /** Names and texts; numbers and flags count as their text. */
  record(name: string): Readonly<Record<string, string>> | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw badRequest(`${name}: must be an object`)
    const entries = Object.entries(value).filter(([, member]) => member !== null)
    if (entries.length > recordLimit) throw badRequest(`${name}: more than ${recordLimit} members`)
    return toRecord(name, entries)
  }

  /** Whatever is there. */
  value(name: string): unknown {
    return this.#get(name)
  }

  #get(name: string): unknown {
    return this.#members.get(name.toLowerCase())
  }
}

/** A record of texts with names that cannot reach a prototype (threats.md T-42). */
export const toRecord = (
  name: string,
  entries: readonly (readonly [string, unknown])[],
): Readonly<Record<string, string>> => {
  const record: Record<string, string> = {}
  for (const [key, value] of entries) {
    if (key === '' || key.length > 250 || forbiddenKeys.has(key))
      throw badRequest(`${name}: "${key.slice(0, 50)}" cannot be a name`)
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw badRequest(`${name}.${key}: must be a string`)
    record[key] = String(value)
  }
  return record
}

/** Parses a request's body. An empty one is told as Go's decoder does: `EOF`. */
export const parseJsonBody = (bytes: Buffer): JsonBody => {
  if (bytes.length === 0) throw badRequest('EOF')
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    // The parser's text tells the place; it quotes at most a few characters of the body.
    const why = error instanceof Error ? error.message.slice(0, 200) : 'unreadable'
    throw badRequest(`body is not JSON: ${why}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest('body is not a JSON object')
  return new JsonBody(value)
}
