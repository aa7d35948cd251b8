/** The elements of a JSON array as they are written; `null` where the text is no array. The text is trusted to be
 *  JSON: an interpreter printed it. Element by element as text, because parsing would change numbers. */
export const arrayElements = (json: string): readonly string[] | null => {
  const text = json.trim()
  if (!text.startsWith('[')) return null
  const elements: string[] = []
  let depth = 0
  let start = 1
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '"') at = endOfString(text, at)
    else if (char === '[' || char === '{') depth++
    else if (char === ']' || char === '}') depth--
    if (depth > 1 || (char !== ',' && depth !== 0)) continue
    if (char !== ',' && char !== ']') continue
    const element = text.slice(start, at).trim()
    // Strings have no line feeds in JSON: all that is indented is layout.
    if (element !== '') elements.push(element.replaceAll('\n   ', '\n'))
    start = at + 1
  }
  return elements
}

const endOfString = (text: string, start: number): number => {
  let at = start + 1
  for (; at < text.length && text[at] !== '"'; at++) if (text[at] === '\\') at++
  return at
}
