import type { LocalImages } from '@waggle/engine-docker'

/** The two images that tests run, made from this machine's own programs: `busybox`, and `git` with the clone script.
 *  Made once for an engine; throws with what to install where a program is missing. */
export const testImages = async (socket: string): Promise<LocalImages> => {
  // Only tests that ask for images pay for loading the engine's client.
  const { makeLocalImages } = await import('@waggle/engine-docker')
  return makeLocalImages(socket)
}
