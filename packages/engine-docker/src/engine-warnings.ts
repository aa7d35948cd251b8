import type { LogFields, Logger } from '@waggle/domain'
import type { EngineClient } from './engine-client.ts'

/** What `GET /version` says; all of it may be missing. */
export interface EngineVersions {
  readonly Components?: readonly { readonly Name?: string; readonly Version?: string }[] | null
}

/** What `GET /info` says. */
export interface EngineInfo {
  readonly LiveRestoreEnabled?: boolean
}

/** The first versions without holes by which a step has reached its host (threats.md T-25). */
const floors: readonly {
  readonly name: string
  readonly fixed: readonly string[]
  readonly why: string
}[] = [
  { name: 'Engine', fixed: ['27.1.1'], why: 'CVE-2024-41110' },
  { name: 'containerd', fixed: ['1.7.29', '2.0.7', '2.1.5'], why: 'CVE-2024-25621' },
  {
    name: 'runc',
    fixed: ['1.2.8', '1.3.3'],
    why: 'CVE-2024-21626, CVE-2025-31133, CVE-2025-52565 and CVE-2025-52881',
  },
]

/** Looks at the engine once and warns of what an operator should know: old parts, and that a restart of the engine
 *  would end running steps (reliability.md D2). Says nothing where the engine does not. */
export const warnOfEngine = async (
  client: EngineClient,
  log: Logger,
  signal?: AbortSignal,
): Promise<void> => {
  const [versions, info] = await Promise.all([
    client.call<EngineVersions>('GET', '/version', { deadlineMs: 5_000, signal }),
    client.call<EngineInfo>('GET', '/info', { deadlineMs: 5_000, signal }),
  ])
  for (const { text, fields } of engineWarnings(versions, info)) log.warn(text, fields)
}

export const engineWarnings = (
  versions: EngineVersions,
  info: EngineInfo,
): readonly { readonly text: string; readonly fields: LogFields }[] => {
  const old = floors.flatMap(({ name, fixed, why }) => {
    const version = versions.Components?.find((part) => part.Name === name)?.Version ?? ''
    if (!isBelow(version, fixed)) return []
    const reason = `${why}: fixed in ${fixed.join(', ')}, unless your distribution mended it in this version`
    return [
      {
        text: 'a part of the container engine may have known holes',
        fields: { name, version, reason },
      },
    ]
  })
  if (info.LiveRestoreEnabled !== false) return old
  const reason = 'set "live-restore": true in its configuration'
  return [
    ...old,
    { text: 'a restart of the container engine would end running steps', fields: { reason } },
  ]
}

/** Whether the version is below the fixed one of its own line, or of the lines after it. Unreadable: no. */
const isBelow = (version: string, fixed: readonly string[]): boolean => {
  const given = numbersOf(version)
  if (!given) return false
  const lines = fixed.flatMap((text) => numbersOf(text) ?? [])
  const own = lines.find((line) => line.major === given.major && line.minor === given.minor)
  const floor = own ?? lines[0]
  return floor !== undefined && compare(given, floor) < 0
}

interface Numbers {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

const numbersOf = (version: string): Numbers | null => {
  const parts = version.split('.', 3).map((part) => Number.parseInt(part, 10))
  const [major = Number.NaN, minor = 0, patch = 0] = parts
  return parts.some(Number.isNaN) ? null : { major, minor, patch }
}

const compare = (a: Numbers, b: Numbers): number =>
  a.major - b.major || a.minor - b.minor || a.patch - b.patch
