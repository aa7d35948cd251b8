/** A YAML document as we read it: aliases and merge keys resolved, scalars as their source text.
 *
 *  Nothing is typed yet: a field's type decides how its scalar is read (pipeline.md §3.4), so `1.10` stays `1.10`.
 *  Aliased nodes are shared, never copied; the tree is immutable. */
export type YamlNode = YamlScalar | YamlList | YamlMap

export interface Place {
  readonly line: number
  readonly column: number
}

export interface YamlScalar extends Place {
  readonly kind: 'scalar'
  readonly text: string
  readonly style: 'plain' | 'single' | 'double' | 'block'
  /** Explicit tag such as `tag:yaml.org,2002:binary`; empty = none. */
  readonly tag: string
  /** As written, where substitution needs it: see `keptSource`. */
  readonly source?: string | undefined
}

interface YamlList extends Place {
  readonly kind: 'list'
  readonly items: readonly YamlNode[]
}

export interface YamlMap extends Place {
  readonly kind: 'map'
  /** In source order; the last of several equal keys counts. */
  readonly entries: ReadonlyMap<string, YamlEntry>
}

export interface YamlEntry {
  readonly key: YamlScalar
  readonly value: YamlNode
}
