import { posix } from 'node:path'
import { denied, type Spec, type SpecVolume } from '@waggle/domain'
import { ownVolumePrefix } from '@waggle/pipeline'

/** Refuses a host volume of the file outside of the folders that the worker's owner allows (threats.md T-22): trust in a
 *  repository is a right on the server, the machine is somebody else's. The worker's own mounts are not asked. Compares
 *  paths as they are written: a link inside of an allowed folder leads where it leads. */
export const checkHostPath = (
  spec: Spec,
  volume: Extract<SpecVolume, { kind: 'host' }>,
  allowed: readonly string[],
): void => {
  if (volume.name === '_workspace' || volume.name.startsWith(ownVolumePrefix)) return
  const path = fold(volume.path, spec)
  const isAllowed = allowed.some((folder) => {
    const plain = fold(folder, spec)
    return plain === '/' || path === plain || path.startsWith(`${plain}/`)
  })
  if (!isAllowed)
    throw denied('host_path_refused', `this worker does not let pipelines mount ${volume.path}`)
}

const fold = (path: string, { platform }: Spec): string => {
  const plain = platform.os === 'windows' ? path.replaceAll('\\', '/').toLowerCase() : path
  const normal = posix.normalize(plain)
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal
}
