import { type ControlDeps, stageOutlooks, warnUnserved } from '@waggle/control'
import type { Build } from '@waggle/domain'
import type { buildShape } from './build-shape.ts'
import { loadBuild } from './load-build.ts'

/** So many stages get a position and likely times. */
const mostOutlooks = 20

/** A build for whoever started it or looks at it: with its stages and steps, where those that wait stand, and warnings
 *  about what no worker takes. */
export const viewBuild = (
  control: Pick<ControlDeps, 'database' | 'offers' | 'timers' | 'log'>,
  build: Build,
): Promise<ReturnType<typeof buildShape>> =>
  loadBuild(control.database, build, async (stages) => ({
    outlooks: await stageOutlooks(control, stages, mostOutlooks),
    warnings: await warnUnserved(control, stages),
  }))
