import { execFile } from 'node:child_process'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { ProbeResult, SpecStep } from '@waggle/domain'

const ready: ProbeResult = { isReady: true, detail: '' }
const notReady = (detail: string): ProbeResult => ({ isReady: false, detail })

/** Asks a step that runs on this machine once whether it is ready. A command runs as the step does; ports and paths are
 *  asked on loopback. Never throws. */
export const probeProcess = async (
  step: SpecStep,
  { cwd, env, signal }: { cwd: string; env: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<ProbeResult> => {
  const { healthcheck } = step
  if (healthcheck === undefined) return ready
  const { probe, timeoutMs } = healthcheck
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const answer = await (probe.kind === 'command'
    ? run(probe.command, { cwd, env, timeoutMs, signal })
    : probe.kind === 'port'
      ? dial(probe.port, deadline)
      : get(probe.port, probe.path, deadline))
  return !answer.isReady && deadline.aborted
    ? notReady(`no answer within ${timeoutMs / 1_000} s`)
    : answer
}

const run = (
  [file = '', ...args]: readonly string[],
  options: {
    cwd: string
    env: Readonly<Record<string, string>>
    timeoutMs: number
    signal: AbortSignal
  },
): Promise<ProbeResult> =>
  new Promise((resolve) => {
    const { cwd, env, timeoutMs: timeout, signal } = options
    const limits = { timeout, killSignal: 'SIGKILL', maxBuffer: 65_536 } as const
    execFile(file, args, { cwd, env: { ...env }, signal, ...limits }, (error, stdout, stderr) => {
      if (error === null) return resolve(ready)
      const text = `${stdout}${stderr}`.trim().slice(-300)
      const code = typeof error.code === 'number' ? `exit code ${error.code}` : error.message
      resolve(notReady(text === '' ? code : `${code}: ${text}`))
    })
  })

const dial = (port: number, signal: AbortSignal): Promise<ProbeResult> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, signal })
    socket.once('connect', () => {
      socket.destroy()
      resolve(ready)
    })
    socket.once('error', () => resolve(notReady(`nothing listens on port ${port}`)))
  })

const get = (port: number, path: string, signal: AbortSignal): Promise<ProbeResult> =>
  new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path, signal, agent: false }, (answer) => {
      const status = answer.statusCode ?? 0
      answer.destroy()
      resolve(status >= 200 && status < 400 ? ready : notReady(`GET ${path}: status ${status}`))
    })
    asked.once('error', () => resolve(notReady(`nothing answers on port ${port}`)))
    asked.end()
  })
