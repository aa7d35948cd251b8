import { type Partition, partitionName } from '@waggle/domain'

const limitBytes = 64 * 1024

/** A partition of the registry, `null` where name and attributes do not belong together: what comes out of Redis is
 *  untrusted. */
export const parsePartition = (name: string, json: string): Partition | null => {
  if (json.length > limitBytes) return null
  let raw: unknown
  try {
    raw = JSON.parse(json)
  } catch {
    return null
  }
  if (typeof raw !== 'object' || raw === null) return null
  const { kind, type, os, arch, variant, kernel, labels } = raw as Record<string, unknown>
  const texts = [kind, type, os, arch, variant, kernel]
  if (!texts.every((text) => typeof text === 'string') || !isTextMap(labels)) return null
  const partition = { kind, type, os, arch, variant, kernel, labels } as Partition
  return partitionName(partition) === name ? partition : null
}

const isTextMap = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === 'string')
