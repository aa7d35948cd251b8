import { noLimits, type SpecLimits } from '@waggle/domain'
import type { AllowList } from '../conditions/allow-list.ts'
import type { RegistryAuth } from '../secrets/registry-auth.ts'

/** What a worker adds to every stage that it compiles (pipeline.md §12.15). */
export interface CompileSettings {
  /** Image of the implicit clone step, taken literally. */
  readonly cloneImage: string
  /** Worker-wide variables: the lowest layer of a step's, and the lowest of substitution. */
  readonly environment: Readonly<Record<string, string>>
  /** Worker-wide secrets; never for pull requests (pipeline.md §12.11). */
  readonly secrets?: Readonly<Record<string, string>>
  /** Registry credentials for images that the pipeline's own do not cover (pipeline.md §12.8). `null`: the worker's
   *  file could not be read, so that those of the extension do not count either. */
  readonly registries?: readonly RegistryAuth[] | null
  /** Plugin images that run privileged, before the built-in ones (pipeline.md §12.6). */
  readonly privilegedImages: readonly string[]
  /** Whether those may mount volumes, but not over restricted paths (pipeline.md §12.6). */
  readonly privilegedPluginVolumes?: boolean
  /** Networks that every step is connected to. */
  readonly networks: readonly string[]
  /** Driver options of the stage's network. */
  readonly networkOptions: Readonly<Record<string, string>>
  /** Folders of the machine mounted into every step, after all other mounts. */
  readonly volumes: readonly {
    readonly source: string
    readonly target: string
    readonly readOnly: boolean
  }[]
  /** Used where a step says nothing; processor limits always. */
  readonly limits: SpecLimits
  /** Whether only the clone step gets the git credentials. */
  readonly netrcCloneOnly: boolean
  /** Proxy variables of the worker's own process, in either spelling. */
  readonly proxies: Readonly<Record<string, string>>
  /** A tmate server that steps are told of; none without a host (environment.md §11). */
  readonly tmate?: {
    readonly host: string
    readonly port: string
    readonly fingerprintRsa: string
    readonly fingerprintEd25519: string
    readonly authorizedKeys: string
  }
  /** Image that brings tmate for debug builds (pipeline.md §12.16); without one there are no sessions. */
  readonly debugImage?: string
  /** Labels on everything that is made for the stage. */
  readonly labels?: Readonly<Record<string, string>>
  /** Which stages this worker runs (pipeline.md §8.5); without it all. */
  readonly allow?: AllowList
  /** Whose caches the stages use, instead of the installation's. */
  readonly cacheOwner?: string
  /** Folder below which an exec engine keeps its stages. */
  readonly root: string
  /** Variables of the host that exec steps see, such as `PATH` and `USER`. */
  readonly hostEnvironment: Readonly<Record<string, string>>
  /** What `$NAME` stands for in the `PATH` that an exec step sets for itself; without it those of the host above. */
  readonly pathVariables?: Readonly<Record<string, string>>
  /** Local directory to run against instead of a clone (pipeline.md §12.3.2); empty = none. */
  readonly localFolder: string
}

export const defaultCompileSettings: CompileSettings = {
  cloneImage: 'drone/git:latest',
  environment: {},
  privilegedImages: [],
  networks: [],
  networkOptions: {},
  volumes: [],
  limits: noLimits,
  netrcCloneOnly: false,
  proxies: {},
  root: '',
  hostEnvironment: {},
  localFolder: '',
}
