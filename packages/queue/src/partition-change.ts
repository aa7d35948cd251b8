import type { Partition } from '@waggle/domain'
import { type PartitionFilter, parsePartition } from './parse-partition.ts'

/** What changed in the registry of partitions from one version to the next. */
export interface PartitionChange {
  /** Empty: there was none. */
  readonly from: string
  readonly to: string
  /** Those that the reader cares for. */
  readonly added: ReadonlyMap<string, Partition>
  readonly removed: readonly string[]
}

// One registration names at most 500 partitions.
const limitBytes = 4 * 1024 * 1024

/** A message of the registry's channel, `null` where it is none: what comes out of Redis is untrusted. */
export const parseChange = (text: string, wants: PartitionFilter): PartitionChange | null => {
  if (text.length > limitBytes) return null
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof raw !== 'object' || raw === null) return null
  const { from, to, added = {}, removed = [] } = raw as Record<string, unknown>
  if (typeof from !== 'string' || typeof to !== 'string') return null
  if (typeof added !== 'object' || added === null || !Array.isArray(removed)) return null
  const partitions = new Map<string, Partition>()
  for (const [name, json] of Object.entries(added)) {
    const partition = parsePartition(name, json, wants)
    // Read again, and complained about there.
    if (partition === null) return null
    if (partition !== 'other') partitions.set(name, partition)
  }
  return { from, to, added: partitions, removed: removed.map(String) }
}
