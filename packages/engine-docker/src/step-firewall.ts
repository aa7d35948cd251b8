import { execFile } from 'node:child_process'
import type { Clock, Logger } from '@waggle/domain'
import { type FirewallRules, firewallRules } from './firewall-rules.ts'
import { textOf } from './translate-error.ts'

export interface StepFirewallDeps {
  /** The block of all stages' networks. */
  readonly block: string
  /** IPv4 networks, and `host`. */
  readonly denied: readonly string[]
  readonly everyMs: number
  readonly clock: Clock
  readonly log: Logger
  /** Folders that the programs are looked for in. */
  readonly path?: string
}

export interface StepFirewall {
  /** Resolves when the rules were put in place once, or could not be. */
  readonly ready: Promise<void>
  stop(): Promise<void>
}

/** Keeps rules in the machine's firewall that refuse steps what they must not reach (threats.md T-24), and puts them back
 *  when they are gone: a reload of the machine's firewall drops them. Where it cannot, it says so once and goes on. The rules
 *  stay when the worker ends: its steps may go on, and other workers share them. */
export const startStepFirewall = (deps: StepFirewallDeps): StepFirewall => {
  const rules = firewallRules(deps.block, deps.denied)
  const stopping = new AbortController()
  let trouble = ''
  const put = async (): Promise<void> => {
    try {
      await putRules(rules, deps)
      if (trouble !== '') deps.log.info('steps are kept from denied networks again')
      trouble = ''
    } catch (error) {
      const reason = textOf(error)
      if (trouble === '')
        deps.log.warn('steps are not kept from denied networks: the firewall takes no rules', {
          reason,
        })
      trouble = reason
    }
  }
  const ready = put()
  const run = async (): Promise<void> => {
    await ready
    while (!stopping.signal.aborted) {
      await deps.clock.sleep(deps.everyMs, stopping.signal).catch(() => undefined)
      if (!stopping.signal.aborted) await put()
    }
  }
  const running = run()
  return {
    ready,
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

const putRules = async (rules: FirewallRules, deps: StepFirewallDeps): Promise<void> => {
  const iptables = (...args: string[]) => call(deps, 'iptables', ['-w', '5', ...args])
  // Elsewhere, in a container for one, rules would be of no use.
  await iptables('-n', '-L', 'DOCKER-USER')
  // Both chains at once, new or filled again: never half of them.
  await call(deps, 'iptables-restore', ['-w', '5', '--noflush'], rules.text)
  const hooks = [
    ['DOCKER-USER', rules.passedOn],
    ['INPUT', rules.forMachine],
  ] as const
  for (const [chain, target] of hooks) {
    const rule = [chain, '-s', deps.block, '-j', target]
    await iptables('-C', ...rule).catch(() => iptables('-I', ...rule))
  }
}

const deadlineMs = 10_000

const call = (
  { path = '/usr/sbin:/sbin:/usr/bin:/bin' }: StepFirewallDeps,
  program: string,
  args: readonly string[],
  input = '',
): Promise<void> =>
  new Promise((resolve, reject) => {
    const options = { timeout: deadlineMs, maxBuffer: 1_048_576, env: { PATH: path } }
    const child = execFile(program, args, options, (error, _stdout, stderr) => {
      if (!error) return resolve()
      const [line = ''] = stderr.trim().split('\n', 1)
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
      const why = isMissing ? 'it is not installed here' : line.slice(0, 500) || error.message
      reject(new Error(`${program}: ${why}`))
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
