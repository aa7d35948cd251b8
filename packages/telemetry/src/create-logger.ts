import type { Writable } from 'node:stream'
import type { LogFields, Logger } from '@waggle/domain'
import winston from 'winston'
import { printable } from './printable.ts'

export interface LoggerOptions {
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  readonly format: 'json' | 'text'
  /** Where the log goes; standard error unless given. */
  readonly destination?: Writable
  /** Told each entry as a line of text, whatever the format. */
  readonly onLine?: (line: string) => void
}

/** The process's own log: one JSON object (or one line of text) an entry, on standard error.
 *
 *  Every value passes through `printable`: errors keep their causes, what is not plain data is named only by its
 *  class, and no value is longer than a few KiB, so that neither a secret object nor a hostile text fills the log. */
export const createLogger = (options: LoggerOptions): Logger => {
  const stream = options.destination ?? process.stderr
  // A reader that went away (EPIPE) must not end the process.
  stream.on('error', () => undefined)
  const base = winston.createLogger({
    level: options.level,
    format: winston.format.printf((entry) => {
      options.onLine?.(textEntry(entry))
      return options.format === 'json' ? jsonEntry(entry) : textEntry(entry)
    }),
    transports: [new winston.transports.Stream({ stream })],
    exitOnError: false,
  })
  return makeLogger(base, {})
}

type Level = LoggerOptions['level']

const makeLogger = (base: winston.Logger, bound: LogFields): Logger => {
  const write = (level: Level) => (text: string, fields?: LogFields) => {
    if (!base.isLevelEnabled(level)) return
    base.log({ level, message: text, fields: fields ? { ...bound, ...fields } : bound })
  }
  return {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    child: (fields) => makeLogger(base, { ...bound, ...fields }),
  }
}

const fieldsOf = (entry: winston.Logform.TransformableInfo): Record<string, unknown> => {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(entry['fields'] as LogFields))
    if (value !== undefined) shown[name] = printable(value)
  return shown
}

const jsonEntry = (entry: winston.Logform.TransformableInfo): string =>
  JSON.stringify({
    time: new Date().toISOString(),
    level: entry.level,
    message: printable(entry.message),
    ...fieldsOf(entry),
  })

const textEntry = (entry: winston.Logform.TransformableInfo): string => {
  const fields = Object.entries(fieldsOf(entry)).map(
    ([name, value]) => `${name}=${typeof value === 'number' ? value : JSON.stringify(value)}`,
  )
  const time = new Date().toISOString()
  return [time, entry.level.padEnd(5), printable(entry.message), ...fields].join(' ')
}
