/** What a stage asks of a machine, and what a machine is (scheduling.md §5.2). Empty = not said. */
export interface Platform {
  readonly os: string
  readonly arch: string
  readonly variant: string
  /** `platform.version` of the pipeline; the wire calls it `kernel`. */
  readonly kernel: string
}

export type Labels = Readonly<Record<string, string>>

/** The names that pipelines use for a machine, from those of Node's `os.platform()` and `os.arch()`. */
export const machinePlatform = (
  platform: string,
  arch: string,
): { readonly os: string; readonly arch: string } => ({
  os: platform === 'win32' ? 'windows' : platform,
  arch: arch === 'x64' ? 'amd64' : arch === 'ia32' ? '386' : arch,
})
