import type { Build } from './build.ts'
import type { ExternalVariable, RegistryCredentials } from './extension.ts'
import type { Hook } from './hook.ts'
import type { Repo } from './repo.ts'
import type { Stage } from './stage.ts'
import type { StageStatus } from './status.ts'

/** What an attempt is given at accept: all that compiling and running the stage needs, resolved once and kept
 *  encrypted until the attempt ends, so that compiling again gives the same spec and the same masks (design §7). */
export interface Given {
  /** Random id of the installation; part of every container's name. */
  readonly installation: string
  readonly attempt: number
  readonly repo: GivenRepo
  readonly build: GivenBuild
  readonly stage: GivenStage
  /** The build's other stages, as they were when this one was handed out. */
  readonly siblings: readonly {
    readonly name: string
    readonly number: number
    readonly status: StageStatus
  }[]
  /** The whole file, converted, before substitution. */
  readonly manifest: string
  /** The secrets that the stage's file names and its origin may have (threats.md C.1, T-02). */
  readonly secrets: readonly GivenSecret[]
  /** What the operator's extensions give to the stage. */
  readonly external?: GivenExternal | undefined
  readonly netrc: {
    readonly machine: string
    readonly login: string
    readonly password: string
  } | null
  readonly system: {
    readonly proto: string
    readonly host: string
    readonly link: string
    readonly version: string
  }
}

export type GivenRepo = Pick<
  Repo,
  | 'id'
  | 'uid'
  | 'namespace'
  | 'name'
  | 'slug'
  | 'gitHttpUrl'
  | 'gitSshUrl'
  | 'link'
  | 'defaultBranch'
  | 'private'
  | 'visibility'
  | 'trusted'
  | 'timeoutMinutes'
>

export type GivenBuild = Omit<Build, 'updatedAt' | 'version' | 'error' | 'repoId'> &
  Pick<Hook, 'changedFiles'>

export type GivenStage = Pick<
  Stage,
  | 'id'
  | 'number'
  | 'name'
  | 'kind'
  | 'type'
  | 'os'
  | 'arch'
  | 'variant'
  | 'kernel'
  | 'machine'
  | 'labels'
  | 'dependsOn'
  | 'onSuccess'
  | 'onFailure'
  | 'version'
  | 'createdAt'
>

export interface GivenExternal {
  /** Variables of all steps, above those of the worker (environment.md §14.1). */
  readonly environment: readonly ExternalVariable[]
  /** Looked at after those of the worker (pipeline.md §12.8). */
  readonly registries: readonly RegistryCredentials[]
  /** The registry extension could not be asked: then the worker's own credentials do not count either. */
  readonly isRegistryLost?: boolean | undefined
}

export interface GivenSecret {
  readonly name: string
  readonly value: string
  /** Of a document of the file: its name is compared with case. */
  readonly isExact?: boolean | undefined
  /** Of the secret extension: looked at last, after the worker's own (pipeline.md §12.11). */
  readonly isExternal?: boolean | undefined
}
