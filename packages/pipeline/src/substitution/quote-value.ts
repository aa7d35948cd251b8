const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
}

/** The double-quoted form that a value with a line feed takes before any operator (pipeline.md §10.1). */
export const quoteValue = (value: string): string => {
  let quoted = '"'
  for (const char of value) quoted += escapes[char] ?? (isPrintable(char) ? char : escapeCode(char))
  return `${quoted}"`
}

const isPrintable = (char: string): boolean =>
  char === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char)

const escapeCode = (char: string): string => {
  const code = char.codePointAt(0)!
  const hex = code.toString(16)
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`
  return code < 0x1_0000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
