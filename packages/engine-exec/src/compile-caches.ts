import type { Given, SpecVolume } from '@waggle/domain'
import { attemptName, type CompileSettings, cacheVolume, type Pipeline } from '@waggle/pipeline'
import { cacheFolder, cacheVariable } from './cache-path.ts'

/** The caches of an exec stage, and the variables that tell its steps where they are: there is nothing to mount. */
export const compileCaches = (
  given: Given,
  settings: CompileSettings,
  pipeline: Pipeline,
  { root, stageRoot }: { readonly root: string; readonly stageRoot: string },
): { readonly volumes: readonly SpecVolume[]; readonly environment: Record<string, string> } => {
  const volumes = pipeline.volumes.flatMap(({ name, source }, index): SpecVolume[] => {
    if (source.kind !== 'cache') return []
    const { id, filledFrom, labels } = cacheVolume(given, settings, source)
    const filled = filledFrom === '' ? {} : { filledFrom }
    if (id !== '') return [{ kind: 'cache', id, name, labels, ...filled }]
    const own = { id: `${attemptName(given)}-vol-${index + 1}`, name }
    return [{ kind: 'temp', ...own, medium: '', sizeLimitBytes: 0, labels: {}, ...filled }]
  })
  const environment = Object.fromEntries(
    volumes.flatMap((volume) => {
      const path = volume.kind === 'host' ? null : cacheFolder(root, stageRoot, volume)
      return path === null ? [] : [[cacheVariable(volume.name), path]]
    }),
  )
  return { volumes, environment }
}
