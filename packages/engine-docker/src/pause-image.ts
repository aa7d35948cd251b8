import type { EngineClient } from './engine-client.ts'
import { tarOf } from './image-files.ts'
import { findImage, importImage } from './import-image.ts'
import { pauseProgram } from './pause-program.ts'

const pauseImageName = 'waggle/pause:1'

/** Makes the image of the pause containers, pulled from nowhere; `null` on an architecture without a program. */
export const ensurePauseImage = async (client: EngineClient): Promise<string | null> => {
  if (await findImage(client, pauseImageName)) return pauseImageName
  const version = await client.call<{ Arch?: string; Os?: string }>('GET', '/version')
  const program = version.Os === 'linux' ? pauseProgram(version.Arch ?? '') : null
  if (!program) return null
  const tar = tarOf(new Map([['pause', { kind: 'bytes', bytes: program, mode: 0o755 }]]))
  await importImage(client, pauseImageName, tar, ['ENTRYPOINT ["/pause"]'])
  return pauseImageName
}
