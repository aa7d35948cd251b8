import { type GlobToken, matchPrefixes, parseGlobTokens } from './glob-tokens.ts'

/** Longest pattern, in code points, and most alternatives that braces may expand to (threats.md T-44). */
const globLimits = { pattern: 1_024, expansions: 256 } as const

/** `**`: any number of components. */
type Component = '**' | readonly (readonly GlobToken[])[]

/** Steps that matching may still take; below 0 = it took more, and nothing matches any more. */
export interface GlobBudget {
  left: number
}

/** Whether the whole value matches (pipeline.md §9.4). A malformed or oversized pattern matches nothing. Takes at
 *  most `pattern × value × expansions` steps; no text of a user becomes a regular expression. */
export const matchGlob = (pattern: string, value: string, budget?: GlobBudget): boolean =>
  compileGlob(pattern)(value, budget)

/** The same for many values: the pattern is read once. */
export const compileGlob = (pattern: string): ((value: string, budget?: GlobBudget) => boolean) => {
  if (pattern.length <= globLimits.pattern && !special.test(pattern))
    return (value) => value === pattern
  const components = parseGlob(pattern)
  return (value, budget = { left: Number.POSITIVE_INFINITY }) =>
    components !== null && matchComponents(components, value.split('/').map(chars), budget)
}

/** A pattern without any of these matches itself alone. */
const special = /[*?[\]{}\\]/

const parseGlob = (pattern: string): readonly Component[] | null => {
  // A code point is at most two units, so the cheap question comes first.
  if (pattern.length > globLimits.pattern * 2) return null
  const points = chars(pattern)
  if (points.length > globLimits.pattern) return null
  const budget = { left: globLimits.expansions }
  const components: Component[] = []
  for (const part of splitComponents(points)) {
    const component = parseComponent(part, budget)
    if (component === null) return null
    components.push(component)
  }
  return components
}

const chars = (text: string): string[] => Array.from(text)

const splitComponents = (pattern: readonly string[]): string[][] => {
  const parts: string[][] = [[]]
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at]!
    if (char === '/') parts.push([])
    else {
      parts.at(-1)!.push(char)
      if (char === '\\' && at + 1 < pattern.length) parts.at(-1)!.push(pattern[++at]!)
    }
  }
  return parts
}

const parseComponent = (part: readonly string[], budget: { left: number }): Component | null => {
  if (part.length === 2 && part[0] === '*' && part[1] === '*') return '**'
  const alternatives: (readonly GlobToken[])[] = []
  const open = [part]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const expanded = expandFirstBrace(next)
    if (expanded === 'malformed') return null
    if (expanded !== 'none') {
      budget.left -= expanded.length - 1
      if (budget.left < 1) return null
      open.push(...expanded)
      continue
    }
    const tokens = parseGlobTokens(next)
    if (tokens === null) return null
    alternatives.push(tokens)
  }
  return alternatives
}

/** Replaces the first `{x,y}` by each of its alternatives. It ends at the first `}` that is not escaped. */
const expandFirstBrace = (part: readonly string[]): string[][] | 'none' | 'malformed' => {
  const start = findBrace(part)
  if (start < 0) return 'none'
  const options: string[][] = [[]]
  for (let at = start + 1; at < part.length; at += 1) {
    const char = part[at]!
    if (char === '}') {
      const [head, tail] = [part.slice(0, start), part.slice(at + 1)]
      return options.map((option) => [...head, ...option, ...tail])
    }
    if (char === ',') options.push([])
    else options.at(-1)!.push(char)
    if (char === '\\' && at + 1 < part.length) options.at(-1)!.push(part[++at]!)
  }
  return 'malformed'
}

const findBrace = (part: readonly string[]): number => {
  let isSet = false
  for (let at = 0; at < part.length; at += 1) {
    const char = part[at]
    if (char === '\\') at += 1
    else if (char === '[') isSet = true
    else if (char === ']') isSet = false
    else if (char === '{' && !isSet) return at
  }
  return -1
}

/** States are positions in the pattern: `**` stays while it eats a component, and lets go at any time, except at
 *  the end of the pattern, where it needs one. */
const matchComponents = (
  pattern: readonly Component[],
  value: readonly (readonly string[])[],
  budget: GlobBudget,
): boolean => {
  let states = new Set<number>([0])
  for (const part of value) {
    const next = new Set<number>()
    for (const state of openUp(pattern, states)) {
      const component = pattern[state]
      if (component === undefined) continue
      if (component === '**') {
        next.add(state)
        next.add(state + 1)
      } else if (component.some((tokens) => matchesAll(tokens, part, budget))) next.add(state + 1)
    }
    budget.left -= states.size
    if (next.size === 0 || budget.left < 0) return false
    states = next
  }
  return states.has(pattern.length)
}

const openUp = (pattern: readonly Component[], states: ReadonlySet<number>): Set<number> => {
  const all = new Set(states)
  for (const state of all) {
    if (pattern[state] === '**' && state + 1 < pattern.length) all.add(state + 1)
  }
  return all
}

const matchesAll = (
  tokens: readonly GlobToken[],
  text: readonly string[],
  budget: GlobBudget,
): boolean => {
  if (budget.left < 0) return false
  let longest = -1
  for (const length of matchPrefixes(tokens, text, budget)) longest = length
  return longest === text.length && budget.left >= 0
}
