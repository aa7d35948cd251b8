import type { PipelineStep } from '../manifest.ts'

type Entry = Pick<PipelineStep, 'name' | 'dependsOn' | 'detach' | 'waggle'>

/** Makes the steps of a graph wait for the services that say when they are ready: a step that names no dependency needs
 *  all of them, one that names some needs those. Without `depends_on` everything waits for what stands before it,
 *  services first, so nothing changes; nor does a file without a healthcheck. */
export const waitForServices = <T extends Entry>(
  entries: readonly T[],
  { hasClone, services }: { readonly hasClone: boolean; readonly services: number },
): readonly T[] => {
  const isBeside = (entry: T, index: number) => index < services || entry.detach
  const isRoot = ({ dependsOn }: T) => dependsOn.length === 0
  // One that waits for steps itself cannot hold back what those may wait for.
  const asked = entries.filter(
    (entry, index) => isBeside(entry, index) && isRoot(entry) && entry.waggle.healthcheck !== null,
  )
  if (asked.length === 0 || entries.every(isRoot)) return entries
  const names = [...(hasClone ? ['clone'] : []), ...asked.map(({ name }) => name)]
  return entries.map((entry, index) =>
    isRoot(entry) && !isBeside(entry, index) ? { ...entry, dependsOn: names } : entry,
  )
}
