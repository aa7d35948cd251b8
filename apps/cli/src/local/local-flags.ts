import type { HookFlags } from '../commands/hook-flags.ts'

/** Flags of `exec` and `compile`. */
export interface LocalFlags extends HookFlags {
  readonly pipeline?: string
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly resumeAt?: string
  readonly secretFile?: string
  readonly envFile?: string
  readonly env?: Readonly<Record<string, string>>
  readonly clone?: boolean
  readonly privileged?: readonly string[]
  readonly network?: readonly string[]
  readonly volume?: readonly { source: string; target: string; readOnly: boolean }[]
  readonly netrcMachine?: string
  readonly netrcUsername?: string
  readonly netrcPassword?: string
}

export interface ExecFlags extends LocalFlags {
  /** Milliseconds. */
  readonly timeout: number
  readonly raw?: boolean
  readonly socket?: string
}

export interface PlanFlags extends HookFlags {
  readonly json?: boolean
  readonly secretFile?: string
  readonly protected?: boolean
}

export interface LintFlags extends HookFlags {
  readonly json?: boolean
}
