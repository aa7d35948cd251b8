import type { Pipeline, PipelineVolume, VolumeEntry } from '../manifest.ts'
import { decodeCache } from './decode-cache.ts'
import type { Fields } from './fields.ts'

/** `volumes` of a pipeline: those that declare something, and all as written (pipeline.md §5.5). */
export const decodeVolumes = (fields: Fields): Pick<Pipeline, 'volumes' | 'volumeEntries'> => {
  const entries = fields.list('volumes')
  return {
    volumes: entries.flatMap((entry) => (entry ? decodeVolume(entry) : [])),
    volumeEntries: entries.map((entry) => entry && decodeEntry(entry)),
  }
}

/** An entry with neither temp nor host is dropped; `temp: {}` wins over host, and a cache over `temp: {}`, so that a
 *  file can say what the volume is where there are no caches. */
const decodeVolume = (fields: Fields): PipelineVolume[] => {
  const name = fields.str('name')
  const temp = fields.fields('temp')
  const host = fields.fields('host')
  const path = host?.str('path') ?? ''
  const cache = decodeCache(fields)
  if (cache !== null) return [{ name, source: { kind: 'cache', ...cache } }]
  if (temp === null) return host === null ? [] : [{ name, source: { kind: 'host', path } }]
  const sizeLimitBytes = Math.max(0, temp.size('size_limit'))
  return [{ name, source: { kind: 'temp', medium: temp.str('medium'), sizeLimitBytes } }]
}

const sourceKinds = ['temp', 'host', 'claim', 'config_map', 'secret'] as const

/** Types were judged above, so that no mistake is told twice. */
const decodeEntry = (fields: Fields): VolumeEntry => {
  const name = fields.map.entries.get('name')?.value
  const temp = fields.map.entries.get('temp')?.value
  const medium = temp?.kind === 'map' ? temp.entries.get('medium')?.value : undefined
  return {
    name: name?.kind === 'scalar' ? fields.str('name') : '',
    isMemory: medium?.kind === 'scalar' && medium.text === 'memory',
    kinds: sourceKinds.filter((kind) => fields.node(kind)?.kind === 'map'),
  }
}
