import type { BuildDecisions, BuildPlanRecord, BuildStore } from '@waggle/domain'
import { keep } from '../keep.ts'
import { flag, noun, record, text, textList } from '../noun.ts'
import { query } from '../query.ts'
import type { Session } from '../session.ts'

type Manifests = Pick<BuildStore, 'findManifest' | 'findPlan' | 'findDecisions' | 'decide'>

/** What a build was made of and who decided about it: read so seldom that it has a table of its own. */
export const buildManifests = (session: Session): Manifests => ({
  findManifest: async (id) => (await session.read(findManifest, { id }))[0]?.manifest ?? null,
  findPlan: async (id) => {
    const [cells] = await session.read(findPlan, { id })
    return cells === undefined ? null : readPlan(cells)
  },
  findDecisions: async (id) => {
    const [cells] = await session.read(findDecisions, { id })
    return cells === undefined ? null : decisions.read(cells)
  },
  decide: async (id, given) => {
    await session.write(decide, { ...decisions.write(given), id })
  },
})

export const createManifest = async (
  session: Session,
  buildId: number,
  manifest: string,
  given?: BuildPlanRecord,
): Promise<void> => {
  await session.write(insert, { buildId, manifest, ...planCells(given) })
}

/** Both empty where there is nothing to tell; else JSON. */
interface PlanCells {
  readonly changedFiles: string
  readonly skipped: string
  readonly isText: boolean
}

const insert = query(
  ({ db }, p: PlanCells & { readonly buildId: number; readonly manifest: string }) =>
    db.insertInto('manifests').values({
      buildId: p.buildId,
      manifest: p.manifest,
      changedFiles: p.changedFiles,
      skipped: p.skipped,
      isText: p.isText,
      approvedBy: '',
      endedBy: '',
      endReason: '',
    }),
)

const findManifest = query(({ db }, p: { id: number }) =>
  db.selectFrom('manifests').select('manifest').where('buildId', '=', p.id),
)

const plan = noun<PlanCells>('build plan', { changedFiles: text, skipped: text, isText: flag })

const findPlan = query(({ db }, p: { id: number }) =>
  db.selectFrom('manifests').select(plan.columns).where('buildId', '=', p.id),
)

const planCells = (record?: BuildPlanRecord): PlanCells => ({
  changedFiles: record?.changedFiles === undefined ? '' : JSON.stringify(record.changedFiles),
  skipped: (record?.skipped.length ?? 0) === 0 ? '' : JSON.stringify(record?.skipped),
  isText: record?.isText ?? false,
})

const skippedStages = record<BuildPlanRecord['skipped']>((value) => Array.isArray(value))

const readPlan = (row: unknown): BuildPlanRecord => {
  const { changedFiles, skipped, isText } = plan.read(row)
  return {
    ...(changedFiles === '' ? {} : { changedFiles: textList.read(changedFiles) }),
    skipped: skipped === '' ? [] : skippedStages.read(skipped),
    ...(isText ? { isText } : {}),
  }
}

const decisions = noun<BuildDecisions>('build', {
  approvedBy: text,
  endedBy: text,
  endReason: text,
})

const findDecisions = query(({ db }, p: { id: number }) =>
  db.selectFrom('manifests').select(decisions.columns).where('buildId', '=', p.id),
)

const decide = query(({ db }, p: Partial<BuildDecisions> & { id: number }) =>
  db
    .updateTable('manifests')
    .set(keep(p, ['approvedBy', 'endedBy', 'endReason']))
    .where('buildId', '=', p.id),
)
