import {
  type AttemptRef,
  type Engine,
  type Logger,
  type Spec,
  systemClock,
  type Timers,
} from '@waggle/domain'
import { stageLog } from '@waggle/pipeline'
import { prepareCaches } from './cache-volumes.ts'
import { containerName } from './container-config.ts'
import { EngineClient } from './engine-client.ts'
import { engineTimers } from './engine-timers.ts'
import { warnOfEngine } from './engine-warnings.ts'
import { runInternalSteps } from './internal-steps.ts'
import { patiently } from './patiently.ts'
import { ensurePauseImage } from './pause-image.ts'
import { type Prefetch, prefetchImages } from './prefetch-images.ts'
import { probeContainer } from './probe-container.ts'
import { purgeCaches } from './purge-caches.ts'
import { listLeftovers, removeStage } from './remove-stage.ts'
import { type RunDeps, runStep } from './run-step.ts'
import { stageLabelsOf } from './stage-labels.ts'
import { StageNamespaces } from './stage-namespaces.ts'
import { createNetwork, defaultSubnets, type SubnetBlock } from './stage-network.ts'
import { startStepFirewall } from './step-firewall.ts'

export interface DockerEngineOptions {
  /** Socket of the engine; from settings only, never from users (threats.md T-34). */
  readonly socketPath: string
  readonly log: Logger
  readonly timers?: Timers
  /** Whether progress of a pull goes to the step's lines; yes by default. */
  readonly streamPull?: boolean
  readonly subnets?: SubnetBlock
  /** Most processes and threads of a step (reliability.md D11); 2,048 by default, 0 = no limit. */
  readonly pidsLimit?: number
  /** Image with `/bin/sh` and `cp`, for copies of caches; without one they begin empty. */
  readonly copyImage?: string
  /** Fewer capabilities, no new privileges, an init process (threats.md T-23); no by default. */
  readonly isStrict?: boolean
  /** Keeps steps from link-local addresses and from these networks, by the machine's firewall (threats.md T-24): IPv4
   *  networks, and `host`. Absent: it is left alone. */
  readonly denied?: readonly string[]
  /** Folders of the machine that pipelines of trusted repositories may mount; all by default. */
  readonly hostPaths?: readonly string[]
}

/** Runs specs in containers (pipeline.md §13). */
export const createDockerEngine = (options: DockerEngineOptions): Engine => {
  const { log } = options
  const client = new EngineClient(options.socketPath)
  const timers = engineTimers(options.timers)
  /** By network id, from setup to destroy. A step of a stage that was set up by a dead process has none here and
   *  gets a namespace of its own. */
  const namespaces = new Map<string, StageNamespaces>()
  const looked = once(() =>
    warnOfEngine(client, log).catch((err: unknown) =>
      log.debug('container engine not looked at', { err }),
    ),
  )
  const subnets = options.subnets ?? defaultSubnets
  const { denied } = options
  const firewall =
    denied &&
    startStepFirewall({
      ...{ block: subnets.block, denied, clock: systemClock, log },
      everyMs: timers.firewallMs,
    })
  const prefetches = new Map<string, Prefetch>()
  const pauseImage = once(() => ensurePauseImage(client))
  const hanging = new Map<string, string>()
  const cacheDeps = {
    client,
    clock: systemClock,
    log,
    retryMs: timers.retryMs,
    copyImage: options.copyImage ?? '',
  }

  const runDeps = (spec: Spec): RunDeps => ({
    client,
    clock: systemClock,
    log: stageLog(log, spec),
    timers,
    retryMs: timers.retryMs,
    showPull: options.streamPull ?? true,
    pidsLimit: options.pidsLimit ?? 2_048,
    isStrict: options.isStrict ?? false,
    hostPaths: options.hostPaths ?? ['/'],
    namespaces: namespaces.get(spec.network.id),
  })

  return {
    type: 'docker',
    ping: async (signal) => {
      await client.call('GET', '/_ping', { deadlineMs: 5_000, signal })
      await looked()
    },
    setup: async (spec, patience = AbortSignal.abort()) => {
      stageLabelsOf(spec)
      await firewall?.ready
      const waiting = { client, clock: systemClock, retryMs: timers.retryMs }
      await patiently(waiting, patience, () =>
        Promise.all([createNetwork(client, spec, subnets), ...createVolumes(client, spec)]),
      )
      const ownLog = stageLog(log, spec)
      await prepareCaches({ ...cacheDeps, log: ownLog }, spec)
      await runInternalSteps(runDeps(spec), spec)
      if (namespaces.has(spec.network.id)) return
      const shared = new StageNamespaces({ client, log: ownLog, pauseImage }, spec)
      namespaces.set(spec.network.id, shared)
      shared.prepare()
      const deps = { client, clock: systemClock, log: ownLog, retryMs: timers.retryMs }
      prefetches.set(spec.network.id, prefetchImages(deps, spec))
    },
    run: (spec, step, runOptions) => runStep(runDeps(spec), spec, step, runOptions),
    probe: (_spec, step, probeOptions) => probeContainer({ client, hanging }, step, probeOptions),
    purgeCaches: (owner, limits) => purgeCaches(cacheDeps, owner, limits),
    destroy: async (spec, signal) => {
      const { installation, ref } = stageLabelsOf(spec)
      await prefetches.get(spec.network.id)?.end()
      prefetches.delete(spec.network.id)
      await namespaces.get(spec.network.id)?.settled()
      namespaces.delete(spec.network.id)
      for (const step of spec.steps) hanging.delete(containerName(step, 1))
      await removeStage({ client, log: stageLog(log, spec) }, installation, ref, signal)
    },
    leftovers: (installation) => listLeftovers(client, installation),
    remove: (installation: string, ref: AttemptRef) =>
      removeStage({ client, log }, installation, ref),
    close: async () => {
      await firewall?.stop()
      await Promise.all([...prefetches.values()].map((prefetch) => prefetch.end()))
      await Promise.all([...namespaces.values()].map((shared) => shared.settled()))
      client.close()
    },
  }
}

/** Memory volumes are mounted as tmpfs and need no volume of the engine (pipeline.md §13.1, X19). */
const createVolumes = (client: EngineClient, spec: Spec): readonly Promise<unknown>[] =>
  spec.volumes.flatMap((volume) =>
    volume.kind === 'temp' && volume.medium !== 'memory'
      ? [
          client.call('POST', '/volumes/create', {
            body: { Name: volume.id, Driver: 'local', Labels: volume.labels },
          }),
        ]
      : [],
  )

/** Remembers the first answer; a failure is not remembered. */
const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}
