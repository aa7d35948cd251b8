import { isIP } from 'node:net'
import { join } from 'node:path'
import type { GitAddress } from './git-address.ts'

/** Nothing of the server's own environment reaches git: no proxies, no agents, no settings of its user. */
export const gitEnvironment = (folder: string, address: GitAddress): Record<string, string> => ({
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: join(folder, 'home'),
  LC_ALL: 'C',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: join(folder, 'gitconfig'),
  GIT_ALLOW_PROTOCOL: address.protocol,
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: 'true',
  SSH_ASKPASS: 'true',
  GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=10',
  GIT_LITERAL_PATHSPECS: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_OPTIONAL_LOCKS: '0',
})

/** Git's whole configuration. Kept in a file because the serving side of a local repository gets no `-c` options, and
 *  so that no credentials stand in a command line. */
export const gitConfiguration = (address: GitAddress, ip: string): string => {
  const lines = [
    '[safe]',
    'directory = *',
    '[core]',
    'hooksPath = /dev/null',
    'fsmonitor = false',
    '[protocol]',
    'allow = never',
    `[protocol "${address.protocol}"]`,
    'allow = always',
    '[credential]',
    'helper =',
    '[fetch]',
    'recurseSubmodules = false',
    '[gc]',
    'auto = 0',
    '[remote "origin"]',
    `url = ${quoted(address.url)}`,
    '[http]',
    // A redirect would leave the host that was checked, and take the credentials along (threats.md T-54, T-55).
    'followRedirects = false',
    'lowSpeedLimit = 1',
    'lowSpeedTime = 30',
  ]
  // Binds git to the very address that was checked: a second look-up could answer otherwise.
  if (ip !== '' && address.protocol !== 'ssh' && isIP(address.host) === 0)
    lines.push(`curloptResolve = ${quoted(`${address.host}:${address.port}:${bracketed(ip)}`)}`)
  if (address.credentials !== '') {
    const basic = Buffer.from(address.credentials, 'utf8').toString('base64')
    lines.push(`extraHeader = ${quoted(`Authorization: Basic ${basic}`)}`)
  }
  return `${lines.join('\n')}\n`
}

const bracketed = (ip: string): string => (isIP(ip) === 6 ? `[${ip}]` : ip)

const quoted = (value: string): string =>
  `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
