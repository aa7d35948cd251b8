import type { Conditions } from './condition.ts'
import type { ManifestIssue } from './manifest-issue.ts'
import type { YamlNode } from './yaml-node.ts'

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
  | (DocumentBase & { readonly role: 'pipeline'; readonly pipeline: Pipeline })
  | (DocumentBase & { readonly role: 'secret'; readonly name: string })
  | (DocumentBase & { readonly role: 'signature'; readonly hmac: string })
  | (DocumentBase & { readonly role: 'ignored' })

/** What the user wrote under `kind: pipeline` (pipeline.md §5.1). */
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
  readonly volumes: readonly PipelineVolume[]
  readonly imagePullSecrets: readonly string[]
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
}

export interface StepMount {
  readonly name: string
  readonly path: string
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
}
