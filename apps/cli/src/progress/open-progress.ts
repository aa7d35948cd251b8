import { LiveView } from './live-view.ts'
import { PlainView } from './plain-view.ts'
import type { ProgressOptions, ProgressView } from './progress-view.ts'

/** A view with marks that move on a terminal, plain lines elsewhere. */
export const openProgress = (options: ProgressOptions = {}): ProgressView => {
  const out = options.out ?? process.stdout
  return out.isTTY === true ? new LiveView(out, options) : new PlainView(out, options)
}
