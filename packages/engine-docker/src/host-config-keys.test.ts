import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Given } from '@waggle/domain'
import { defaultCompileSettings } from '@waggle/pipeline'
import { describe, expect, it } from 'vitest'
import { compileDocker } from './compile-docker.ts'
import { containerConfig } from './container-config.ts'

/** Fields of a container's creation in the engine's API that no pipeline's file may reach (threats.md T-21). */
const keys =
  `AutoRemove Binds BlkioDeviceReadBps BlkioWeight CapAdd CapDrop CgroupParent CgroupPermissions Cgroup
CgroupnsMode ConsoleSize ContainerIDFile CpuCount CpuPercent CpuPeriod CpuQuota CpuRealtimePeriod CpuRealtimeRuntime
CpuShares CpusetCpus CpusetMems DeviceCgroupRules DeviceRequests Domainname ExposedPorts GroupAdd Healthcheck HostConfig
Hostname IOMaximumBandwidth IOMaximumIOps Init IpcMode Isolation KernelMemory KernelMemoryTCP Labels Links LogConfig
MacAddress MaskedPaths MemoryReservation MemorySwappiness Mounts NanoCpus NetworkDisabled NetworkingConfig
OomKillDisable OomScoreAdj PidMode PidsLimit PortBindings Ports PublishAllPorts ReadonlyPaths ReadonlyRootfs
RestartPolicy Runtime SecurityOpt StdinOnce StopSignal StopTimeout StorageOpt Sysctls Tmpfs Tty UTSMode Ulimits
UsernsMode VolumeDriver VolumesFrom cap_add cap_drop cgroup_parent cpu_shares cpus group_add init ipc links oom_score_adj
pid pids_limit ports read_only restart runtime security_opt stop_signal sysctls tmpfs tty ulimits userns_mode uts
volumes_from`.split(/\s+/)

const values: readonly unknown[] = ['host', ['ALL'], { privileged: true, Type: 'bind' }, true, 7]

const given = JSON.parse(
  readFileSync(join(import.meta.dirname, '../testdata/given.json'), 'utf8'),
) as Given

/** What the engine would get for the file's step `a`. */
const configOf = (pipeline: object): unknown => {
  const compiled = compileDocker(
    {
      ...given,
      manifest: JSON.stringify({ kind: 'pipeline', name: 'default', ...pipeline }),
      stage: { ...given.stage, name: 'default' },
    },
    defaultCompileSettings,
  )
  if (compiled.kind === 'error') return compiled.message
  const step = compiled.spec.steps.find(({ name }) => name === 'a')
  return step
    ? containerConfig(compiled.spec, step, {
        ...{
          try: 1,
          environment: {},
          pauseId: '',
          pidsLimit: 2_048,
          isStrict: false,
          hostPaths: [],
        },
      })
    : 'no step a'
}

const step = { name: 'a', image: 'b', commands: ['true'] }
const volume = { name: 'v', temp: {} }
const plain = { steps: [step], volumes: [volume] }

describe('F53 the body of a container', () => {
  const wanted = configOf(plain)

  it('is made for a plain step', () => {
    expect(wanted).toMatchObject({ Image: 'docker.io/library/b:latest' })
  })

  it.each(keys.map((key, index) => ({ key, value: values[index % values.length] })))(
    'takes no $key of a file, wherever it stands',
    ({ key, value }) => {
      const odd = { [key]: value }
      const places = [
        { ...plain, ...odd },
        { ...plain, steps: [{ ...step, ...odd }] },
        { ...plain, volumes: [{ ...volume, ...odd }] },
        { ...plain, volumes: [{ name: 'v', temp: odd }] },
        { ...plain, workspace: odd },
        { ...plain, platform: odd },
        { ...plain, clone: odd },
      ]
      for (const place of places) expect([wanted, 'refused']).toContainEqual(outcome(place))
    },
  )

  /** An error is fine too: nothing of it runs. */
  const outcome = (place: object) => {
    const made = configOf(place)
    return typeof made === 'string' ? 'refused' : made
  }
})
