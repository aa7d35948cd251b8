import { print, printJson, table } from './print.ts'

interface Listing<T> {
  /** Whether it is printed as the server said it. */
  readonly json: boolean | undefined
  /** Throws where an entry is not what it should be. */
  readonly read: (entry: unknown) => T
  /** What is said where nothing is listed. */
  readonly none: string
  readonly head: readonly string[]
  readonly row: (entry: T) => readonly string[]
}

/** Prints a list of the server's as every command does. */
export const printList = <T>(raw: unknown, { json, read, none, head, row }: Listing<T>): void => {
  if (json) {
    printJson(raw)
    return
  }
  const entries = (Array.isArray(raw) ? raw : []).map(read)
  print(entries.length === 0 ? none : table([head, ...entries.map(row)]))
}
