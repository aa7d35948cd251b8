import { createHash } from 'node:crypto'

export interface FirewallRules {
  /** For what the machine passes on, hooked into `DOCKER-USER`. */
  readonly passedOn: string
  /** For what is meant for the machine itself, hooked into `INPUT`. */
  readonly forMachine: string
  /** Both chains with all their rules, for `iptables-restore`. */
  readonly text: string
}

/** Where clouds tell every process of a machine the machine's credentials. */
const linkLocal = '169.254.0.0/16'

/** Rules for what comes from `block`, where stages have their networks: no way to link-local addresses and to `denied`,
 *  which are IPv4 networks or `host`, the machine itself with all its addresses (threats.md T-24). Traffic between the
 *  containers of one stage passes; the engine keeps stages apart. Answers to what others began pass too. */
export const firewallRules = (block: string, denied: readonly string[]): FirewallRules => {
  const id = createHash('sha256').update(block).digest('hex').slice(0, 8)
  const passedOn = `WAGGLE-STEPS-${id}`
  const forMachine = `WAGGLE-HOST-${id}`
  const networks = [linkLocal, ...denied.filter((entry) => entry !== 'host')]
  const lines = [
    '*filter',
    `:${passedOn} - [0:0]`,
    `:${forMachine} - [0:0]`,
    ...[passedOn, forMachine].map(
      (chain) => `-A ${chain} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN`,
    ),
    `-A ${passedOn} -d ${block} -j RETURN`,
    ...networks.flatMap((network) => [
      ...refuse(passedOn, `-d ${network} `),
      ...refuse(forMachine, `-d ${network} `),
    ]),
    ...(denied.includes('host') ? refuse(forMachine, '') : []),
    'COMMIT',
  ]
  return { passedOn, forMachine, text: `${lines.join('\n')}\n` }
}

/** An answer at once: a program that is only ignored would wait for minutes. */
const refuse = (chain: string, to: string): readonly string[] => [
  `-A ${chain} ${to}-p tcp -j REJECT --reject-with tcp-reset`,
  `-A ${chain} ${to}-j REJECT`,
]
