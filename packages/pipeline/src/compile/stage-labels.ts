import { type Given, type Logger, type Spec, toUnixSeconds } from '@waggle/domain'
import type { CompileSettings } from './compile-settings.ts'

/** Prefix of every name that is made for an attempt: derived, so that a restarted worker finds what it left. */
export const attemptName = ({ installation, stage, attempt }: Given): string =>
  `waggle-${installation}-${stage.id}-${attempt}`

/** Labels of network, volumes and containers (pipeline.md §12.15). Times are the stage's, not the clock's, so that
 *  compiling again gives the same. */
export const stageLabels = (given: Given, settings: CompileSettings): Record<string, string> => {
  const { repo, build, stage, system } = given
  const created = toUnixSeconds(stage.createdAt)
  const timeoutSeconds = repo.timeoutMinutes * 60
  return {
    ...settings.labels,
    'io.drone': 'true',
    'io.drone.protected': 'false',
    'io.drone.repo.namespace': repo.namespace,
    'io.drone.repo.name': repo.name,
    'io.drone.repo.slug': repo.slug,
    'io.drone.build.number': String(build.number),
    'io.drone.stage.name': stage.name,
    'io.drone.stage.number': String(stage.number),
    'io.drone.system.host': system.host,
    'io.drone.system.proto': system.proto,
    'io.drone.system.version': system.version,
    'io.drone.ttl': durationText(timeoutSeconds),
    'io.drone.created': String(created),
    'io.drone.expires': String(created + timeoutSeconds + 3_600),
    'io.waggle': 'true',
    'io.waggle.installation': given.installation,
    'io.waggle.build': String(build.id),
    'io.waggle.stage': String(stage.id),
    'io.waggle.attempt': String(given.attempt),
    'io.waggle.schema': '1',
  }
}

/** The log of what an engine does for one stage. */
export const stageLog = (log: Logger, { network: { labels } }: Pick<Spec, 'network'>): Logger =>
  log.child({
    'build.id': Number(labels['io.waggle.build']),
    'stage.id': Number(labels['io.waggle.stage']),
    attempt: Number(labels['io.waggle.attempt']),
  })

/** Labels of one container: `step` is its place in the list, the visible number is 0 for one that never runs. */
export const stepLabels = (
  labels: Readonly<Record<string, string>>,
  step: { readonly name: string; readonly number: number },
): Record<string, string> => ({
  ...labels,
  'io.drone.step.name': step.name,
  'io.drone.step.number': String(step.number),
  'io.waggle.step': String(step.number),
})

/** `1h0m0s`. */
const durationText = (seconds: number): string => {
  const hours = Math.floor(seconds / 3_600)
  const minutes = Math.floor(seconds / 60) % 60
  const rest = `${seconds % 60}s`
  if (hours > 0) return `${hours}h${minutes}m${rest}`
  return minutes > 0 ? `${minutes}m${rest}` : rest
}
