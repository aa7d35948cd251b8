// Letters that are no other letter with a mark.
const spelled: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ı: 'i',
}

/** The name that a cron gets: ASCII, lower case, `-` for everything else (rest-api.md §7.6). */
export const slugOf = (text: string): string => {
  const lower = text.slice(0, 1_000).trim().toLowerCase().normalize('NFKD')
  let slug = ''
  for (const char of lower) {
    if (/\p{M}/u.test(char)) continue
    const ascii = Object.hasOwn(spelled, char) ? spelled[char] : char
    slug += /^[a-z0-9_-]+$/.test(ascii ?? '') ? ascii : '-'
  }
  return slug.replace(/-+/g, '-').replace(/^-|-$/g, '')
}
