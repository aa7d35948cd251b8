import { isReservedVolume } from '../compile/reserved-volume.ts'
import type { Pipeline, VolumeEntry } from '../manifest.ts'
import { type LintProblem, untrusted } from './lint-problem.ts'

/** Rules L15 to L18 of pipeline.md §8.3 over the entries as written: one with both temp and host is judged for both.
 *  Volumes of a cluster exist in pipelines of type kubernetes alone; dropped, their steps would silently lack them. */
export const lintVolumes = (pipeline: Pipeline, isTrusted: boolean): LintProblem[] =>
  pipeline.volumeEntries.flatMap((entry, index) => {
    if (entry === null) return []
    return [
      ...(isTrusted ? [] : lintTrust(entry, pipeline.type)),
      ...(pipeline.type === 'kubernetes' ? [] : lintCluster(entry)),
      ...lintName(entry),
    ].map(({ code, message, path }) => ({
      code,
      message: `linter: ${message}`,
      path: ['volumes', index, ...path],
    }))
  })

const trustedKinds = {
  temp: null,
  host: 'mount host volumes',
  claim: 'mount PVC',
  config_map: 'mount configMap volumes',
  secret: 'mount secret volumes',
} as const

const lintTrust = ({ isMemory, kinds }: VolumeEntry, type: string): LintProblem[] => {
  const memory = isMemory ? [untrusted('mount in-memory volumes', ['temp', 'medium'])] : []
  const others = kinds.flatMap((kind) => {
    const what = trustedKinds[kind]
    const isHere = kind === 'host' || type === 'kubernetes'
    return what === null || !isHere ? [] : [untrusted(what, [kind])]
  })
  return [...memory, ...others]
}

const lintCluster = ({ kinds }: VolumeEntry): LintProblem[] =>
  kinds.flatMap((kind): LintProblem[] => {
    if (kind === 'temp' || kind === 'host') return []
    const message = `only a pipeline of type kubernetes can mount a ${kind} volume`
    return [{ code: 'cluster_volume', message, path: [kind] }]
  })

const lintName = ({ name }: VolumeEntry): LintProblem[] => {
  const code = 'volume_name'
  if (name === '') return [{ code, message: 'missing volume name', path: ['name'] }]
  if (!isReservedVolume(name)) return []
  return [{ code, message: `invalid volume name: ${name}`, path: ['name'] }]
}
