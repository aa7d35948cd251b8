const longest = 1_024

/** Whether the whole value matches a pattern of a worker's allow-list (pipeline.md §8.5): `*` and `?` do not cross `/`,
 *  `[a-z]` and `[^a]` are sets, `\c` is c; no `**` and no braces. A malformed pattern matches nothing. Takes at most
 *  pattern × value steps. */
export const matchSimpleGlob = (pattern: string, value: string): boolean => {
  if (pattern.length > longest) return false
  const tokens = parse(Array.from(pattern))
  if (tokens === null) return false
  const points = Array.from(value)
  // reached[i]: the tokens so far can match the first i characters.
  let reached = points.map(() => false)
  reached.unshift(true)
  for (const token of tokens) reached = advance(token, reached, points)
  return reached[points.length] === true
}

type Token =
  | { readonly kind: 'star' }
  | { readonly kind: 'any' }
  | { readonly kind: 'char'; readonly char: string }
  | {
      readonly kind: 'set'
      readonly isNegated: boolean
      readonly ranges: readonly (readonly [string, string])[]
    }

const advance = (
  token: Token,
  reached: readonly boolean[],
  points: readonly string[],
): boolean[] => {
  if (token.kind !== 'star')
    return reached.map((_, at) => at > 0 && reached[at - 1]! && accepts(token, points[at - 1]!))
  let isOpen = false
  return reached.map((isReached, at) => {
    isOpen = isReached || (isOpen && points[at - 1] !== '/')
    return isOpen
  })
}

const accepts = (token: Exclude<Token, { kind: 'star' }>, char: string): boolean => {
  switch (token.kind) {
    case 'any':
      return char !== '/'
    case 'char':
      return char === token.char
    case 'set':
      return (
        token.isNegated !==
        token.ranges.some(
          ([low, high]) => codeOf(low) <= codeOf(char) && codeOf(char) <= codeOf(high),
        )
      )
    default:
      return token satisfies never
  }
}

const codeOf = (char: string): number => char.codePointAt(0) ?? 0

const parse = (points: readonly string[]): Token[] | null => {
  const tokens: Token[] = []
  for (let at = 0; at < points.length; at += 1) {
    const char = points[at]!
    if (char === '*') tokens.push({ kind: 'star' })
    else if (char === '?') tokens.push({ kind: 'any' })
    else if (char === '[') {
      const set = parseSet(points, at + 1)
      if (set === null) return null
      tokens.push(set.token)
      at = set.end
    } else {
      const literal = char === '\\' ? points[++at] : char
      if (literal === undefined) return null
      tokens.push({ kind: 'char', char: literal })
    }
  }
  return tokens
}

const parseSet = (
  points: readonly string[],
  from: number,
): { token: Token; end: number } | null => {
  let at = from
  const isNegated = points[at] === '^'
  if (isNegated) at += 1
  const ranges: [string, string][] = []
  while (points[at] !== ']' || ranges.length === 0) {
    const low = member(points, at)
    if (low === null) return null
    at = low.end
    let high = low
    if (points[at] === '-') {
      const last = member(points, at + 1)
      if (last === null) return null
      high = last
      at = last.end
    }
    ranges.push([low.char, high.char])
  }
  return { token: { kind: 'set', isNegated, ranges }, end: at }
}

const member = (points: readonly string[], at: number): { char: string; end: number } | null => {
  const char = points[at]
  if (char === undefined || char === '-' || char === ']') return null
  if (char !== '\\') return { char, end: at + 1 }
  const escaped = points[at + 1]
  return escaped === undefined ? null : { char: escaped, end: at + 2 }
}
