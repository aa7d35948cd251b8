/** Places that sealed bytes are bound to (threats.md T-08): bytes copied to another row do not open. */
export const secretPlace = (repoId: number, name: string): string =>
  `secrets/${repoId}/${name.toLowerCase()}/data`

export const orgSecretPlace = (namespace: string, name: string): string =>
  `org_secrets/${namespace.toLowerCase()}/${name.toLowerCase()}/data`

/** A repository's key for signatures and secret documents. Its uid is there before its row is. */
export const repoSecretPlace = (uid: string): string => `repos/${uid}/secret`

export const answerPlace = (stageId: number, attempt: number): string =>
  `attempts/${stageId}/${attempt}/answer`
