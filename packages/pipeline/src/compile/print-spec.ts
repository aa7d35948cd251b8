import type { Spec, SpecStep, SpecVolume } from '@waggle/domain'

/** The spec with the JSON names of pipeline.md §12.2, as `waggle compile` prints it; what is not set is left out.
 *  Number, namespace and root are Waggle's own. Secrets are in it, as in the reference. */
export const printSpec = (spec: Spec): unknown =>
  compact({
    platform: compact({ ...spec.platform }),
    steps: spec.steps.map(printStep),
    internal: (spec.internal ?? []).map(printStep),
    volumes: spec.volumes.map(printVolume),
    network: compact({ ...spec.network }),
    root: spec.root,
  })

const printStep = (step: SpecStep): unknown =>
  compact({
    id: step.id,
    name: step.name,
    number: step.number,
    image: step.image,
    entrypoint: step.entrypoint,
    args: step.command,
    environment: step.environment,
    secrets: step.secrets.map(({ name, env, value }) => ({
      name,
      env,
      data: Buffer.from(value).toString('base64'),
      mask: true,
    })),
    depends_on: step.dependsOn,
    run_policy: step.runPolicy === 'on-success' ? '' : step.runPolicy,
    err_policy: step.errPolicy === 'fail' ? '' : step.errPolicy,
    detach: step.detach,
    privileged: step.privileged,
    pull: step.pull === 'default' ? '' : step.pull,
    user: step.user,
    working_dir: step.workingDir,
    volumes: step.mounts,
    devices: step.devices,
    dns: step.dns,
    dns_search: step.dnsSearch,
    extra_hosts: step.extraHosts,
    network: step.network,
    networks: step.networks,
    namespace: step.namespace,
    labels: step.labels,
    auth: step.auth,
    mem_limit: step.limits.memoryBytes,
    memswap_limit: step.limits.memorySwapBytes,
    shm_size: step.limits.shmBytes,
    cpu_period: step.limits.cpuPeriod,
    cpu_quota: step.limits.cpuQuota,
    cpu_shares: step.limits.cpuShares,
    cpu_set: step.limits.cpuSet,
    script: step.script,
    timeout_ms: step.timeoutMs,
    retry: step.retry,
    healthcheck: step.healthcheck,
  })

const printVolume = (volume: SpecVolume): unknown => {
  if (volume.kind === 'cache') {
    const { id, name, filledFrom, labels } = volume
    return { cache: compact({ id, name, filled_from: filledFrom, labels }) }
  }
  return volume.kind === 'temp'
    ? {
        temp: compact({
          id: volume.id,
          name: volume.name,
          medium: volume.medium,
          size_limit: volume.sizeLimitBytes,
          filled_from: volume.filledFrom,
          labels: volume.labels,
        }),
      }
    : {
        host: compact({
          id: volume.id,
          name: volume.name,
          path: volume.path,
          labels: volume.labels,
          read_only: volume.readOnly,
        }),
      }
}

/** Without what is empty, false or nothing. Zero stays where it says something: a number or a namespace. */
const compact = (object: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([key, value]) => isTold(key, value)))

const isTold = (key: string, value: unknown): boolean => {
  if (key === 'number' || key === 'namespace' || key === 'steps' || key === 'internal') return true
  if (Array.isArray(value)) return value.length > 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  if (value === undefined) return false
  return value !== '' && value !== 0 && value !== false && value !== null
}
