import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { z } from 'zod'

/** One setting: its name in the environment, its type, and its line in `docs/configuration.md`. */
export interface Setting<T> {
  /** `WAGGLE_<AREA>_<NAME>`, unit last. */
  readonly name: string
  /** Names of Drone's that mean the same; looked at when ours is not set. */
  readonly aliases: readonly string[]
  readonly type: z.ZodType<T>
  /** What happens without it, for the docs; empty where it is required. */
  readonly fallback: string
  readonly doc: string
  /** Also read from the file that `<NAME>_FILE` names; never shown. */
  readonly isSecret: boolean
}

export interface SettingOptions {
  readonly aliases?: readonly string[]
  readonly fallback?: string
  readonly isSecret?: boolean
}

export const setting = <T>(
  name: string,
  type: z.ZodType<T>,
  doc: string,
  options: SettingOptions = {},
): Setting<T> => ({
  name,
  type,
  doc,
  aliases: options.aliases ?? [],
  fallback: options.fallback ?? '',
  isSecret: options.isSecret ?? false,
})

export type SettingGroup = Readonly<Record<string, Setting<unknown>>>

export type SettingValues<G extends SettingGroup> = {
  readonly [K in keyof G]: G[K] extends Setting<infer T> ? T : never
}

/** All problems of the environment, in one message. */
export class SettingsError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`settings: ${problems.join('; ')}`)
    this.name = 'SettingsError'
    this.problems = problems
  }
}

/** Reads a group of settings once. An empty variable counts as not set. Throws `SettingsError` with every problem. */
export const readSettings = <G extends SettingGroup>(
  group: G,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): SettingValues<G> => {
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [key, definition] of Object.entries(group)) {
    const raw = readRaw(definition, environment, problems)
    const parsed = definition.type.safeParse(raw)
    if (parsed.success) values[key] = parsed.data
    else {
      const why = parsed.error.issues.map((issue) => issue.message).join(', ')
      problems.push(
        raw === undefined ? `${definition.name} is required` : `${definition.name}: ${why}`,
      )
    }
  }
  if (problems.length > 0) throw new SettingsError(problems)
  return Object.freeze(values) as SettingValues<G>
}

const readRaw = (
  definition: Setting<unknown>,
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): string | undefined => {
  for (const name of [definition.name, ...definition.aliases]) {
    const value = environment[name]
    if (value !== undefined && value !== '') return value
    const file = definition.isSecret ? environment[`${name}_FILE`] : undefined
    if (file === undefined || file === '') continue
    try {
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '')
    } catch (error) {
      problems.push(`${name}_FILE: ${error instanceof Error ? error.message : 'not readable'}`)
      return undefined
    }
  }
  return undefined
}

/** Types of settings, all from text. */
export const types = {
  text: (fallback?: string) => withDefault(z.string(), fallback),
  optionalText: () => z.string().optional(),
  integer: (fallback?: number, limits: { min?: number; max?: number } = {}) =>
    withDefault(
      z
        .string()
        .regex(/^-?\d{1,15}$/, 'must be a whole number')
        .transform(Number)
        .pipe(
          z
            .number()
            .min(limits.min ?? 0)
            .max(limits.max ?? Number.MAX_SAFE_INTEGER),
        ),
      fallback,
    ),
  /** Whole seconds, or a duration as Drone's settings have it, to the nearest second: `90`, `1m30s`, `1.5h`. */
  seconds: (fallback: number, limits: { min: number; max: number }) =>
    withDefault(
      z
        .string()
        .regex(/^(\d{1,9}|(\d{1,9}(\.\d{1,9})?(ms|[hms])){1,8})$/, 'must be seconds or like 1m30s')
        .transform(secondsOf)
        .pipe(z.number().min(limits.min).max(limits.max)),
      fallback,
    ),
  decimal: (fallback: number) =>
    withDefault(z.string().transform(Number).pipe(z.number().positive().finite()), fallback),
  /** Go's ParseBool words, as Drone's settings take them. */
  flag: (fallback = false) =>
    withDefault(
      z
        .enum(['1', 't', 'T', 'true', 'TRUE', 'True', '0', 'f', 'F', 'false', 'FALSE', 'False'], {
          error: 'must be true or false',
        })
        .transform((word) => /^(1|t)/i.test(word)),
      fallback,
    ),
  /** Comma separated; blanks around an entry and empty entries do not count. */
  list: (fallback: readonly string[] = []) =>
    withDefault(
      z.string().transform((text) =>
        text
          .split(',')
          .map((entry) => entry.trim())
          .filter((entry) => entry !== ''),
      ),
      [...fallback],
    ),
  /** `key:value,key2:value2`; the value may hold further colons. */
  map: () =>
    withDefault(
      z.string().transform((text, context) => {
        const map: Record<string, string> = {}
        for (const entry of text.split(',').filter((part) => part.trim() !== '')) {
          const colon = entry.indexOf(':')
          if (colon < 1) {
            context.addIssue({ code: 'custom', message: `"${entry}" is not key:value` })
            continue
          }
          map[entry.slice(0, colon).trim()] = entry.slice(colon + 1).trim()
        }
        return map
      }),
      {} as Record<string, string>,
    ),
  /** Path of a file with a line `NAME=value` for each variable; quotes around a value are taken off. */
  variablesFile: () =>
    withDefault(
      z.string().transform((path, context): Readonly<Record<string, string>> => {
        try {
          return parseEnv(readFileSync(path, 'utf8')) as Record<string, string>
        } catch (error) {
          const message = error instanceof Error ? error.message : 'not readable'
          context.addIssue({ code: 'custom', message })
          return z.NEVER
        }
      }),
      {} as Readonly<Record<string, string>>,
    ),
  choice: <const W extends readonly string[]>(words: W, fallback: W[number]) =>
    withDefault(z.enum(words), fallback as never) as unknown as z.ZodType<W[number]>,
}

const withDefault = <T>(type: z.ZodType<T>, fallback: T | undefined): z.ZodType<T> =>
  fallback === undefined ? type : type.optional().transform((value) => value ?? fallback)

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }

const secondsOf = (text: string): number => {
  if (/^\d+$/.test(text)) return Number(text)
  let ms = 0
  for (const [, count, unit = ''] of text.matchAll(/([\d.]+)(ms|[hms])/g))
    ms += Number(count) * (unitMs[unit] ?? 0)
  return Math.round(ms / 1_000)
}
