const shortestValueBytes = 2
const shortestLineBytes = 4

/** What must not appear in any output (pipeline.md §15.3, design §14): each secret value from 2 bytes, and each line
 *  of one that has several from 4. Trimmed, without repeats, longest first; ties by bytes, so that it is stable. */
export const maskValues = (values: readonly string[]): string[] => {
  const masks = new Set<string>()
  for (const value of values) {
    const whole = value.trim()
    if (Buffer.byteLength(whole) >= shortestValueBytes) masks.add(whole)
    const lines = whole.split('\n').map((line) => line.trim())
    if (lines.length === 1) continue
    for (const line of lines) if (Buffer.byteLength(line) >= shortestLineBytes) masks.add(line)
  }
  return [...masks]
    .map((text) => ({ text, bytes: Buffer.from(text) }))
    .sort((a, b) => b.bytes.length - a.bytes.length || Buffer.compare(a.bytes, b.bytes))
    .map(({ text }) => text)
}
