import { type Partition, partitionName } from '@waggle/domain'

const limitBytes = 64 * 1024

/** Which partitions a reader of the registry cares for. */
export type PartitionFilter = (partition: Partition) => boolean

/** A partition of the registry, `null` where name and attributes do not belong together: what comes out of Redis is
 *  untrusted. `other`: one that the reader does not care for; its name, which is costly to make, is not looked at. */
export const parsePartition = (
  name: string,
  json: unknown,
  wants: PartitionFilter,
): Partition | 'other' | null => {
  if (typeof json !== 'string' || json.length > limitBytes) return null
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
  if (!wants(partition)) return 'other'
  return partitionName(partition) === name ? partition : null
}

const isTextMap = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === 'string')
