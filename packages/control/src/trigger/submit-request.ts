import type { Build, Hook, Repo, Stage } from '@waggle/domain'

export interface SubmitRequest {
  readonly repo: Repo
  readonly hook: Hook
  /** Where the code is cloned from; empty = no source. */
  readonly cloneUrl: string
  /** The manifest, or `fetch`: the repository's configured path at the commit. The path's ending says what converts
   *  it; without one it is YAML. */
  readonly manifest: { readonly text: string; readonly path?: string } | 'fetch'
  /** Whether the hook's ref and commit are to be looked up at `cloneUrl`. */
  readonly resolve: boolean
  /** A ref or commit that is not there, or cannot be one, is an error of the caller's and no build in error. */
  readonly mustExist?: boolean
  /** Of all its stages, -10 to 10; absent = the repository's. */
  readonly priority?: number
  /** The sender's delivery id or idempotency key: a repeat gets the first build. */
  readonly deliveryKey?: string
  /** What it came as. */
  readonly body?: BodyFacts
  /** The delivery was stored before (`noteDelivery`), so that it outlives this process. */
  readonly isNoted?: boolean
}

/** What is remembered of a request's body. */
export interface BodyFacts {
  /** Lower-case hex SHA-256. */
  readonly hash: string
  readonly sizeBytes: number
}

export type SubmitResult =
  | {
      readonly kind: 'built'
      readonly build: Build
      readonly stages: readonly Stage[]
      readonly isRepeat: boolean
    }
  | { readonly kind: 'skipped'; readonly reason: string }
