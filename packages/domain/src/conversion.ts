import type { Hook } from './hook.ts'
import type { Repo } from './repo.ts'

/** A pipeline file as it lies in the repository. */
export interface ConfigFile {
  /** Inside of the repository, such as `.drone.jsonnet`; its ending decides what converts it. */
  readonly path: string
  readonly text: string
}

/** What a conversion knows of the repository (pipeline.md §16.1). */
export type ConversionRepo = Pick<
  Repo,
  | 'uid'
  | 'namespace'
  | 'name'
  | 'slug'
  | 'gitHttpUrl'
  | 'gitSshUrl'
  | 'link'
  | 'defaultBranch'
  | 'configPath'
  | 'private'
  | 'visibility'
  | 'active'
  | 'trusted'
  | 'protected'
> & { readonly ignoreForks?: boolean; readonly ignorePullRequests?: boolean }

/** What a conversion may know and read. */
export interface ConversionContext {
  readonly repo: ConversionRepo
  readonly hook: Hook
  /** Text of another file of the same commit; `null` = there is none. */
  readFile(path: string, signal: AbortSignal): Promise<string | null>
  /** Text of a template of the repository's namespace; `null` = there is none. */
  findTemplate(name: string): Promise<string | null>
  /** The converter outside of the process, bound to this build. */
  readonly extension?: ConversionExtension
}

export type ConverterName = 'jsonnet' | 'template' | 'extension' | 'legacy'

/** The text of a pipeline file with what made it, or what the user has to hear. */
export type Conversion =
  | { readonly kind: 'text'; readonly text: string; readonly by: readonly ConverterName[] }
  | { readonly kind: 'error'; readonly error: string }

/** Between fetching a pipeline file and parsing it (scheduling.md §3.6). What is wrong with the file is an answer;
 *  throws only when the signal fires or the system fails. */
export interface Converter {
  convert(file: ConfigFile, context: ConversionContext, signal?: AbortSignal): Promise<Conversion>
}

/** A converter outside of the process (scheduling.md §15.3). Gives `null` where it leaves the file as it is; throws a
 *  `WaggleError` whose text is for the user where it refuses or cannot be reached. */
export interface ConversionExtension {
  convert(
    file: ConfigFile,
    context: Pick<ConversionContext, 'repo' | 'hook'>,
    signal: AbortSignal,
  ): Promise<string | null>
}
