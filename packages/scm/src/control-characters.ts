const isControl = (char: string): boolean => {
  const code = char.codePointAt(0) ?? 0
  return code < 0x20 || (code >= 0x7f && code < 0xa0)
}

export const hasControl = (text: string): boolean => Array.from(text).some(isControl)

export const withoutControl = (text: string): string =>
  Array.from(text, (char) => (isControl(char) ? ' ' : char)).join('')
