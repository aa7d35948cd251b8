import { request } from 'node:http'
import { connect } from 'node:net'
import { type Healthcheck, type ProbeResult, type SpecStep, WaggleError } from '@waggle/domain'
import { containerName } from './container-config.ts'
import type { EngineClient } from './engine-client.ts'
import { type ExecResult, execInContainer } from './exec-in-container.ts'

export interface ProbeDeps {
  readonly client: EngineClient
  /** Probes that went on after their time, by container. */
  readonly hanging: Map<string, string>
}

interface Inspected {
  readonly State: { readonly Running: boolean }
  readonly NetworkSettings?: {
    readonly Networks?: Readonly<Record<string, { readonly IPAddress?: string }>> | null
  }
}

/** Asks a service once whether it is ready. A command runs in its container. Port and path are asked from here, at the
 *  container's own address; where no way leads there, with what the container has for it. Never throws: what keeps a
 *  probe from an answer makes it a failed one. */
export const probeContainer = async (
  deps: ProbeDeps,
  step: SpecStep,
  options: { readonly try: number; readonly signal: AbortSignal },
): Promise<ProbeResult> => {
  const { healthcheck } = step
  if (healthcheck === undefined) return ready
  const name = containerName(step, options.try)
  const deadline = AbortSignal.any([options.signal, AbortSignal.timeout(healthcheck.timeoutMs)])
  try {
    const found = await deps.client.call<Inspected>('GET', `/containers/${name}/json`, {
      signal: deadline,
    })
    if (!found.State.Running) return notReady('its container does not run')
    return await ask(deps, name, healthcheck, addressOf(found), deadline)
  } catch (error) {
    if (deadline.aborted) return notReady(`no answer within ${healthcheck.timeoutMs / 1_000} s`)
    return notReady(error instanceof Error ? error.message : String(error))
  }
}

const ready: ProbeResult = { isReady: true, detail: '' }
const notReady = (detail: string): ProbeResult => ({ isReady: false, detail })

const addressOf = ({ NetworkSettings }: Inspected): string => {
  const networks = Object.values(NetworkSettings?.Networks ?? {})
  return networks.find(({ IPAddress }) => (IPAddress ?? '') !== '')?.IPAddress ?? ''
}

const ask = async (
  deps: ProbeDeps,
  name: string,
  { probe, timeoutMs }: Healthcheck,
  address: string,
  signal: AbortSignal,
): Promise<ProbeResult> => {
  const inside = (command: readonly string[]) => execInContainer(deps, name, command, signal)
  if (probe.kind === 'command') return byExit(await inside(probe.command))
  // The way to a container is short; half of the time is left for the other way.
  const outside = AbortSignal.any([signal, AbortSignal.timeout(Math.min(1_000, timeoutMs / 2))])
  const answer =
    probe.kind === 'port'
      ? await dial(address, probe.port, outside)
      : await get(address, probe.port, probe.path, outside)
  if (answer !== null) return answer
  if (probe.kind === 'port') return byListeners(await inside(listSockets), probe.port)
  const url = `http://127.0.0.1:${probe.port}${probe.path}`
  return byExit(await inside(['/bin/sh', '-c', fetchQuietly, 'sh', url]))
}

const listSockets = ['cat', '/proc/net/tcp', '/proc/net/tcp6']
const fetchQuietly =
  'if command -v wget >/dev/null; then exec wget -q -O /dev/null "$1"; else exec curl -fsS -o /dev/null "$1"; fi'

const byExit = ({ code, output }: ExecResult): ProbeResult => {
  if (code === 0) return ready
  const text = output.trim()
  return notReady(`exit code ${code}${text === '' ? '' : `: ${text.slice(-300)}`}`)
}

/** A socket in state 0A listens; one on loopback is for nobody else. */
const byListeners = ({ output }: ExecResult, port: number): ProbeResult => {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  for (const line of output.split('\n')) {
    const [, local = '', , state] = line.trim().split(/\s+/)
    const [address = '', localPort] = local.split(':')
    if (state === '0A' && localPort === wanted && !isLoopback(address)) return ready
  }
  return notReady(`nothing listens on port ${port}`)
}

const isLoopback = (hex: string): boolean =>
  hex === '0100007F' || hex === '00000000000000000000000001000000'

/** `null`: no way leads there from here. */
const dial = (address: string, port: number, signal: AbortSignal): Promise<ProbeResult | null> => {
  if (address === '') return Promise.resolve(null)
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, signal })
    socket.once('connect', () => {
      socket.destroy()
      resolve(ready)
    })
    socket.once('error', (error) => resolve(answerOf(error, port)))
  })
}

const get = (
  host: string,
  port: number,
  path: string,
  signal: AbortSignal,
): Promise<ProbeResult | null> => {
  if (host === '') return Promise.resolve(null)
  return new Promise((resolve) => {
    const asked = request({ host, port, path, signal, agent: false }, (answer) => {
      const status = answer.statusCode ?? 0
      answer.destroy()
      resolve(status >= 200 && status < 400 ? ready : notReady(`GET ${path}: status ${status}`))
    })
    asked.once('error', (error) => resolve(answerOf(error, port)))
    asked.end()
  })
}

const answerOf = (error: Error, port: number): ProbeResult | null => {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') return notReady(`nothing listens on port ${port}`)
  if (code === 'ECONNRESET' || error instanceof WaggleError) return notReady(error.message)
  return null
}
