/** What a stage asks of a machine, and what a machine is (scheduling.md §5.2). Empty = not said. */
export interface Platform {
  readonly os: string
  readonly arch: string
  readonly variant: string
  /** `platform.version` of the pipeline; the wire calls it `kernel`. */
  readonly kernel: string
}

export type Labels = Readonly<Record<string, string>>
