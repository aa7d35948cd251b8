/** What decides who may share a network namespace. In list order, dependencies before dependents. */
export interface NamespaceStep {
  readonly name: string
  readonly dependsOn: readonly string[]
  /** Services and detached steps, privileged ones, ones with a network of their own, and ones that never run. */
  readonly isAlone: boolean
}

/** The namespace of each step, -1 for one of its own (design §12). Steps share one only if they can never run at the
 *  same time, that is, if a path of the graph leads from one to the other: so each namespace is a chain of the graph,
 *  and a step joins the first chain whose last member it comes after. Deterministic; a serial pipeline has one chain. */
export const assignNamespaces = (steps: readonly NamespaceStep[]): number[] => {
  const before = ancestors(steps)
  const last: number[] = []
  return steps.map((step, index) => {
    if (step.isAlone) return -1
    const found = last.findIndex((member) => has(before[index]!, member))
    const namespace = found < 0 ? last.length : found
    last[namespace] = index
    return namespace
  })
}

/** For each step the set of steps that end before it starts, as bits. Only earlier entries count as dependencies. */
const ancestors = (steps: readonly NamespaceStep[]): Uint32Array[] => {
  const words = Math.ceil(steps.length / 32)
  const positions = new Map(steps.map((step, index) => [step.name, index]))
  const sets: Uint32Array[] = []
  for (const [index, step] of steps.entries()) {
    const set = new Uint32Array(words)
    for (const name of step.dependsOn) {
      const dependency = positions.get(name)
      if (dependency === undefined || dependency >= index) continue
      set[dependency >>> 5]! |= 1 << (dependency & 31)
      for (const [word, bits] of sets[dependency]!.entries()) set[word]! |= bits
    }
    sets.push(set)
  }
  return sets
}

const has = (set: Uint32Array, index: number): boolean =>
  (set[index >>> 5]! & (1 << (index & 31))) !== 0
