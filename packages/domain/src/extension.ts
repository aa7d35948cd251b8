import type { Build } from './build.ts'
import type { ConfigFile } from './conversion.ts'
import type { Repo } from './repo.ts'
import type { User } from './user.ts'

/** What every extension is told (scheduling.md §15.1). A build that is not stored yet has neither id nor number. */
export interface ExtensionFacts {
  readonly repo: Repo
  readonly build: Build
}

/** What a validation extension says of a file. `error`: the text is for the user. */
export type Validation =
  | { readonly kind: 'valid' }
  | { readonly kind: 'skip'; readonly reason: string }
  | { readonly kind: 'block' }
  | { readonly kind: 'error'; readonly message: string }

export interface ExternalSecret {
  readonly value: string
  /** Whether builds of the repository's own pull requests may have it, and approved ones of forks. */
  readonly pullRequest: boolean
  readonly forks: boolean
}

export interface ExternalVariable {
  readonly name: string
  readonly value: string
  /** A secret: hidden in the output of every step. */
  readonly isMasked: boolean
}

export interface RegistryCredentials {
  /** Host of the registry, such as `docker.io`. */
  readonly address: string
  readonly username: string
  readonly password: string
}

export interface AdmissionQuestion {
  /** `register` when the account is new. */
  readonly event: 'register' | 'login'
  readonly user: User
}

/** `admin`: whether the user is a system admin from now on; `null` leaves it as it is. */
export type Admission =
  | { readonly kind: 'admitted'; readonly admin: boolean | null }
  | { readonly kind: 'refused'; readonly message: string }

/** Services of the operator that take part in decisions (scheduling.md §15). One that is not configured is absent.
 *  They throw `unavailable` or `timeout` where there is no answer, and `invalid` for a refusal or an answer that makes
 *  no sense; the messages may be shown to users and hold no secret. */
export interface Extensions {
  /** Text of the pipeline file; `null` = take the repository's. */
  readonly config?: (facts: ExtensionFacts, signal?: AbortSignal) => Promise<string | null>
  /** The converted text; `null` = leave it as it is. */
  readonly convert?: (
    facts: ExtensionFacts,
    file: ConfigFile,
    signal?: AbortSignal,
  ) => Promise<string | null>
  readonly validate?: (
    facts: ExtensionFacts,
    text: string,
    signal?: AbortSignal,
  ) => Promise<Validation>
  /** `null` = there is none under this pointer. */
  readonly secret?: (
    facts: ExtensionFacts,
    pointer: { readonly path: string; readonly name: string },
    signal?: AbortSignal,
  ) => Promise<ExternalSecret | null>
  readonly registry?: (
    facts: ExtensionFacts,
    signal?: AbortSignal,
  ) => Promise<readonly RegistryCredentials[]>
  readonly environment?: (
    facts: ExtensionFacts,
    signal?: AbortSignal,
  ) => Promise<readonly ExternalVariable[]>
  readonly admit?: (question: AdmissionQuestion, signal?: AbortSignal) => Promise<Admission>
}
