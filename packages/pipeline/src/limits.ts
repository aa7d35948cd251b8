/** What a pipeline file may hold (threats.md T-40, T-41, T-45). An exceeded limit is an issue that names it. */
export const manifestLimits = {
  textBytes: 1_048_576,
  depth: 64,
  /** Scalars, lists and mappings of the whole file, keys too. */
  nodes: 150_000,
  /** Of documents that need the whole of YAML, aliases expanded: anchors, folded text, brackets over several lines. */
  richNodes: 20_000,
  /** With content, of any kind. */
  documents: 2_000,
  stages: 500,
  stepsPerStage: 2_000,
  stepsPerFile: 10_000,
  /** Combinations of one matrix. */
  matrixSize: 100,
  /** Name, kind, type, platform words and labels of a stage: they become keys, labels and columns. */
  nameBytes: 500,
  issues: 100,
} as const

/** Keys that no mapping of a file may have (threats.md T-42). */
export const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
