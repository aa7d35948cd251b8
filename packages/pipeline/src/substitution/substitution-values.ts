import type { Given } from '@waggle/domain'
import { compiledMoment } from '../environment/compiled-environment.ts'
import {
  linkEnvironment,
  repoEnvironment,
  systemEnvironment,
} from '../environment/environment-base.ts'

/** What `${…}` may name, by layer (environment.md §2.2): later layers win, build parameters last. */
export const substitutionValues = (
  given: Given,
  workerEnvironment: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> => {
  const { build, stage } = compiledMoment(given)
  return new Map([
    ...Object.entries(workerEnvironment),
    ...Object.entries(systemEnvironment(given)),
    ...Object.entries(repoEnvironment(given)),
    ...Object.entries(build),
    ...Object.entries(stage),
    ...Object.entries(linkEnvironment(given)),
    ...Object.entries(given.build.params),
  ])
}

/** Whether every step sees this variable with the value that substitution has: build and stage variables, which no
 *  step can set, unless a build parameter hides them from substitution. */
export const stableNames = (given: Given): ((name: string) => boolean) => {
  const { build, stage } = compiledMoment(given)
  return (name) =>
    (Object.hasOwn(build, name) || Object.hasOwn(stage, name)) &&
    !Object.hasOwn(given.build.params, name) &&
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
}
