import type { SpecStep } from '@waggle/domain'

/** The order of a stage's entries: who waits for whom (pipeline.md §14.4). */
export class StepGraph {
  readonly #dependents: readonly number[][]
  readonly #missing: number[]

  private constructor(dependents: readonly number[][], missing: number[]) {
    this.#dependents = dependents
    this.#missing = missing
  }

  /** Gives the text of the stage's error where a dependency is missing or in a circle. Takes O(entries + edges). */
  static build(steps: readonly SpecStep[]): StepGraph | string {
    const index = new Map(steps.map((step, i) => [step.name, i]))
    const dependents: number[][] = steps.map(() => [])
    const missing = steps.map(() => 0)
    for (const [i, step] of steps.entries()) {
      for (const name of new Set(step.dependsOn)) {
        const dependency = index.get(name)
        if (dependency === undefined) return 'missing vertex'
        dependents[dependency]?.push(i)
        missing[i] = (missing[i] ?? 0) + 1
      }
    }
    const graph = new StepGraph(dependents, missing)
    return graph.#hasCycle() ? 'dependency cycle detected' : graph
  }

  /** Entries that wait for nothing, in list order. */
  roots(): number[] {
    return this.#missing.flatMap((count, i) => (count === 0 ? [i] : []))
  }

  /** Notes the end of an entry, whatever it was; gives the entries that wait for nothing any more. */
  complete(entry: number): number[] {
    const ready: number[] = []
    for (const dependent of this.#dependents[entry] ?? []) {
      const left = (this.#missing[dependent] ?? 0) - 1
      this.#missing[dependent] = left
      if (left === 0) ready.push(dependent)
    }
    return ready
  }

  #hasCycle(): boolean {
    const left = [...this.#missing]
    const ready = this.roots()
    let seen = 0
    for (let entry = ready.pop(); entry !== undefined; entry = ready.pop()) {
      seen++
      for (const dependent of this.#dependents[entry] ?? []) {
        left[dependent] = (left[dependent] ?? 0) - 1
        if (left[dependent] === 0) ready.push(dependent)
      }
    }
    return seen !== left.length
  }
}
