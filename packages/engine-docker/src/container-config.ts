import type { Spec, SpecStep } from '@waggle/domain'
import type Docker from 'dockerode'
import { checkHostPath } from './check-host-path.ts'
import { isPipe, mountPath, refuseProcFolder } from './check-path.ts'
import { tryLabel } from './stage-labels.ts'

export interface ContainerOptions {
  readonly try: number
  /** Overlays the step's environment. */
  readonly environment: Readonly<Record<string, string>>
  /** Container whose namespace the step joins; empty = a namespace of its own. */
  readonly pauseId: string
  /** Most processes and threads; 0 = no limit. */
  readonly pidsLimit: number
  /** Few capabilities, no new privileges, an init process (threats.md T-23). */
  readonly isStrict: boolean
  /** Folders of the machine that pipelines of trusted repositories may mount. */
  readonly hostPaths: readonly string[]
}

/** The body of the container's creation (pipeline.md §13.2, §13.3). Every field is named here: nothing is merged in
 *  from what a user wrote (threats.md T-21). */
export const containerConfig = (
  spec: Spec,
  step: SpecStep,
  options: ContainerOptions,
): Docker.ContainerCreateOptions => {
  refuseProcFolder(step.workingDir)
  const isOnStageNetwork = step.network === '' && options.pauseId === ''
  return {
    Image: step.image,
    ...(step.entrypoint.length > 0 ? { Entrypoint: [...step.entrypoint] } : {}),
    ...(step.command.length > 0 ? { Cmd: [...step.command] } : {}),
    ...(step.user !== '' ? { User: step.user } : {}),
    ...(step.workingDir !== '' ? { WorkingDir: step.workingDir } : {}),
    Env: environmentOf(step, options.environment),
    Labels: { ...step.labels, [tryLabel]: String(options.try) },
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: false,
    Tty: false,
    HostConfig: hostConfig(spec, step, options),
    ...(isOnStageNetwork
      ? { NetworkingConfig: { EndpointsConfig: { [spec.network.id]: { Aliases: [step.name] } } } }
      : {}),
  }
}

export const containerName = (step: SpecStep, tryNumber: number): string =>
  `${step.id}-${tryNumber}`

const hostConfig = (spec: Spec, step: SpecStep, options: ContainerOptions): Docker.HostConfig => ({
  Privileged: step.privileged && spec.platform.os !== 'windows',
  NetworkMode: networkMode(spec, step, options.pauseId),
  // The driver `local` keeps bytes exactly, and with a size of its own no default of the machine can cut a log
  // (reliability.md L7): the limit of a step's log and a quarter.
  LogConfig: { Type: 'local', Config: { 'max-size': '160m', 'max-file': '2', compress: 'false' } },
  AutoRemove: false,
  RestartPolicy: { Name: '' },
  Dns: [...step.dns],
  DnsSearch: [...step.dnsSearch],
  ExtraHosts: [...step.extraHosts],
  ...(options.pidsLimit > 0 ? { PidsLimit: options.pidsLimit } : {}),
  ...(options.isStrict && !step.privileged ? strictProfile : {}),
  ...mountsOf(spec, step, options.hostPaths),
  ...limitsOf(step),
})

/** What installing packages and dropping privileges needs, and no more. */
const strictProfile: Docker.HostConfig = {
  CapDrop: ['ALL'],
  CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'SETUID', 'SETGID', 'KILL', 'NET_BIND_SERVICE'],
  SecurityOpt: ['no-new-privileges'],
  Init: true,
}

const networkMode = (spec: Spec, step: SpecStep, pauseId: string): string => {
  if (step.network !== '') return step.network
  return pauseId === '' ? spec.network.id : `container:${pauseId}`
}

/** Empty variables do not exist; secrets do, even when empty, and beat a literal of the same name. */
const environmentOf = (step: SpecStep, overlay: Readonly<Record<string, string>>): string[] => {
  const variables = new Map(
    Object.entries({ ...step.environment, ...overlay }).filter(([, value]) => value !== ''),
  )
  for (const secret of step.secrets) {
    if (secret.env !== '') variables.set(secret.env, secret.value)
  }
  return [...variables].map(([name, value]) => `${name}=${value}`)
}

const limitsOf = (step: SpecStep): Docker.HostConfig => {
  const { limits } = step
  const cpuSet = limits.cpuSet.join(',')
  return {
    ...(limits.shmBytes > 0 ? { ShmSize: limits.shmBytes } : {}),
    ...(limits.memoryBytes > 0 ? { Memory: limits.memoryBytes } : {}),
    ...(limits.memorySwapBytes !== 0 ? { MemorySwap: limits.memorySwapBytes } : {}),
    ...(limits.cpuPeriod > 0 ? { CpuPeriod: limits.cpuPeriod } : {}),
    ...(limits.cpuQuota > 0 ? { CpuQuota: limits.cpuQuota } : {}),
    ...(limits.cpuShares > 0 ? { CpuShares: limits.cpuShares } : {}),
    ...(cpuSet !== '' ? { CpusetCpus: cpuSet } : {}),
  }
}

const mountsOf = (spec: Spec, step: SpecStep, hostPaths: readonly string[]): Docker.HostConfig => {
  const isWindows = spec.platform.os === 'windows'
  const binds: string[] = []
  const mounts: Docker.MountSettings[] = []
  for (const mount of step.mounts) {
    // Several volumes of one name: the first counts (pipeline.md §12.15). An unknown name is passed over.
    const volume = spec.volumes.find((candidate) => candidate.name === mount.name)
    if (!volume) continue
    const target = mountPath(mount.path, isWindows)
    if (volume.kind === 'host') {
      const source = mountPath(volume.path, isWindows)
      checkHostPath(spec, volume, hostPaths)
      // A bind makes a folder that is missing yet, as Drone does.
      if (isWindows && isPipe(source))
        mounts.push({ Type: 'npipe' as 'bind', Source: source, Target: target })
      else binds.push(`${source}:${target}${volume.readOnly ? ':ro' : ''}`)
    } else if (volume.kind === 'temp' && volume.medium === 'memory') {
      mounts.push({
        Type: 'tmpfs',
        Source: '',
        Target: target,
        TmpfsOptions: { SizeBytes: volume.sizeLimitBytes, Mode: 0o700 },
      } as Docker.MountSettings)
    } else {
      mounts.push({ Type: 'volume', Source: volume.id, Target: target })
    }
  }
  return { Binds: binds, Mounts: mounts, Devices: devicesOf(spec, step, hostPaths) }
}

const devicesOf = (spec: Spec, step: SpecStep, hostPaths: readonly string[]) =>
  step.devices.flatMap((device) => {
    const volume = spec.volumes.find((candidate) => candidate.name === device.name)
    if (volume?.kind !== 'host' || !volume.path.startsWith('/dev/')) return []
    checkHostPath(spec, volume, hostPaths)
    return [
      {
        PathOnHost: mountPath(volume.path, false),
        PathInContainer: mountPath(device.path, false),
        CgroupPermissions: 'rwm',
      },
    ]
  })
