const simple: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
}

const digits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/** What a part of one line between double quotes means in YAML; `null`: it has an escape that YAML does not have. */
export const readEscapes = (text: string): string | null => {
  let result = ''
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!
    if (char !== '\\') {
      result += char
      continue
    }
    const sign = text[++at] ?? ''
    const known = simple[sign]
    const count = digits[sign]
    if (known !== undefined) result += known
    else if (count === undefined) return null
    else {
      const hex = text.slice(at + 1, at + 1 + count)
      const code = /^[0-9a-fA-F]+$/.test(hex) && hex.length === count ? Number(`0x${hex}`) : -1
      if (code < 0 || code > 0x10_ffff) return null
      result += String.fromCodePoint(code)
      at += count
    }
  }
  return result
}
