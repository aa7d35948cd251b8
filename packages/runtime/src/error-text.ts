import { Buffer } from 'node:buffer'
import { type MaskSet, maskText } from './mask-set.ts'

const limitBytes = 500

/** An error as the user may see it: masked, and cut to 500 bytes (pipeline.md §14.11). */
export const errorText = (error: unknown, masks: MaskSet): string => {
  const text = maskText(error instanceof Error ? error.message : String(error), masks)
  const bytes = Buffer.from(text)
  if (bytes.length <= limitBytes) return text
  let end = limitBytes
  // Not inside a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
