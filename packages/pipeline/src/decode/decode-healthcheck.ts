import type { Healthcheck, Probe } from '@waggle/domain'
import type { WaggleFields } from './waggle-fields.ts'

const keys = ['command', 'port', 'http', 'interval', 'timeout', 'retries', 'start_period']

/** `healthcheck` of a service or detached step; `null` where there is none, or none that can be used. */
export const decodeHealthcheck = (waggle: WaggleFields): Healthcheck | null => {
  const check = waggle.inner('healthcheck', keys)
  if (check === null) return null
  const probe = decodeProbe(check)
  const timing = {
    intervalMs: check.duration('interval', { min: 100, max: 300_000, fallback: 1_000 }),
    timeoutMs: check.duration('timeout', { min: 100, max: 300_000, fallback: 5_000 }),
    retries: check.int('retries', { min: 1, max: 1_000, fallback: 60 }),
    startPeriodMs: check.duration('start_period', { min: 0, max: 3_600_000, fallback: 0 }),
  }
  return probe === null ? null : { probe, ...timing }
}

const decodeProbe = (check: WaggleFields): Probe | null => {
  const hasCommand = check.has('command')
  if (hasCommand && (check.has('port') || check.has('http'))) {
    check.issue('command', 'a healthcheck has a command, or a port, or http with its port')
    return null
  }
  if (hasCommand) return decodeCommand(check)
  if (!check.has('port')) {
    const key = check.has('http') ? 'http' : 'healthcheck'
    check.issue(key, check.has('http') ? 'port is missing' : 'command, port or http is missing')
    return null
  }
  const port = check.int('port', { min: 1, max: 65_535, fallback: 1 })
  if (!check.has('http')) return { kind: 'port', port }
  const path = check.text('http')
  if (isPath(path)) return { kind: 'http', port, path }
  check.issue('http', 'must be the path of a GET, such as /health')
  return null
}

/** A line for the shell, or a program with its arguments. */
const decodeCommand = (check: WaggleFields): Probe | null => {
  const isList = check.fields.node('command')?.kind === 'list'
  const words = isList ? check.fields.strs('command') : [check.text('command')]
  if (words.length === 0 || words[0]?.trim() === '' || words.join(' ').length > 10_000) {
    check.issue('command', 'must be a line for the shell, or a program with its arguments')
    return null
  }
  return { kind: 'command', command: isList ? words : ['/bin/sh', '-c', words[0] ?? ''] }
}

/** Printable ASCII that begins with a slash: it becomes the line of a request. */
const isPath = (path: string): boolean => /^\/[!-~]{0,1000}$/.test(path) || path.includes(`\${`)
