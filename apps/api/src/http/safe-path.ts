/** Whether a path means only one thing to everybody who reads it (threats.md T-78): no encoded slash, dot or control
 *  character, no backslash, no `//`, `.` or `..`, no matrix parameter, and only escapes that can be read. */
export const isSafePath = (path: string): boolean => {
  if (!path.startsWith('/') || path.includes('//')) return false
  if (path.includes('\\') || path.includes(';')) return false
  let decoded: string
  try {
    decoded = decodeURIComponent(path)
  } catch {
    return false
  }
  if (decoded.split('/').length !== path.split('/').length) return false
  return !decoded.split('/').some((part) => part === '.' || part === '..' || hasOdd(part))
}

const hasOdd = (part: string): boolean => {
  for (const char of part) {
    const code = char.codePointAt(0) ?? 0
    if (code < 0x20 || code === 0x7f || char === '\\' || char === ';') return true
  }
  return false
}
