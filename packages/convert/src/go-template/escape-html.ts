const escapes: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ["'", '&#39;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&#34;'],
])

export const escapeHtml = (text: string): string =>
  text.replace(/[&'<>"]/g, (char) => escapes.get(char) ?? char)

const named: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', '\u00a0'],
])

/** Numbered entities and the common named ones. */
export const unescapeHtml = (text: string): string =>
  text.replace(/&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-z]{2,4});/g, (all, name: string) => {
    if (!name.startsWith('#')) return named.get(name) ?? all
    const isHex = /^#x/i.test(name)
    const code = Number.parseInt(name.slice(isHex ? 2 : 1), isHex ? 16 : 10)
    return code <= 0x10ffff ? String.fromCodePoint(code) : all
  })
