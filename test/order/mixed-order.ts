import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { busyFiles, waitingFiles } from './long-files.ts'

/** The files that take long first, those that compute in turn with those that wait: neither do three that compute slow
 *  each other down while nobody waits, nor does one long file end alone. Then the many short ones. */
export class MixedOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const places = new Map(inTurn(busyFiles, waitingFiles).map((file, place) => [file, place]))
    const placeOf = ({ project, moduleId }: TestSpecification): number =>
      places.get(relative(project.config.root, moduleId)) ?? places.size
    // Keeps the usual order among the short ones.
    return (await super.sort(files)).toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}

const inTurn = (one: readonly string[], other: readonly string[]): readonly string[] =>
  Array.from({ length: Math.max(one.length, other.length) }, (_, i) => [one[i], other[i]])
    .flat()
    .filter((file) => file !== undefined)
