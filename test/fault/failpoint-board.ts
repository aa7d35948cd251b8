import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { failpoints, type Switchboard } from '@waggle/domain'

/** Preloaded with `node --import`: reads `WAGGLE_FAILPOINTS`, a list of `name=action` with
 *  action `kill`, `stop`, `delay:MS`, `block:MS` (the whole event loop) or `error:CODE`, and `@N` for the N-th hit only
 *  (default: the first; `@every`). Each hit is noted in the file `WAGGLE_FAILPOINT_LOG`, so that a test can tell that its
 *  fault was really there. */
interface Rule {
  readonly action: string
  readonly at: number | 'every'
}

const rules = new Map<string, Rule>()
for (const entry of (process.env['WAGGLE_FAILPOINTS'] ?? '').split(',').filter(Boolean)) {
  const [name = '', rest = ''] = entry.split('=')
  const [action = '', at = '1'] = rest.split('@')
  rules.set(name, { action, at: at === 'every' ? 'every' : Number(at) })
}

const hits = new Map<string, number>()

const board: Switchboard = {
  hit: async (name) => {
    const count = (hits.get(name) ?? 0) + 1
    hits.set(name, count)
    const rule = rules.get(name)
    if (rule === undefined || (rule.at !== 'every' && rule.at !== count)) return
    const path = process.env['WAGGLE_FAILPOINT_LOG']
    if (path !== undefined) appendFileSync(path, `${name} ${rule.action} ${process.pid}\n`)
    const [verb, value = ''] = rule.action.split(':')
    if (verb === 'kill') {
      process.kill(process.pid, 'SIGKILL')
      // The signal arrives between two turns of the event loop: nothing may run until then.
      await delay(60_000)
    } else if (verb === 'stop') process.kill(process.pid, 'SIGSTOP')
    else if (verb === 'delay') await delay(Number(value))
    else if (verb === 'block')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(value))
    else if (verb === 'error') throw Object.assign(new Error(`failpoint ${name}`), { code: value })
  },
}

;(globalThis as Record<symbol, unknown>)[failpoints] = board
