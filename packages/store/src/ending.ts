import type { AtEnd } from '@waggle/domain'

/** Collects the last statements of a transaction. Whoever ends it waits for all of them; one that fails before is
 *  nobody's unhandled rejection. */
export const collectEnding = (): {
  readonly atEnd: AtEnd
  readonly statements: readonly Promise<unknown>[]
} => {
  const ending: Promise<unknown>[] = []
  return {
    statements: ending,
    atEnd: (...statements) => {
      for (const statement of statements) {
        statement.catch(() => undefined)
        ending.push(statement)
      }
    },
  }
}
