import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Gives back what a start took and an idle process does not need: a young generation of up to 64 MB, half-filled pages,
 *  code that ran once; 20 to 45 MB resident, for some 100 ms of processor time. V8 would do so by itself, but only some
 *  time after a first full collection, which an idle process never comes to.
 *
 *  Call once, when the start is done. Figures: docs/decisions/0011-memory-of-idle-processes.md. */
export const settleMemory = (): void => {
  // First: a collection drops compiled code, and changed flags mark what is stored. A process that is killed later
  // would store nothing, and each of its next starts would strip and compile again.
  flushCompileCache()
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  if (typeof collect === 'function')
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}
