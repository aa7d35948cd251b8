import type { Pipeline, PipelineStep } from './manifest.ts'
import { cleanPath, isWithin } from './workspace.ts'

const reservedVolumes = new Set(['workspace', '_workspace', '_docker_socket', '_addons', '_status'])

/** Names that the worker gives to volumes of its own begin so. */
export const ownVolumePrefix = '_waggle_'

const isReserved = (name: string): boolean =>
  reservedVolumes.has(name) || name.startsWith(ownVolumePrefix)

/** Rules L1 to L18 of pipeline.md §8.3 on the docker pipeline that is to run: the first that fails. */
export const lintPipeline = (pipeline: Pipeline, isTrusted: boolean): string | null => {
  const names = new Set<string>(pipeline.clone.disable ? [] : ['clone'])
  for (const step of [...pipeline.services, ...pipeline.steps]) {
    if (step === null) return 'linter: nil step'
    const problem = lintStep(step, names, isTrusted)
    if (problem !== null) return `linter: ${problem}`
  }
  for (const volume of pipeline.volumes) {
    const problem = lintVolume(volume, isTrusted)
    if (problem !== null) return `linter: ${problem}`
  }
  return null
}

const lintStep = (step: PipelineStep, names: Set<string>, isTrusted: boolean): string | null => {
  if (names.has(step.name)) return `duplicate step names: ${step.name}`
  names.add(step.name)
  if (step.image === '') return `invalid or missing image: step ${step.name}`
  return (isTrusted ? null : lintTrust(step)) ?? lintMounts(step) ?? lintDependencies(step, names)
}

const lintTrust = (step: PipelineStep): string | null => {
  const cannot = (what: string): string => `untrusted repositories cannot ${what}`
  if (step.privileged) return cannot('enable privileged mode')
  if (step.devices.length > 0) return cannot('mount devices')
  if (step.dns.length > 0) return cannot('configure dns')
  if (step.dnsSearch.length > 0) return cannot('configure dns_search')
  if (step.extraHosts.length > 0) return cannot('configure extra_hosts')
  if (step.networkMode !== '') return cannot('configure network_mode')
  return step.shmBytes > 0 ? cannot('configure shm_size') : null
}

const lintMounts = (step: PipelineStep): string | null => {
  for (const { name, path } of step.volumes) {
    if (isReserved(name)) return `invalid volume name: ${name}`
    if (isWithin(cleanPath(path.replaceAll('\\', '/')), ['/run/drone']) || isRunDrone(path))
      return 'cannot mount volume at /run/drone'
    if (!isMountPath(path)) return `invalid mount path: ${path}`
  }
  return null
}

/** As the reference compares: by the beginning of the cleaned text. */
const isRunDrone = (path: string): boolean => cleanPath(path).startsWith('/run/drone')

/** Absolute, or of Windows; nothing that climbs, and no NUL or separator of mount options (threats.md T-21). */
const isMountPath = (path: string): boolean => {
  const isWindows = /^[A-Za-z]:[\\/]/.test(path) || path.startsWith('\\\\.\\pipe\\')
  const rest = isWindows ? path.slice(2) : path
  if (!isWindows && !path.startsWith('/')) return false
  return !rest.includes('\0') && !rest.includes(':') && !rest.split(/[\\/]/).includes('..')
}

const lintDependencies = (step: PipelineStep, names: ReadonlySet<string>): string | null => {
  for (const dependency of step.dependsOn) {
    if (!names.has(dependency))
      return `unknown step dependency detected: ${step.name} references ${dependency}`
    if (dependency === step.name) return `cyclical step dependency detected: ${dependency}`
  }
  return null
}

const lintVolume = (
  { name, source }: Pipeline['volumes'][number],
  isTrusted: boolean,
): string | null => {
  if (!isTrusted && source.kind === 'temp' && source.medium === 'memory')
    return 'untrusted repositories cannot mount in-memory volumes'
  if (!isTrusted && source.kind === 'host')
    return 'untrusted repositories cannot mount host volumes'
  if (name === '') return 'missing volume name'
  return isReserved(name) ? `invalid volume name: ${name}` : null
}
