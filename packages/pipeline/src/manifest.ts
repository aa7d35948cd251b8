import type { Conditions } from './conditions/condition.ts'
import type { CacheOptions, MatrixValues, PipelineExtras, StepExtras } from './decode/waggle.ts'
import type { ManifestIssue } from './manifest-issue.ts'
import type { YamlNode } from './yaml/yaml-node.ts'

/** A pipeline file, parsed: its documents in order and everything that is wrong with it. */
export interface ParsedManifest {
  readonly documents: readonly ManifestDocument[]
  readonly issues: readonly ManifestIssue[]
}

interface DocumentBase {
  /** Position in the file, from 1; documents without content count too. */
  readonly number: number
  readonly line: number
  /** As written: what a signature covers. */
  readonly raw: string
  /** `null`: no content, or not readable (then there are issues). */
  readonly root: YamlNode | null
  readonly kind: string
}

export type ManifestDocument =
  /** Kind `pipeline`, and every kind that we do not know: both make a stage (pipeline.md §4.2). */
  | (DocumentBase & {
      readonly role: 'pipeline'
      readonly pipeline: Pipeline
      /** Mistakes in keys that only workers of this type know: they end the stage, not the build. */
      readonly stageIssues: readonly ManifestIssue[]
    })
  | (DocumentBase & {
      readonly role: 'secret'
      readonly name: string
      readonly secret: SecretEntry
    })
  | (DocumentBase & { readonly role: 'signature'; readonly hmac: string })
  | (DocumentBase & { readonly role: 'ignored' })

/** A `kind: secret` document (pipeline.md §4.5). Empty texts = not given. */
export interface SecretEntry {
  /** Compared with case. */
  readonly name: string
  /** Base64 of nonce and ciphertext. */
  readonly data: string
  readonly get: { readonly path: string; readonly name: string; readonly key: string }
}

/** What the user wrote under `kind: pipeline` (pipeline.md §5.1). Keys that the type does not have are not set
 *  (§4.3), whatever is written there. */
export interface Pipeline {
  readonly kind: string
  /** `docker` where a pipeline does not say. */
  readonly type: string
  /** `default` where it does not say. */
  readonly name: string
  readonly platform: {
    readonly os: string
    readonly arch: string
    readonly variant: string
    readonly version: string
  }
  readonly clone: CloneOptions
  readonly workspace: { readonly base: string; readonly path: string }
  readonly limit: number
  readonly node: Readonly<Record<string, string>>
  readonly dependsOn: readonly string[]
  readonly trigger: Conditions
  readonly environment: Readonly<Record<string, string>>
  /** `null`: an entry without content, which lint refuses. */
  readonly services: readonly (PipelineStep | null)[]
  readonly steps: readonly (PipelineStep | null)[]
  /** Those that declare something. */
  readonly volumes: readonly PipelineVolume[]
  /** All as written, in place; `null` = an entry without content. What lint judges. */
  readonly volumeEntries: readonly (VolumeEntry | null)[]
  readonly imagePullSecrets: readonly string[]
  /** Only of type `kubernetes`. */
  readonly kubernetes: KubernetesPod | null
  /** Only of type `ssh`. */
  readonly ssh: SshServer | null
  /** Beyond Drone: what stands under `waggle:`. */
  readonly waggle: PipelineExtras
  /** The pipeline with the matrix that it is one combination of; `null` = it is itself. */
  readonly instanceOf: { readonly name: string; readonly values: MatrixValues } | null
}

export interface CloneOptions {
  readonly disable: boolean
  readonly depth: number
  readonly retries: number
  readonly skipVerify: boolean
  readonly trace: boolean
}

export interface PipelineStep {
  readonly name: string
  readonly image: string
  readonly commands: readonly string[]
  readonly command: readonly string[]
  readonly entrypoint: readonly string[]
  readonly environment: Readonly<Record<string, StepVariable>>
  /** Keys written under `environment`, null ones too: their presence alone counts in pipeline.md §12.6. */
  readonly environmentKeys: readonly string[]
  readonly settings: Readonly<Record<string, StepSetting>>
  readonly when: Conditions
  readonly dependsOn: readonly string[]
  readonly detach: boolean
  readonly failure: string
  readonly pull: string
  readonly privileged: boolean
  readonly user: string
  readonly workingDir: string
  readonly volumes: readonly StepMount[]
  readonly devices: readonly StepMount[]
  readonly dns: readonly string[]
  readonly dnsSearch: readonly string[]
  readonly extraHosts: readonly string[]
  readonly networkMode: string
  readonly shmBytes: number
  readonly memoryBytes: number
  readonly memorySwapBytes: number
  /** Only in a pipeline of type `kubernetes`. */
  readonly kubernetes: KubernetesContainer | null
  /** Beyond Drone: what stands under `waggle:`. */
  readonly waggle: StepExtras
}

export interface StepMount {
  readonly name: string
  readonly path: string
  /** Of a kubernetes mount; empty = the volume's root. */
  readonly subPath: string
}

export type StepVariable =
  | { readonly kind: 'literal'; readonly value: string }
  | { readonly kind: 'secret'; readonly secret: string }

export type StepSetting =
  | { readonly kind: 'literal'; readonly node: YamlNode }
  | { readonly kind: 'secret'; readonly secret: string }

export interface PipelineVolume {
  readonly name: string
  readonly source:
    | { readonly kind: 'temp'; readonly medium: string; readonly sizeLimitBytes: number }
    | { readonly kind: 'host'; readonly path: string }
    | ({ readonly kind: 'cache' } & CacheOptions)
}

/** Volumes of the cluster (pipeline.md §7.1). */
export interface KubernetesVolume {
  readonly name: string
  readonly source:
    | { readonly kind: 'claim'; readonly claim: string; readonly readOnly: boolean }
    | {
        readonly kind: 'config_map' | 'secret'
        readonly source: string
        readonly defaultMode: number
        readonly isOptional: boolean
      }
}

/** Which kinds of source an entry of `volumes` names; it may name several. */
export interface VolumeEntry {
  readonly name: string
  /** `temp.medium` is exactly `memory`. */
  readonly isMemory: boolean
  readonly kinds: readonly ('temp' | 'host' | 'claim' | 'config_map' | 'secret')[]
}

/** Millicores and bytes; 0 = not set. */
export interface KubernetesResources {
  readonly cpuMillis: number
  readonly memoryBytes: number
}

/** Keys of a kubernetes pipeline beyond docker's (pipeline.md §7.1). */
export interface KubernetesPod {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly nodeName: string
  /** `null` = not written: then the worker's own selector counts. */
  readonly nodeSelector: Readonly<Record<string, string>> | null
  readonly serviceAccountName: string
  readonly tolerations: readonly KubernetesToleration[]
  readonly dns: {
    readonly nameservers: readonly string[]
    readonly searches: readonly string[]
    readonly options: readonly { readonly name: string; readonly value: string }[]
  }
  readonly hostAliases: readonly { readonly ip: string; readonly hostnames: readonly string[] }[]
  /** Besides those of `Pipeline.volumes`. */
  readonly volumes: readonly KubernetesVolume[]
  readonly requests: KubernetesResources
  /** Refused by lint where it is not zero. */
  readonly limits: KubernetesResources
}

export interface KubernetesToleration {
  readonly effect: string
  readonly key: string
  readonly operator: string
  readonly value: string
  /** `null` = not written. */
  readonly seconds: number | null
}

/** Keys of a step of a kubernetes pipeline beyond docker's. */
export interface KubernetesContainer {
  /** `null` = the image's. */
  readonly user: number | null
  readonly group: number | null
  readonly limits: KubernetesResources
}

/** `server` of an ssh pipeline (pipeline.md §7.2). `null` = not written. */
export interface SshServer {
  readonly host: StepVariable | null
  readonly user: StepVariable | null
  readonly password: StepVariable | null
  readonly sshKey: StepVariable | null
}
