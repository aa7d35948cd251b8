import { manifestLimits } from '../limits.ts'
import { pathText } from '../lint/lint-problem.ts'
import type { ManifestIssue } from '../manifest-issue.ts'
import type { YamlEntry, YamlMap, YamlNode, YamlScalar } from '../yaml/yaml-node.ts'
import { CommandValues, type Shell } from './command-values.ts'
import { workLimit } from './substitute.ts'
import { ScalarSubstitution, trimToStyle } from './substitute-scalar.ts'
import { SubstitutionError } from './substitution-syntax.ts'

export interface SubstitutionOptions {
  readonly lookup: (name: string) => string
  /** See `CommandValues`. */
  readonly isStable: (name: string) => boolean
}

export interface SubstitutedDocument {
  readonly root: YamlNode
  readonly issues: readonly ManifestIssue[]
  /** Variables that commands refer to instead of holding their values. */
  readonly made: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

/** Most characters that substitution may give for one document; scalars are bounded one by one as well. */
const totalLimit = 8 * manifestLimits.textBytes

/** Substitutes in every scalar of a parsed document, keys too, so that a value can never add a key or a step
 *  (pipeline.md §10.1, threats.md T-48). Plain scalars are typed after it. */
export const substituteDocument = (
  root: YamlNode,
  document: number,
  options: SubstitutionOptions,
): SubstitutedDocument => {
  const walk = new Walk(document, options, shellOf(root))
  const substituted = walk.node(root)
  const { issues, warnings, commands } = walk
  return { root: substituted, issues, warnings, made: Object.fromEntries(commands.made) }
}

/** `platform.os` as written decides the dialect, as it does for the script. */
const shellOf = (root: YamlNode): Shell => {
  const platform = root.kind === 'map' ? root.entries.get('platform')?.value : undefined
  const os = platform?.kind === 'map' ? platform.entries.get('os')?.value : undefined
  return os?.kind === 'scalar' && os.text === 'windows' ? 'powershell' : 'posix'
}

type Path = readonly (string | number)[]

class Walk {
  readonly issues: ManifestIssue[] = []
  readonly warnings: string[] = []
  readonly commands: CommandValues
  readonly #document: number
  readonly #scalars: ScalarSubstitution
  readonly #path: (string | number)[] = []
  #left = totalLimit

  constructor(document: number, { lookup, isStable }: SubstitutionOptions, shell: Shell) {
    this.#document = document
    this.#scalars = new ScalarSubstitution(lookup, { left: workLimit })
    this.commands = new CommandValues(shell, this.#scalars.values, isStable)
  }

  /** The same node where nothing in it changes: most of a file holds no expression. */
  node(node: YamlNode): YamlNode {
    switch (node.kind) {
      case 'scalar':
        return this.#scalar(node, this.#path)
      case 'list':
        return this.#list(node)
      case 'map':
        return this.#map(node)
      default:
        return node satisfies never
    }
  }

  #list(node: Extract<YamlNode, { kind: 'list' }>): YamlNode {
    let isSame = true
    const items = node.items.map((item, at) => {
      const changed = this.#inside(at, item)
      isSame &&= changed === item
      return changed
    })
    return isSame ? node : { ...node, items }
  }

  #map(node: YamlMap): YamlMap {
    let isSame = true
    const entries = new Map<string, YamlEntry>()
    for (const [name, entry] of node.entries) {
      const key = this.#scalar(entry.key, this.#path)
      const value = this.#inside(name, entry.value)
      isSame &&= key === entry.key && value === entry.value
      entries.set(key.text, isSame ? entry : { key, value })
    }
    return isSame ? node : { ...node, entries }
  }

  #inside(part: string | number, node: YamlNode): YamlNode {
    this.#path.push(part)
    const changed = this.node(node)
    this.#path.pop()
    return changed
  }

  #scalar(scalar: YamlScalar, path: Path): YamlScalar {
    if (!scalar.text.includes('$')) return scalar
    try {
      const changed = this.#scalars.asWritten(scalar) ?? this.#changed(scalar, path)
      this.#left -= changed.text.length
      if (this.#left < 0)
        throw new SubstitutionError(`the results exceed ${totalLimit} characters in all`)
      const { source: _, ...rest } = scalar
      return { ...rest, ...changed }
    } catch (error) {
      if (!(error instanceof SubstitutionError)) throw error
      if (this.issues.length < manifestLimits.issues) {
        const { line, column } = scalar
        const message = `${error.message} in \`${scalar.text.slice(0, 80)}\``
        const at = { document: this.#document, path: pathText(path), line, column }
        this.issues.push({ code: 'substitution', message, ...at })
      }
      return { ...scalar, text: '' }
    }
  }

  #changed(scalar: YamlScalar, path: Path): Pick<YamlScalar, 'text' | 'style'> {
    if (!isCommand(path)) return this.#scalars.value(scalar)
    const template = this.#scalars.template(scalar)
    const text = this.commands.substitute(template, ({ variable, source }) => {
      if (this.warnings.length >= manifestLimits.issues) return
      this.warnings.push(
        `${pathText(path)}: the value of ${source} holds shell metacharacters and is passed as $${variable}`,
      )
    })
    return { style: scalar.style, text: trimToStyle(scalar, text) }
  }
}

/** What a shell runs, of steps and of services: `commands[m]`, and `waggle.healthcheck.command` as a line. */
const isCommand = (path: Path): boolean => {
  const [list, , key, ...rest] = path
  if (list !== 'steps' && list !== 'services') return false
  if (key === 'commands') return rest.length === 1
  return key === 'waggle' && rest.join('.') === 'healthcheck.command'
}
