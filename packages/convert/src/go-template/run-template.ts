import { systemClock } from '@waggle/domain'
import { manifestLimits } from '@waggle/pipeline'
import { ConversionError } from '../conversion-error.ts'
import type { ValueMap } from '../yaml-value.ts'
import { parseTemplate } from './parse-template.ts'
import { TemplateError } from './template-error.ts'
import { TemplateRun } from './template-run.ts'

/** What a template makes of its data (pipeline.md §16.3). Bounded in time by counted work. Throws `ConversionError`
 *  with template, line and column. */
export const runTemplate = (
  { path, text }: { readonly path: string; readonly text: string },
  data: ValueMap,
  nowMs: number = systemClock.now(),
): string => {
  if (text.length > manifestLimits.textBytes)
    throw new ConversionError(`template converter: ${path} is too large`)
  try {
    return new TemplateRun(parseTemplate(text), data, nowMs).run()
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const before = text.slice(0, error.at)
    const line = before.split('\n').length
    const column = before.length - before.lastIndexOf('\n')
    throw new ConversionError(`template converter: ${path}:${line}:${column}: ${error.message}`)
  }
}
