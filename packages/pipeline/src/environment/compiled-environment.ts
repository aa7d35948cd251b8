import type { Given } from '@waggle/domain'
import type { CompileSettings } from '../compile/compile-settings.ts'
import type { Pipeline } from '../manifest.ts'
import {
  gitEnvironment,
  linkEnvironment,
  proxyEnvironment,
  repoEnvironment,
  systemEnvironment,
  tmateEnvironment,
} from './environment-base.ts'
import { buildEnvironment } from './environment-build.ts'
import { stageEnvironment } from './environment-stage.ts'

/** Build and stage variables as compiling sees them. Their "now" is the time the stage was made: compiling the same
 *  stage again gives the same spec (design §7), and each step gets fresh ones when it starts. */
export const compiledMoment = (
  given: Given,
): { build: Record<string, string>; stage: Record<string, string> } => {
  const nowMs = given.stage.createdAt
  return {
    build: buildEnvironment(given, { status: given.build.status, nowMs }),
    stage: stageEnvironment(given, { status: 'running', startedAt: 0, failedSteps: [], nowMs }),
  }
}

/** Layers 1 to 10 of environment.md §2, which every step of a stage gets; exec pipelines have no environment of
 *  their own (§2.3). */
export const baseEnvironment = (
  given: Given,
  pipeline: Pipeline,
  settings: CompileSettings,
): Record<string, string> => {
  const { build, stage } = compiledMoment(given)
  return {
    ...settings.environment,
    ...given.build.params,
    ...(pipeline.type === 'exec' ? pipeline.instanceOf?.values : pipeline.environment),
    ...proxyEnvironment(settings.proxies),
    ...systemEnvironment(given),
    ...repoEnvironment(given),
    ...build,
    ...stage,
    ...linkEnvironment(given),
    ...gitEnvironment(given, pipeline.clone),
    ...(pipeline.type === 'exec' ? {} : tmateEnvironment(settings)),
  }
}
