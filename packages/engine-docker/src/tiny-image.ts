import { createHash } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import type { EngineClient } from './engine-client.ts'
import { tarOf } from './image-files.ts'
import { pauseProgram } from './pause-program.ts'

/** For tests: serves one image of one layer, the pause program, as a registry does; another one for another `author`. */
export const tinyImage = async (client: EngineClient, author = ''): Promise<RequestListener> => {
  const { Arch } = await client.call<{ Arch: string }>('GET', '/version')
  const program = pauseProgram(Arch) ?? Buffer.alloc(0)
  const tar = await buffer(
    tarOf(new Map([['pause', { kind: 'bytes', bytes: program, mode: 0o755 }]])),
  )
  const layer = gzipSync(tar)
  const config = Buffer.from(
    JSON.stringify({
      architecture: Arch,
      os: 'linux',
      author,
      config: {},
      rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
    }),
  )
  const type = 'application/vnd.docker.distribution.manifest.v2+json'
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: type,
      config: {
        mediaType: 'application/vnd.docker.container.image.v1+json',
        size: config.length,
        digest: digestOf(config),
      },
      layers: [
        {
          mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
          size: layer.length,
          digest: digestOf(layer),
        },
      ],
    }),
  )
  return (request, response) => {
    const url = request.url ?? ''
    if (url === '/v2/') response.end('{}')
    else if (url.includes('/manifests/')) {
      response.writeHead(200, {
        'content-type': type,
        'docker-content-digest': digestOf(manifest),
        'content-length': manifest.length,
      })
      response.end(request.method === 'HEAD' ? undefined : manifest)
    } else response.end(url.endsWith(digestOf(config)) ? config : layer)
  }
}

const digestOf = (bytes: Buffer): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`
