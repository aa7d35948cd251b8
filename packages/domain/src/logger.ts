/** Every field that the processes' own log may carry. A new one is added here first. */
export interface LogFields {
  readonly 'build.id'?: number
  readonly 'build.number'?: number
  readonly 'repo.slug'?: string
  readonly 'user.login'?: string
  readonly 'stage.id'?: number
  readonly 'stage.name'?: string
  readonly 'step.number'?: number
  readonly 'step.name'?: string
  readonly 'worker.id'?: string
  readonly 'worker.name'?: string
  readonly 'request.id'?: string
  readonly 'request.method'?: string
  readonly 'request.path'?: string
  readonly 'request.status'?: number
  readonly attempt?: number
  readonly partition?: string
  readonly count?: number
  readonly durationMs?: number
  readonly name?: string
  readonly reason?: string
  readonly status?: string
  readonly path?: string
  readonly url?: string
  readonly version?: string
  readonly port?: number
  readonly exitCode?: number
  readonly err?: unknown
}

/** The process's own log: constant lower-case text, values in fields. Build output never goes here. */
export interface Logger {
  error(text: string, fields?: LogFields): void
  warn(text: string, fields?: LogFields): void
  info(text: string, fields?: LogFields): void
  debug(text: string, fields?: LogFields): void
  child(fields: LogFields): Logger
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  child: () => silentLogger,
}
