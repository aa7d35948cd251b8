import type { BuildStatus, StageStatus, StepStatus } from '@waggle/domain'

/** What a random pipeline file says of one stage. */
export interface StagePlan {
  readonly name: string
  readonly arch: 'amd64' | 'arm64'
  readonly dependsOn: readonly string[]
  readonly onSuccess: boolean
  readonly onFailure: boolean
  /** `concurrency.limit`; 0 = none. */
  readonly limit: number
}

export interface ModelBuild {
  readonly id: number
  readonly number: number
  status: BuildStatus
  readonly stages: readonly ModelStage[]
}

export interface ModelStage extends StagePlan {
  readonly id: number
  readonly number: number
  readonly throttle: number
  readonly build: ModelBuild
  status: StageStatus
  attempt: number
  isHeld: boolean
  /** Its limits kept it from being offered, and still do. */
  isHeldBack: boolean
  hasStarted: boolean
  /** How often a worker was lost with it before anything was granted. */
  losses: number
  steps: StepStatus[]
  /** Lost with its worker after a grant: it keeps its place under the limits. */
  keepsPlace: boolean
}

export interface ModelAttempt {
  readonly stage: ModelStage
  readonly number: number
  readonly worker: number
  readonly boot: string
  readonly requestId: string
  readonly token: string
  state: 'leased' | 'granted' | 'closing' | 'ended'
  end: '' | 'finished' | 'released' | 'requeued' | 'lost' | 'cancelled'
  silentMs: number
  hasGrant: boolean
}

export const isOver = (status: StageStatus | BuildStatus): boolean =>
  !['blocked', 'waiting_on_dependencies', 'pending', 'running'].includes(status)

/** The id of the queue entry of a stage's next attempt. */
export const entryOf = (stage: Pick<ModelStage, 'id' | 'attempt'>): string =>
  `${stage.id}-${stage.attempt + 1}`

/** How silent a worker may be, milliseconds (reliability.md §0.2). */
export const limits = { requeueMs: 30_000, lostMs: 90_000 }

/** What builds, stages, attempts and the queue should be: the rules of scheduling.md §4 to §10 and reliability.md, as
 *  plain as they can be said. Knows nothing of SQL, Redis, transactions or processes. */
export class Model {
  readonly builds: ModelBuild[] = []
  readonly attempts: ModelAttempt[] = []
  isPaused = false
  /** How many attempts the act that is being done has lost: which of them first is the database's choice. */
  lostAtOnce = 0
  /** Entries that the queue must hold as long as their stage may be offered. */
  readonly offered = new Set<string>()
  /** Entries that it may hold though nobody may take them any more: nobody took them out. */
  readonly stale = new Set<string>()
  /** Committed, and not told yet: its process died, or Redis was away. */
  untold: { readonly kind: 'offer' | 'withdraw'; readonly entry: string }[] = []

  get stages(): readonly ModelStage[] {
    return this.builds.flatMap((build) => build.stages)
  }

  get open(): readonly ModelAttempt[] {
    return this.attempts.filter((attempt) => attempt.state !== 'ended')
  }

  /** Pending, held by nobody, and not held back: pause, `concurrency.limit`, throttle. */
  mayGo(stage: ModelStage): boolean {
    return stage.status === 'pending' && !stage.isHeld && !this.isPaused && !this.isLimited(stage)
  }

  /** scheduling.md §5.3 and §5.4. */
  isLimited(stage: ModelStage): boolean {
    const counting = this.stages.filter(
      (other) =>
        other !== stage &&
        (['pending', 'running'].includes(other.status) || other.isHeld || other.keepsPlace),
    )
    const sameName = counting.filter(
      (other) => other.name === stage.name && (other.id < stage.id || isActive(other)),
    )
    const elders = counting.filter((other) => other.id < stage.id)
    return (
      (stage.limit > 0 && sameName.length >= stage.limit) ||
      (stage.throttle > 0 && elders.length >= stage.throttle)
    )
  }

  submit(build: ModelBuild): void {
    this.builds.push(build)
  }

  /** What an accept has to answer; `null`: a repeat of the attempt's own, which gets the same bytes. */
  accept(stage: ModelStage, attempt: number, worker: number, boot: string, requestId: string) {
    const isOpen = stage.status === 'pending' && !stage.isHeld && stage.attempt === attempt - 1
    const before = this.attempts.find(
      (one) => one.worker === worker && one.boot === boot && one.requestId === requestId,
    )
    if (!isOpen) {
      const isRepeat = before?.stage === stage && before.number === attempt
      return isRepeat && before.state !== 'ended' ? ('repeated' as const) : ('not_pending' as const)
    }
    if (this.isPaused) return 'paused' as const
    if (this.isLimited(stage)) return 'limited' as const
    return 'accepted' as const
  }

  take(attempt: Omit<ModelAttempt, 'state' | 'end' | 'silentMs' | 'hasGrant'>): void {
    attempt.stage.attempt = attempt.number
    attempt.stage.isHeld = true
    this.attempts.push({ ...attempt, state: 'leased', end: '', silentMs: 0, hasGrant: false })
  }

  /** What a call under the lease gets, `null` where it may write. */
  refusal(attempt: ModelAttempt, repeatOf?: ModelAttempt['end']): string | null {
    if (attempt.state === 'closing') return 'cancelled'
    if (attempt.state !== 'ended') return null
    return repeatOf !== undefined && attempt.end === repeatOf ? 'ok' : 'lease_lost'
  }

  start(attempt: ModelAttempt): void {
    const { stage } = attempt
    stage.status = 'running'
    stage.hasStarted = true
    stage.steps = ['pending', 'pending']
    if (stage.build.status === 'pending') stage.build.status = 'running'
  }

  grant(attempt: ModelAttempt, step: number): void {
    attempt.state = 'granted'
    attempt.hasGrant = true
    if (attempt.stage.steps[step - 1] === 'pending') attempt.stage.steps[step - 1] = 'running'
  }

  finish(attempt: ModelAttempt, status: StageStatus): void {
    const { stage } = attempt
    stage.status = status
    stage.steps = stage.steps.map((step) =>
      step === 'running' ? 'error' : step === 'pending' ? 'skipped' : step,
    )
    this.end(attempt, 'finished')
    this.advance(stage.build)
  }

  /** Nothing of it ran: the stage is pending again. */
  requeue(attempt: ModelAttempt, end: 'released' | 'requeued'): void {
    const { stage } = attempt
    if (end === 'requeued') stage.losses++
    Object.assign(stage, { status: 'pending', hasStarted: false, steps: [] })
    this.end(attempt, end)
  }

  acknowledge(attempt: ModelAttempt): void {
    this.end(attempt, 'cancelled')
  }

  end(attempt: ModelAttempt, end: ModelAttempt['end']): void {
    Object.assign(attempt, { state: 'ended', end })
    attempt.stage.isHeld = false
  }

  /** The worker of the attempt is gone. */
  lose(attempt: ModelAttempt): void {
    const { stage } = attempt
    this.lostAtOnce++
    if (attempt.state === 'leased' && stage.losses < 2) {
      this.requeue(attempt, 'requeued')
      return
    }
    // It may still run there, so others wait as if it did; where nothing had limits yet, nobody waits.
    const haveLimits = this.stages.some(({ limit, throttle }) => limit > 0 || throttle > 0)
    stage.keepsPlace = attempt.hasGrant && haveLimits
    if (!isOver(stage.status)) {
      stage.status = 'error'
      stage.steps = stage.steps.map((step) =>
        step === 'running' ? 'error' : step === 'pending' ? 'skipped' : step,
      )
    }
    this.end(attempt, 'lost')
    this.advance(stage.build)
  }

  /** scheduling.md §9.3: what is older and waits, or also what runs. Gives which builds ended. */
  supersede(build: ModelBuild, isRunningToo: boolean): readonly ModelBuild[] {
    const older = this.builds.filter(
      ({ id, status, stages }) =>
        id < build.id &&
        (status === 'pending' || (isRunningToo && status === 'running')) &&
        stages.some((stage) => stage.status === 'pending' || stage.status === 'running'),
    )
    for (const one of older) this.cancel(one, 'skipped')
    return older
  }

  /** Which stages of a build run again where only what failed is retried: those that did not pass, and what depends on
   *  them. */
  unpassed(build: ModelBuild): readonly ModelStage[] {
    const again: ModelStage[] = []
    for (const stage of build.stages) {
      const isAfter = again.some(({ name }) => stage.dependsOn.includes(name))
      if (stage.status !== 'success' || isAfter) again.push(stage)
    }
    return again
  }

  /** Nobody starts a build anew that waits for an approval, or was declined. */
  isGated(build: ModelBuild): boolean {
    return build.status === 'declined' || build.stages.some(({ status }) => status === 'blocked')
  }

  cancel(build: ModelBuild, status: 'killed' | 'skipped' = 'killed'): void {
    if (!isOver(build.status)) build.status = status
    for (const stage of build.stages) {
      if (isOver(stage.status)) continue
      stage.status = stage.hasStarted ? 'killed' : 'skipped'
      stage.steps = stage.steps.map((step) =>
        step === 'running' ? 'killed' : step === 'pending' ? 'skipped' : step,
      )
      for (const attempt of this.open) if (attempt.stage === stage) attempt.state = 'closing'
    }
  }

  approve(stage: ModelStage): void {
    stage.status = stage.dependsOn.length > 0 ? 'waiting_on_dependencies' : 'pending'
    this.advance(stage.build)
  }

  decline(build: ModelBuild): void {
    build.status = 'declined'
    for (const stage of build.stages)
      if (['blocked', 'waiting_on_dependencies'].includes(stage.status)) stage.status = 'declined'
  }

  /** scheduling.md §7 and §8. */
  advance(build: ModelBuild): void {
    if (isOver(build.status)) return
    const { stages } = build
    const hasFailed = stages.some(({ status }) => ['failure', 'error', 'killed'].includes(status))
    const isFree = (stage: ModelStage) =>
      stages.every((other) => !stage.dependsOn.includes(other.name) || isOver(other.status))
    const waiting = () => stages.filter(({ status }) => status === 'waiting_on_dependencies')
    for (const stage of waiting())
      if (!(hasFailed ? stage.onFailure : stage.onSuccess) && isFree(stage))
        stage.status = 'skipped'
    for (const stage of waiting().filter(isFree)) stage.status = 'pending'
    if (!stages.every(({ status }) => isOver(status) && status !== 'declined')) return
    const failed = stages.find(({ status }) => ['failure', 'error', 'killed'].includes(status))
    build.status = (failed?.status ?? 'success') as BuildStatus
  }

  passTime(ms: number): void {
    for (const attempt of this.open) attempt.silentMs += ms
  }
}

const isActive = (stage: ModelStage): boolean =>
  stage.status === 'running' || stage.isHeld || stage.keepsPlace
