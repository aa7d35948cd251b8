/* What a terminal would act on: escape sequences (CSI; OSC, DCS, SOS, PM and APC with their text; the short ones),
   control characters, 8-bit controls, and marks that turn the direction of writing. */
const controls =
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  /\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-Z\\`-~]?|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
// oxlint-disable-next-line no-control-regex -- as above
const colour = /^\x1b\[[\d;:]{0,64}m$/

/** A line of a build as it may go to a terminal: of its escape sequences only colours are left (threats.md T-71).
 *  What a carriage return would have hidden stands on a line of its own. */
export const cleanLine = (text: string): string[] =>
  text
    .replace(/\r*\n$/, '')
    .split('\r')
    .map((part) => {
      const clean = part.replace(controls, (match) => (colour.test(match) ? match : ''))
      return clean.includes('\x1b') ? `${clean}\x1b[0m` : clean
    })

/** A short text of somebody else, in one line of ours. */
export const cleanText = (text: string): string =>
  cleanLine(text.replaceAll('\n', ' ')).join(' ').trimEnd()
