import { Buffer } from 'node:buffer'

/** Shorter values have no forms: they would be found where no secret is. */
const shortestValueBytes = 6
const shortestFormBytes = 7
/** Longer ones are files; who prints them encoded prints them in lines. */
const longestValueBytes = 4_096

/** How a secret looks after the usual encodings (threats.md T-06): base64, also in the middle of other bytes, hex,
 *  percent-encoding, escaped for JSON and for a shell, and a text of several lines in one. Without the value itself. */
export const encodedForms = (value: string): readonly string[] => {
  const bytes = Buffer.from(value)
  if (bytes.length < shortestValueBytes || bytes.length > longestValueBytes) return []
  const hex = bytes.toString('hex')
  const forms = [
    ...base64Forms(bytes),
    hex,
    hex.toUpperCase(),
    encodeURIComponent(value.toWellFormed()),
    new URLSearchParams([['', value]]).toString().slice(1),
    JSON.stringify(value).slice(1, -1),
    value.replaceAll("'", String.raw`'\''`),
    value.replaceAll('\n', ' '),
  ]
  return [...new Set(forms)].filter(
    (form) => form !== value && Buffer.byteLength(form) >= shortestFormBytes,
  )
}

/** For each place that the value may have in a group of three bytes: the characters that it alone decides. */
const base64Forms = (value: Buffer): readonly string[] =>
  [0, 1, 2].flatMap((before) => {
    const all = Buffer.concat([Buffer.alloc(before), value])
    const decided = all.toString('base64url').slice(
      // One or two bytes before it have a part in two or three characters.
      before === 0 ? 0 : before + 1,
      // Two or four bits of the last character are those of what follows.
      all.length % 3 === 0 ? undefined : -1,
    )
    return [decided, decided.replaceAll('-', '+').replaceAll('_', '/')]
  })
