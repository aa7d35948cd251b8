const reserved = new Set(['workspace', '_workspace', '_docker_socket', '_addons', '_status'])

/** Names that the worker gives to volumes of its own begin so. */
export const ownVolumePrefix = '_waggle_'

/** Names of volumes that users may neither declare nor mount (pipeline.md §8.3, L11 and L18). */
export const isReservedVolume = (name: string): boolean =>
  reserved.has(name) || name.startsWith(ownVolumePrefix)
