/** Places that sealed bytes are bound to (threats.md T-08): bytes copied to another row do not open. */
export const secretPlace = (repoId: number, name: string): string =>
  `secrets/${repoId}/${name.toLowerCase()}/data`

export const answerPlace = (stageId: number, attempt: number): string =>
  `attempts/${stageId}/${attempt}/answer`
