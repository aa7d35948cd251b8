import { parseGoDuration } from '@waggle/domain'
import { resolveScalar } from '../yaml/scalar.ts'
import type { YamlScalar } from '../yaml/yaml-node.ts'
import { parseByteSize } from './byte-size.ts'
import { closestWord } from './closest-word.ts'
import { durationText } from './duration-text.ts'
import { type Fields, sourceText } from './fields.ts'

interface Range {
  readonly min: number
  readonly max: number
  readonly fallback: number
}

/** Reads what stands under a `waggle:` key. Stricter than the rest of the language, which nobody but Waggle has to
 *  read the same: an unknown key, a wrong type and a value out of its range are issues with their place.
 *
 *  The server reads a file before its variables have values: a value that still holds `${` reads as not set there, and
 *  is checked when the stage is compiled. */
export class WaggleFields {
  readonly fields: Fields

  constructor(fields: Fields, known: readonly string[]) {
    this.fields = fields
    for (const [name, { key }] of fields.map.entries) {
      if (known.includes(name)) continue
      const meant = closestWord(name, known)
      const hint = meant === null ? `known are ${known.join(', ')}` : `did you mean '${meant}'?`
      fields.sink.add(
        'unknown_key',
        `unknown key '${name.slice(0, 80)}': ${hint}`,
        fields.path,
        key,
      )
    }
  }

  /** What stands under the key `waggle`; `null` where nothing does. */
  static of(fields: Fields, known: readonly string[]): WaggleFields | null {
    const waggle = fields.fields('waggle')
    return waggle === null ? null : new WaggleFields(waggle, known)
  }

  has(key: string): boolean {
    return this.fields.node(key) !== null
  }

  /** A nested mapping. */
  inner(key: string, known: readonly string[]): WaggleFields | null {
    const inner = this.fields.fields(key)
    return inner === null ? null : new WaggleFields(inner, known)
  }

  text(key: string): string {
    return this.fields.str(key)
  }

  int(key: string, { min, max, fallback }: Range): number {
    const scalar = this.scalar(key)
    if (scalar === null) return fallback
    const value = resolveScalar(scalar)
    const number = value.type === 'int' ? Number(value.value) : Number.NaN
    if (number >= min && number <= max) return number
    this.issue(key, `must be a whole number from ${min} to ${max}`)
    return fallback
  }

  /** Milliseconds. */
  duration(key: string, { min, max, fallback }: Range): number {
    const scalar = this.scalar(key)
    if (scalar === null) return fallback
    const ms = parseGoDuration(sourceText(scalar))
    if (ms === null) this.issue(key, 'must be a duration with its unit, such as 90s, 10m or 1h30m')
    else if (ms < min || ms > max)
      this.issue(key, `must be from ${durationText(min)} to ${durationText(max)}`)
    else return Math.round(ms)
    return fallback
  }

  /** Bytes. */
  size(key: string, { min, max, fallback }: Range): number {
    const scalar = this.scalar(key)
    if (scalar === null) return fallback
    const bytes = parseByteSize(sourceText(scalar))
    if (bytes !== null && bytes >= min && bytes <= max) return bytes
    this.issue(key, 'must be a size such as 500mb or 2gb, of at least 1mb')
    return fallback
  }

  /** The key's scalar, where it has a value by now. */
  scalar(key: string): YamlScalar | null {
    const node = this.fields.node(key)
    if (node === null) return null
    if (node.kind !== 'scalar') {
      this.fields.mismatch(key, 'a single value')
      return null
    }
    return node.text.includes(`\${`) ? null : node
  }

  issue(key: string, message: string): void {
    const { fields } = this
    const at = fields.map.entries.get(key)?.value
    // Of the mapping itself where the key is what is missing.
    const path = at === undefined ? fields.path : fields.pathOf(key)
    fields.sink.add('waggle_value', message, path, at ?? fields.map)
  }
}
