import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { unavailable } from '@waggle/domain'
import { rootPrefix } from './root-prefix.ts'

/** A program of the machine: under which names it may be there, and the Debian package that brings it. */
export interface NeededProgram {
  readonly names: readonly string[]
  readonly package: string
}

/** What is asked of a machine; another folder list and another installer make another machine. */
interface Machine {
  readonly folders: readonly string[]
  /** How packages are installed, with the rights at hand: `null` where nobody lets us. The error's last line, or none. */
  readonly install: ((packages: readonly string[]) => string) | null
  /** What a user types before a command that needs rights. */
  readonly prefix: string
}

/** Paths of the programs, by package. What is missing is installed at once where the machine allows it; throws
 *  `unavailable` with the one line to type where it does not. */
export const bringPrograms = (
  needed: readonly NeededProgram[],
  say: (text: string) => void,
  machine: Machine = thisMachine(),
): ReadonlyMap<string, string> => {
  const absent = () => needed.filter((program) => find(program, machine.folders) === undefined)
  const packages = absent().map((program) => program.package)
  let problem = ''
  if (packages.length > 0 && machine.install !== null) {
    say(`installing ${packages.join(' ')}`)
    problem = machine.install(packages)
  }
  const missing = absent().map((program) => program.package)
  if (missing.length > 0)
    throw unavailable(
      'programs_missing',
      `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing` +
        `${problem === '' ? '' : ` (${problem})`}; type: ${machine.prefix}apt-get install ${missing.join(' ')}`,
    )
  return new Map(needed.map((program) => [program.package, find(program, machine.folders) ?? '']))
}

const find = (program: NeededProgram, folders: readonly string[]): string | undefined =>
  program.names
    .flatMap((name) => folders.map((folder) => `${folder}/${name}`))
    .find((path) => existsSync(path))

const thisMachine = (): Machine => {
  const isRoot = process.getuid?.() === 0
  const hasSudo = existsSync('/usr/bin/sudo')
  const mayInstall =
    existsSync('/usr/bin/apt-get') &&
    (isRoot || (hasSudo && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0))
  return {
    folders: ['/usr/local/bin', '/usr/bin', '/bin'],
    install: mayInstall ? (packages) => aptInstall(isRoot ? [] : ['sudo', '-n'], packages) : null,
    prefix: rootPrefix(),
  }
}

const aptInstall = (asRoot: readonly string[], packages: readonly string[]): string => {
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages]
  let problem = ''
  for (const args of [['update', '-qq'], install]) {
    const done = spawnSync(
      'env',
      [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        encoding: 'utf8',
      },
    )
    if (done.status !== 0) problem = done.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  }
  return problem
}
