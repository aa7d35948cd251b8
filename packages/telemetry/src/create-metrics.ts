import type { BuildStatus, PartitionLoad, WebhookLine } from '@waggle/domain'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What a scrape reads from SQL: the whole installation's state, the same from every API process. */
export interface ServerLoad {
  /** The database's time when this was read. */
  readonly nowMs: number
  /** How long ago that was; 0 where nothing is said. */
  readonly ageMs?: number
  readonly builds: Readonly<Partial<Record<BuildStatus, number>>>
  readonly partitions: readonly PartitionLoad[]
  readonly activeRepos: number
  readonly users: number
  /** What waits for receivers of outgoing webhooks, by receiver. */
  readonly webhooks?: readonly WebhookLine[]
  /** How many workers are in each state, and how many slots they have; every state is named. */
  readonly workers?: Readonly<Record<string, { readonly count: number; readonly slots: number }>>
}

export interface Metrics {
  readonly contentType: string
  /** The Prometheus text. Throws what reading the load throws. */
  text(): Promise<string>
  /** Time from a stage's becoming pending to its accept. */
  observeDispatch(seconds: number): void
  countRequest(method: string, status: number): void
}

/** Metrics of the API: Drone's gauges (rest-api.md §9.4), the load of each partition, and the process's own. */
export const createMetrics = (readLoad: () => Promise<ServerLoad>): Metrics => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const showLoad = loadGauges(registry)
  const dispatch = new Histogram({
    name: 'waggle_dispatch_seconds',
    help: 'Time from a stage becoming pending to its accept by a worker.',
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800],
    registers: [registry],
  })
  const requests = new Counter({
    name: 'waggle_http_requests_total',
    help: 'HTTP requests answered.',
    labelNames: ['method', 'status'],
    registers: [registry],
  })
  return {
    contentType: registry.contentType,
    text: async () => {
      showLoad(await readLoad())
      return registry.metrics()
    },
    observeDispatch: (seconds) => dispatch.observe(Math.max(0, seconds)),
    countRequest: (method, status) => requests.inc({ method, status }),
  }
}

const loadGauges = (registry: Registry): ((load: ServerLoad) => void) => {
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers: [registry] })
  const perPartition = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['partition'], registers: [registry] })
  const builds = gauge('drone_build_count', 'Builds.')
  const pendingBuilds = gauge('drone_pending_builds', 'Builds that wait.')
  const runningBuilds = gauge('drone_running_builds', 'Builds that run.')
  const pendingStages = gauge('drone_pending_jobs', 'Stages that wait for a worker.')
  const runningStages = gauge('drone_running_jobs', 'Stages that run.')
  const repos = gauge('drone_repo_count', 'Active repositories.')
  const users = gauge('drone_user_count', 'Users.')
  const pending = perPartition('waggle_partition_pending', 'Pending stages of the partition.')
  const running = perPartition('waggle_partition_running', 'Running stages of the partition.')
  const wait = perPartition(
    'waggle_partition_oldest_wait_seconds',
    'How long the oldest pending stage of the partition has waited.',
  )
  const perState = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['state'], registers: [registry] })
  const workers = perState('waggle_workers', 'Workers by state.')
  const slots = perState('waggle_worker_slots', 'Slots of the workers by state.')
  const perReceiver = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['receiver'], registers: [registry] })
  const calls = perReceiver('waggle_webhooks_waiting', 'Outgoing webhooks that wait.')
  const failed = perReceiver('waggle_webhooks_failed', 'Outgoing webhooks given up in a week.')
  const late = perReceiver(
    'waggle_webhooks_oldest_wait_seconds',
    'How long the oldest outgoing webhook has waited.',
  )
  const age = gauge(
    'waggle_load_age_seconds',
    'How long ago the figures of the database were read.',
  )
  return (load) => {
    const { ageMs = 0 } = load
    const waitedSeconds = (since: number): number =>
      since === 0 ? 0 : Math.max(0, load.nowMs + ageMs - since) / 1_000
    age.set(ageMs / 1_000)
    for (const each of [calls, failed, late]) each.reset()
    for (const line of load.webhooks ?? []) {
      const { receiver } = line
      calls.set({ receiver }, line.waiting)
      failed.set({ receiver }, line.failed)
      late.set({ receiver }, waitedSeconds(line.oldestAt))
    }
    for (const [state, of] of Object.entries(load.workers ?? {})) {
      workers.set({ state }, of.count)
      slots.set({ state }, of.slots)
    }
    builds.set(Object.values(load.builds).reduce((sum, count) => sum + count, 0))
    pendingBuilds.set(load.builds.pending ?? 0)
    runningBuilds.set(load.builds.running ?? 0)
    pendingStages.set(load.partitions.reduce((sum, { pending }) => sum + pending, 0))
    runningStages.set(load.partitions.reduce((sum, { running }) => sum + running, 0))
    repos.set(load.activeRepos)
    users.set(load.users)
    // Partitions come and go; those that went must not keep their last value.
    for (const each of [pending, running, wait]) each.reset()
    for (const { partition, ...of } of load.partitions) {
      pending.set({ partition }, of.pending)
      running.set({ partition }, of.running)
      wait.set({ partition }, waitedSeconds(of.oldestPendingAt))
    }
  }
}
