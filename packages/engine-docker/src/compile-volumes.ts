import type { SpecStep, SpecVolume } from '@waggle/domain'
import { cacheVolume, debugFolder, ownVolumePrefix, type PipelineStep } from '@waggle/pipeline'
import type { CompileContext } from './compile-context.ts'

const workspaceVolume = '_workspace'
const debugVolume = '_addons'

/** Where steps find the program of debug sessions. */
export const debugMount = { name: debugVolume, path: debugFolder }

/** Workspace, that of debug sessions, the worker's, the pipeline's, in this order: a name means the first that has it. */
export const compileVolumes = (context: CompileContext): SpecVolume[] => {
  const { name, labels, settings, pipeline } = context
  const workspace = { id: `${name}-ws`, name: workspaceVolume }
  return [
    settings.localFolder === ''
      ? temp(workspace, labels)
      : { kind: 'host', ...workspace, path: settings.localFolder, readOnly: false, labels: {} },
    ...(context.debug.kind === 'open'
      ? [temp({ id: `${name}-addons`, name: debugVolume }, labels)]
      : []),
    ...settings.volumes.map(({ source, readOnly }, index): SpecVolume => {
      const own = { id: `${name}-host-${index + 1}`, name: ownVolume(index) }
      return { kind: 'host', ...own, path: source, readOnly, labels: {} }
    }),
    ...pipeline.volumes.map((volume, index): SpecVolume => {
      const own = { id: `${name}-vol-${index + 1}`, name: volume.name }
      const { source } = volume
      if (source.kind === 'host')
        return { kind: 'host', ...own, path: source.path, readOnly: false, labels: {} }
      if (source.kind === 'cache') {
        const cache = cacheVolume(context.given, settings, source)
        const filled = cache.filledFrom === '' ? {} : { filledFrom: cache.filledFrom }
        return cache.id === ''
          ? { kind: 'temp', ...own, medium: '', sizeLimitBytes: 0, labels, ...filled }
          : { kind: 'cache', id: cache.id, name: volume.name, labels: cache.labels, ...filled }
      }
      const medium = source.medium === 'memory' ? 'memory' : ''
      return { kind: 'temp', ...own, medium, sizeLimitBytes: source.sizeLimitBytes, labels }
    }),
  ]
}

const temp = (
  own: { readonly id: string; readonly name: string },
  labels: CompileContext['labels'],
): SpecVolume => ({ kind: 'temp', ...own, medium: '', sizeLimitBytes: 0, labels })

/** A name that lint lets no pipeline use, so that no step can mount the worker's folder elsewhere. */
const ownVolume = (index: number): string => `${ownVolumePrefix}${index + 1}`

/** The step's own, then the workspace, then those of the worker (pipeline.md §12.3.2, §12.15). Privileged plugins get no
 *  folder that other steps could put programs into: nobody debugs them. */
export const compileMounts = (
  own: PipelineStep['volumes'],
  isPrivilegedPlugin: boolean,
  { pipeline, workspace, settings, debug, warn }: CompileContext,
): SpecStep['mounts'] => {
  const known = new Set(pipeline.volumes.map((volume) => volume.name))
  const hasProgram =
    debug.kind === 'open' &&
    !isPrivilegedPlugin &&
    !own.some(({ path }) => path === debugMount.path)
  return [
    ...own.flatMap(({ name, path }) => {
      if (known.has(name)) return [{ name, path }]
      warn(`there is no volume ${name}; its mount is left out`)
      return []
    }),
    { name: workspaceVolume, path: workspace.base },
    ...(hasProgram ? [debugMount] : []),
    ...settings.volumes.map(({ target }, index) => ({ name: ownVolume(index), path: target })),
  ]
}

/** Only host volumes below `/dev/` (pipeline.md §5.6.1). */
export const compileDevices = (
  step: PipelineStep,
  { pipeline }: CompileContext,
): SpecStep['devices'] =>
  step.devices.flatMap(({ name, path }) => {
    const source = pipeline.volumes.find((volume) => volume.name === name)?.source
    return source?.kind === 'host' && source.path.startsWith('/dev/') ? [{ name, path }] : []
  })
